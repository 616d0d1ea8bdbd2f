// People with a password, what their sessions and tokens may reach, and the trail of what they did.

export const people = `
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  role TEXT NOT NULL,
  scope TEXT,
  password TEXT NOT NULL,
  addresses TEXT NOT NULL,
  created_at TEXT NOT NULL,
  disabled_at TEXT,
  last_login_at TEXT
) STRICT, WITHOUT ROWID;

ALTER TABLE tokens ADD COLUMN user_id TEXT REFERENCES users ON DELETE CASCADE;
ALTER TABLE tokens ADD COLUMN scope TEXT;
CREATE INDEX tokens_by_user ON tokens (user_id);

-- No references: the trail outlives what it tells of.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  actor TEXT NOT NULL,
  role TEXT,
  address TEXT,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  detail TEXT NOT NULL,
  result TEXT NOT NULL,
  code TEXT,
  request_id TEXT
) STRICT;
CREATE INDEX audit_by_actor ON audit (actor, seq);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
`
