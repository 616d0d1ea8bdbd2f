// What the overview counts by time.

export const overview = `
CREATE INDEX installs_by_end ON installs (state, ended_at);
CREATE INDEX installs_by_creation ON installs (created_at);
CREATE INDEX machines_by_creation ON machines (created_at);
`
