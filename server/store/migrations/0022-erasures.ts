// Reports of what was erased for an install.

export const erasures = `
ALTER TABLE installs ADD COLUMN erasures TEXT NOT NULL DEFAULT '[]';
`
