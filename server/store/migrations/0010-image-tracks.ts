// Tags that are followed, and the digests they stood for.

export const imageTracks = `
CREATE TABLE image_tracks (
  repository TEXT NOT NULL,
  tag TEXT NOT NULL,
  request TEXT NOT NULL,
  every TEXT NOT NULL,
  checked_at TEXT,
  next_at TEXT NOT NULL,
  problem TEXT,
  PRIMARY KEY (repository, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE image_history (
  seq INTEGER PRIMARY KEY,
  repository TEXT NOT NULL,
  tag TEXT NOT NULL,
  digest TEXT NOT NULL,
  at TEXT NOT NULL,
  outcome TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT;

CREATE INDEX image_history_by_tag ON image_history (repository, tag);
`
