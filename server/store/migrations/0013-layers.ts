// What reading each layer once has told of it.

export const layers = `
CREATE TABLE image_layers (
  digest TEXT NOT NULL PRIMARY KEY,
  reader INTEGER NOT NULL,
  file_time REAL NOT NULL,
  facts TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`
