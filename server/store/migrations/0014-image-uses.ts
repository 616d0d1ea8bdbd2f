// When manifests were read last: images that can be fetched again go in this order.

export const imageUses = `
CREATE TABLE image_uses (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  used_at TEXT NOT NULL,
  PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;
`
