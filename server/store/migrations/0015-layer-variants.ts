// Layers in another wrapping, made here for those who ask for it.

export const layerVariants = `
CREATE TABLE layer_variants (
  layer TEXT NOT NULL PRIMARY KEY,
  digest TEXT NOT NULL,
  size INTEGER NOT NULL,
  made_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX layer_variants_by_digest ON layer_variants (digest);
`
