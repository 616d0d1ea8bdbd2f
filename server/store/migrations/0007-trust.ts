// Verdicts on images, and what an install was allowed by.

export const trust = `
CREATE TABLE image_verdicts (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  verdict TEXT NOT NULL,
  PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;

ALTER TABLE installs ADD COLUMN trust TEXT;
`
