// What reading each layer once has told of it.

export const layers = `
CREATE TABLE image_layers (
  digest TEXT NOT NULL PRIMARY KEY,
  reader INTEGER NOT NULL,
  file_time REAL NOT NULL,
  facts TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX image_links_by_child_anywhere ON image_links (child, parent);
`
