// Boot media.

export const media = `
CREATE TABLE media (
  id TEXT PRIMARY KEY,
  record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`
