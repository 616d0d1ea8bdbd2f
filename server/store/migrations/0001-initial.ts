// The first schema.

export const initial = `
CREATE TABLE machines (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  state TEXT NOT NULL,
  origin TEXT NOT NULL,
  labels TEXT NOT NULL,
  own_spec TEXT NOT NULL,
  uuid TEXT,
  serial TEXT,
  product TEXT,
  architecture TEXT,
  address TEXT,
  generation INTEGER NOT NULL,
  running_digest TEXT,
  last_seen_at TEXT,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX machines_by_state ON machines (state);

-- Apart from machines: facts are large and seldom wanted.
CREATE TABLE machine_facts (
  machine_id TEXT PRIMARY KEY REFERENCES machines ON DELETE CASCADE,
  facts TEXT NOT NULL
) STRICT;

CREATE TABLE identities (
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
  PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_by_machine ON identities (machine_id);

CREATE TABLE profiles (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  selector TEXT NOT NULL,
  priority INTEGER NOT NULL,
  spec TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE installs (
  id TEXT PRIMARY KEY,
  machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
  generation INTEGER NOT NULL,
  state TEXT NOT NULL,
  image TEXT NOT NULL,
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  follow_reference TEXT NOT NULL,
  spec TEXT NOT NULL,
  plan TEXT,
  failure TEXT,
  boot_id TEXT,
  last_event INTEGER NOT NULL,
  confirmed_digest TEXT,
  agent_peak_rss INTEGER,
  created_at TEXT NOT NULL,
  started_at TEXT,
  ended_at TEXT,
  UNIQUE (machine_id, generation)
) STRICT, WITHOUT ROWID;

CREATE TABLE install_steps (
  install_id TEXT NOT NULL REFERENCES installs ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  started_at TEXT,
  ended_at TEXT,
  bytes INTEGER NOT NULL,
  total_bytes INTEGER NOT NULL,
  rate INTEGER NOT NULL,
  message TEXT NOT NULL,
  sampled_at TEXT,
  sampled_bytes INTEGER,
  PRIMARY KEY (install_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE install_log (
  install_id TEXT NOT NULL REFERENCES installs ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  at TEXT NOT NULL,
  level TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (install_id, seq)
) STRICT, WITHOUT ROWID;

-- No references: history outlives what it tells of. AUTOINCREMENT: a number is never used twice.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  type TEXT NOT NULL,
  machine_id TEXT,
  install_id TEXT,
  actor TEXT NOT NULL,
  message TEXT NOT NULL,
  data TEXT NOT NULL,
  slot TEXT UNIQUE
) STRICT;
CREATE INDEX events_by_machine ON events (machine_id, seq);
CREATE INDEX events_by_install ON events (install_id, seq);

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT,
  machine_id TEXT REFERENCES machines ON DELETE CASCADE,
  install_id TEXT REFERENCES installs ON DELETE CASCADE,
  generation INTEGER,
  boot_id TEXT,
  parent_id TEXT REFERENCES tokens ON DELETE CASCADE,
  created_at TEXT NOT NULL,
  expires_at TEXT,
  last_used_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_machine ON tokens (machine_id, kind);
CREATE INDEX tokens_by_install ON tokens (install_id);
CREATE INDEX tokens_by_parent ON tokens (parent_id);
CREATE INDEX tokens_by_kind ON tokens (kind);

CREATE TABLE leases (
  address TEXT PRIMARY KEY,
  lease TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE image_tags (
  repository TEXT NOT NULL,
  tag TEXT NOT NULL,
  digest TEXT NOT NULL,
  media_type TEXT NOT NULL,
  added_at TEXT NOT NULL,
  PRIMARY KEY (repository, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE image_manifests (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  media_type TEXT NOT NULL,
  PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;
`
