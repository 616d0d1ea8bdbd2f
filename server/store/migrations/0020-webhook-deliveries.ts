// What was sent to webhooks, and what came of it.

export const webhookDeliveries = `
CREATE TABLE webhook_deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  event_seq INTEGER NOT NULL,
  event_type TEXT NOT NULL,
  machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
  install_id TEXT NOT NULL REFERENCES installs ON DELETE CASCADE,
  url TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  status INTEGER,
  trouble TEXT,
  replayed_by TEXT,
  created_at TEXT NOT NULL,
  settled_at TEXT
) STRICT;

CREATE INDEX webhook_deliveries_by_url ON webhook_deliveries (url, seq);
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event_seq);
CREATE INDEX webhook_deliveries_by_machine ON webhook_deliveries (machine_id);
CREATE INDEX webhook_deliveries_by_install ON webhook_deliveries (install_id);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (seq) WHERE state = 'pending';
`
