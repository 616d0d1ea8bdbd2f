// How often people changed a machine or profile, and answers that are given again to whoever asks again.

export const revisions = `
ALTER TABLE machines ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE profiles ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

CREATE TABLE answers (
  key TEXT PRIMARY KEY,
  request TEXT NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_time ON answers (at);
`
