// DHCPv6: leases, and the one row with the server's identifier.

export const dhcp6 = `
CREATE TABLE leases6 (
  address TEXT PRIMARY KEY,
  lease TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE dhcp6_server (
  duid TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
`
