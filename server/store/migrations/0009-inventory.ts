// What the machine list is filtered and sorted by, kept beside the machines by triggers so that no writer can forget it.

/** Everything a machine is looked for by, one value a line in lower case; MACs in the three ways people write them. */
const searchText = (machines: string) => `
  INSERT INTO machine_search (machine_id, text)
  SELECT id, lower(concat_ws(char(10), name, serial, uuid, address, product, (
    SELECT group_concat(value || char(10) || replace(value, ':', '-') || char(10) || replace(value, ':', ''), char(10))
    FROM identities WHERE kind = 'mac' AND machine_id = machines.id
  )))
  FROM machines WHERE ${machines}
  ON CONFLICT (machine_id) DO UPDATE SET text = excluded.text WHERE text <> excluded.text`

const LABELS = `
  INSERT INTO machine_labels (key, value, machine_id)
  SELECT label.key, label.value, machines.id FROM machines, json_each(machines.labels) AS label`

export const inventory = `
ALTER TABLE machines ADD COLUMN firmware TEXT;
-- Image wanted after merging profiles; store/wanted-images.ts keeps it.
ALTER TABLE machines ADD COLUMN image TEXT;

CREATE TABLE machine_labels (
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  machine_id TEXT NOT NULL,
  PRIMARY KEY (key, value, machine_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX machine_labels_by_machine ON machine_labels (machine_id);

-- The number is what the index of trigrams calls a row by.
CREATE TABLE machine_search (
  number INTEGER PRIMARY KEY,
  machine_id TEXT NOT NULL UNIQUE,
  text TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE machine_trigrams USING fts5 (
  text, tokenize = 'trigram', content = 'machine_search', content_rowid = 'number'
);
CREATE TRIGGER search_added AFTER INSERT ON machine_search BEGIN
  INSERT INTO machine_trigrams (rowid, text) VALUES (NEW.number, NEW.text);
END;
CREATE TRIGGER search_changed AFTER UPDATE ON machine_search BEGIN
  INSERT INTO machine_trigrams (machine_trigrams, rowid, text) VALUES ('delete', OLD.number, OLD.text);
  INSERT INTO machine_trigrams (rowid, text) VALUES (NEW.number, NEW.text);
END;
CREATE TRIGGER search_removed AFTER DELETE ON machine_search BEGIN
  INSERT INTO machine_trigrams (machine_trigrams, rowid, text) VALUES ('delete', OLD.number, OLD.text);
END;

UPDATE machines SET
  firmware = (SELECT facts ->> '$.firmware' FROM machine_facts WHERE machine_id = machines.id),
  image = coalesce(own_spec ->> '$.image', (
    SELECT spec ->> '$.image' FROM profiles
    WHERE spec ->> '$.image' IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM json_each(profiles.selector) AS wanted WHERE NOT EXISTS (
        SELECT 1 FROM json_each(machines.labels) AS label WHERE label.key = wanted.key AND label.value = wanted.value
      )
    )
    ORDER BY priority DESC, name LIMIT 1
  ));
${LABELS};
${searchText('true')};

CREATE TRIGGER machine_added AFTER INSERT ON machines BEGIN
  ${LABELS} WHERE machines.id = NEW.id;
  ${searchText('id = NEW.id')};
END;
CREATE TRIGGER machine_labelled AFTER UPDATE OF labels ON machines BEGIN
  DELETE FROM machine_labels WHERE machine_id = NEW.id;
  ${LABELS} WHERE machines.id = NEW.id;
END;
CREATE TRIGGER machine_renamed AFTER UPDATE OF name, serial, uuid, address, product ON machines BEGIN
  ${searchText('id = NEW.id')};
END;
CREATE TRIGGER machine_removed AFTER DELETE ON machines BEGIN
  DELETE FROM machine_labels WHERE machine_id = OLD.id;
  DELETE FROM machine_search WHERE machine_id = OLD.id;
END;
CREATE TRIGGER identity_bound AFTER INSERT ON identities BEGIN
  ${searchText('id = NEW.machine_id')};
END;
CREATE TRIGGER identity_moved AFTER UPDATE ON identities BEGIN
  ${searchText('id IN (OLD.machine_id, NEW.machine_id)')};
END;
CREATE TRIGGER identity_removed AFTER DELETE ON identities BEGIN
  ${searchText('id = OLD.machine_id')};
END;

-- Holds all that lists are filtered and sorted by: they read it instead of whole machines with their specs.
DROP INDEX machines_by_state;
CREATE INDEX machines_listed ON machines (state, architecture, firmware, image, name, serial, product, last_seen_at);
`
