// What the registry knows beyond tags: which repository holds which blob, and which manifest needs what.

export const registry = `
-- NULL in size: recorded before this migration; read again at the next start.
ALTER TABLE image_manifests ADD COLUMN size INTEGER;
ALTER TABLE image_manifests ADD COLUMN added_at TEXT;
ALTER TABLE image_manifests ADD COLUMN subject TEXT;
ALTER TABLE image_manifests ADD COLUMN artifact_type TEXT;
ALTER TABLE image_manifests ADD COLUMN annotations TEXT;
CREATE INDEX image_manifests_by_subject ON image_manifests (repository, subject);
CREATE INDEX image_manifests_by_digest ON image_manifests (digest);

CREATE TABLE image_blobs (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  size INTEGER NOT NULL,
  added_at TEXT NOT NULL,
  PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX image_blobs_by_digest ON image_blobs (digest, size);

CREATE TABLE image_links (
  repository TEXT NOT NULL,
  parent TEXT NOT NULL,
  child TEXT NOT NULL,
  PRIMARY KEY (repository, parent, child)
) STRICT, WITHOUT ROWID;
CREATE INDEX image_links_by_child ON image_links (repository, child);
`
