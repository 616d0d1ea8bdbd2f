// Machines that stopped telling in the middle of an install.

export const silence = `
ALTER TABLE machines ADD COLUMN silent_since TEXT;
CREATE INDEX machines_silent ON machines (silent_since) WHERE silent_since IS NOT NULL;
`
