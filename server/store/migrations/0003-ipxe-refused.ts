// Machines whose firmware refuses iPXE.

export const ipxeRefused = `
ALTER TABLE machines ADD COLUMN ipxe_refused_at TEXT;
`
