// The layers of installs, and what changed of the facts of machines.

export const layersAndChanges = `
CREATE TABLE install_layers (
  install_id TEXT NOT NULL REFERENCES installs ON DELETE CASCADE,
  position INTEGER NOT NULL,
  digest TEXT NOT NULL,
  size INTEGER NOT NULL,
  state TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  source TEXT,
  PRIMARY KEY (install_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE machine_changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
  at TEXT NOT NULL,
  change TEXT NOT NULL
) STRICT;

CREATE INDEX machine_changes_by_machine ON machine_changes (machine_id, seq);
`
