// Boot stories: what is kept of each client, packed; boundedness is the business of whoever fills it.

export const traces = `
CREATE TABLE traces (
  client TEXT PRIMARY KEY,
  format INTEGER NOT NULL,
  heard_at INTEGER NOT NULL,
  entries BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`
