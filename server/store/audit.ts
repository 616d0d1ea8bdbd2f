// The audit trail's table, which its triggers keep from being changed.
import { sql } from 'kysely'
import type { RawBuilder, Selectable, SqlBool } from 'kysely'
import type { AuditEntry, AuditFilter } from '../contract/audit.ts'
import type { AuditStore } from '../core/audit.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

export class SqliteAudit implements AuditStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  append({ requestId, ...same }: Omit<AuditEntry, 'seq'>): void {
    this.#db.run(this.#db.query.insertInto('audit').values({ ...same, request_id: requestId }))
  }

  before(before: number, limit: number, { actor, action, target, result, since, until }: AuditFilter): AuditEntry[] {
    let query = this.#db.query.selectFrom('audit').selectAll().where('seq', '<', before)
    if (actor !== undefined) query = query.where('actor', '=', actor)
    if (result !== undefined) query = query.where('result', '=', result)
    // The very words of the index, by which SQLite knows that it serves.
    if (result !== undefined && result !== 'done') query = query.where(sql<SqlBool>`result <> 'done'`)
    if (since !== undefined) query = query.where('at', '>=', since)
    if (until !== undefined) query = query.where('at', '<', until)
    if (action !== undefined) query = query.where(containing('action', action))
    if (target !== undefined) {
      query = query.where(sql<SqlBool>`(${containing('target', target)} OR ${containing('detail', target)})`)
    }
    return this.#db.all(query.orderBy('seq', 'desc').limit(limit)).map(fromRow)
  }
}

/** In any case. Reads entry by entry until a page is full: a tenth of a second where a million have no such text. */
function containing(column: 'action' | 'target' | 'detail', text: string): RawBuilder<SqlBool> {
  const pattern = `%${text.replaceAll(/[%_\\]/g, String.raw`\$&`)}%`
  return sql<SqlBool>`${sql.ref(column)} LIKE ${pattern} ESCAPE '\\'`
}

function fromRow({ request_id, ...same }: Selectable<Schema['audit']>): AuditEntry {
  return { ...same, requestId: request_id }
}
