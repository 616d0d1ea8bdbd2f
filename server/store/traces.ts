// What is kept of each client's boots, packed. Filled for the TraceStore port of server/trace/archive.ts, whose type it repeats: store knows
// only core.
import type { Database } from './database.ts'

interface StoredTrace {
  client: string
  format: number
  /** Milliseconds since the epoch. */
  heardAt: number
  entries: Uint8Array
}

export class SqliteTraces {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** The client that was quiet for longest comes first. */
  all(): StoredTrace[] {
    const rows = this.#db.all(this.#db.query.selectFrom('traces').selectAll().orderBy('heard_at'))
    return rows.map(({ heard_at, ...row }) => ({ ...row, heardAt: heard_at }))
  }

  /** Both or neither; durable when it returns. */
  replace(traces: readonly StoredTrace[], forgotten: readonly string[]): void {
    this.#db.transaction(() => {
      for (const { heardAt, ...row } of traces) {
        this.#db.run(this.#db.query.replaceInto('traces').values({ ...row, heard_at: heardAt }))
      }
      for (const client of forgotten) this.#db.run(this.#db.query.deleteFrom('traces').where('client', '=', client))
    })
  }
}
