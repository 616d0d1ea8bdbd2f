// What is looked for in a long history by its kind: events of a type, and the few acts that were not done.

// Each is in the order of the numbers, too: SQLite ends every entry of an index with the number of its row.
export const historyByKind = `
CREATE INDEX events_by_type ON events (type);
CREATE INDEX audit_not_done ON audit (result) WHERE result <> 'done';
`
