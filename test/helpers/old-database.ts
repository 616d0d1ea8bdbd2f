// Databases as earlier versions left them.
import BetterSqlite3 from 'better-sqlite3'
import { APPLICATION_ID } from '../../server/store/database.ts'
import { migrations } from '../../server/store/migrations/index.ts'

/** A new database as it was before this migration, still open. */
export function databaseBefore(migration: string, file: string): BetterSqlite3.Database {
  const version = migrations.indexOf(migration)
  const old = new BetterSqlite3(file)
  for (const earlier of migrations.slice(0, version)) old.exec(earlier)
  old.pragma(`user_version = ${version}`)
  old.pragma(`application_id = ${String(APPLICATION_ID)}`)
  return old
}

/** Copies what a database of today holds into an earlier one: every table, or those named, and every column that there was. */
export function copyInto(old: BetterSqlite3.Database, today: string, only?: readonly string[]): void {
  old.pragma('foreign_keys = OFF')
  old.prepare('ATTACH ? AS today').run(today)
  const tables = old.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
  for (const table of only ?? (tables.pluck().all() as string[])) {
    const columns = old.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table).join(', ')
    old.exec(`INSERT OR REPLACE INTO main.${table} (${columns}) SELECT ${columns} FROM today.${table}`)
  }
  old.exec('DETACH today')
}
