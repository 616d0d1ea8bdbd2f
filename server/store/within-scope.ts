// Scopes as conditions: only machines that carry all of their labels.
import { sql } from 'kysely'
import type { RawBuilder, SqlBool } from 'kysely'
import type { Scope } from '../contract/access.ts'

/**
 * That the machine whose id is in this column is within; always so without a scope. Never the way to the rows, which the `+` says to SQLite: it
 * would read the whole history of half a fleet for the newest event of it.
 */
export function withinScope(scope: Scope | null, column: string): RawBuilder<SqlBool> {
  const conditions = Object.entries(scope ?? {}).map(
    ([key, value]) =>
      sql`+${sql.ref(column)} IN (SELECT machine_id FROM machine_labels WHERE key = ${key} AND value = ${value})`,
  )
  return conditions.length === 0 ? sql<SqlBool>`true` : sql<SqlBool>`${sql.join(conditions, sql` AND `)}`
}
