// Management controllers of machines.

export const bmc = `
ALTER TABLE machines ADD COLUMN bmc TEXT;
`
