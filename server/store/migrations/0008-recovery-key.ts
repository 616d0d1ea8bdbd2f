// Recovery keys of encrypted disks, kept until somebody has seen them.

export const recoveryKey = `
ALTER TABLE installs ADD COLUMN recovery_key TEXT;
`
