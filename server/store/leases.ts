// DHCP leases by address. Filled for the LeaseStore port of server/dhcp/leases.ts, whose type it repeats: store knows only core.
import { sql } from 'kysely'
import type { Database } from './database.ts'

export interface StoredLease {
  address: string
  key: string
  mac: string
  clientId?: string
  hostname?: string
  state: 'bound' | 'released' | 'declined'
  /** Milliseconds since the epoch. */
  start: number
  end: number
  giaddr?: string
  circuitId?: string
}

export class SqliteLeases {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  all(): StoredLease[] {
    const rows = this.#db.all(this.#db.query.selectFrom('leases').select('lease'))
    return rows.map(({ lease }) => JSON.parse(lease) as StoredLease)
  }

  at(address: string): StoredLease | undefined {
    const row = this.#db.first(this.#db.query.selectFrom('leases').select('lease').where('address', '=', address))
    return row && (JSON.parse(row.lease) as StoredLease)
  }

  /** All or none; durable when it returns. */
  put(leases: readonly StoredLease[]): void {
    // All as one parameter of one statement, which is one commit: a burst of requests brings hundreds.
    const values = sql`
      REPLACE INTO leases (address, lease)
      SELECT value ->> 'address', value FROM json_each(${JSON.stringify(leases)})`
    this.#db.run({ compile: () => values.compile(this.#db.query) })
  }

  remove(address: string): void {
    this.#db.run(this.#db.query.deleteFrom('leases').where('address', '=', address))
  }
}
