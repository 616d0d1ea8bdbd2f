// DHCPv6 leases by address, and what the server calls itself. Filled for the LeaseStore6 port of server/dhcp6/leases.ts, whose type it
// repeats: store knows only core.
import type { Database } from './database.ts'

interface StoredLease6 {
  address: string
  key: string
  mac: string
  duid: string
  iaid: number
  hostname?: string
  state: 'bound' | 'released' | 'declined'
  /** Milliseconds since the epoch. */
  start: number
  end: number
}

export class SqliteLeases6 {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  all(): StoredLease6[] {
    const rows = this.#db.all(this.#db.query.selectFrom('leases6').select('lease'))
    return rows.map(({ lease }) => JSON.parse(lease) as StoredLease6)
  }

  at(address: string): StoredLease6 | undefined {
    const row = this.#db.first(this.#db.query.selectFrom('leases6').select('lease').where('address', '=', address))
    return row && (JSON.parse(row.lease) as StoredLease6)
  }

  /** Durable when it returns. */
  put(lease: StoredLease6): void {
    const values = { address: lease.address, lease: JSON.stringify(lease) }
    this.#db.run(this.#db.query.replaceInto('leases6').values(values))
  }

  /** The server's identifier, hex: made once by `create` and then the same for ever, as clients hold it to its leases. */
  serverDuid(create: () => string): string {
    const known = this.#db.first(this.#db.query.selectFrom('dhcp6_server').select('duid'))
    if (known) return known.duid
    const duid = create()
    this.#db.run(this.#db.query.insertInto('dhcp6_server').values({ duid }))
    return duid
  }
}
