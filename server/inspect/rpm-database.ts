// The packages in rpm's SQLite database: the table Packages holds a header for each.
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'
import type { Package } from '../contract/layer-facts.ts'
import { readRpmHeader } from './rpm-header.ts'

const MAX_PACKAGES = 50_000
const MAX_HEADER_BYTES = 16 * 2 ** 20
/** Where the file format notes that changes go to a log beside the file (SQLite file format, offsets 18 and 19). */
const VERSIONS_AT = 18

/**
 * Packages by name. `file` is a copy of our own, which is changed: without its log beside it, SQLite would not open one that was written with it.
 * The file is not to be trusted: only rows of a plain table are read, and only so many. Throws Error with the reason, for people.
 */
export function readRpmDatabase(file: string): Package[] {
  leaveLogBehind(file)
  const database = new BetterSqlite3(file, { readonly: true })
  try {
    database.pragma('trusted_schema = OFF')
    const table = database.prepare("SELECT type, sql FROM sqlite_schema WHERE name = 'Packages'").get()
    const { type, sql } = (table ?? {}) as { type?: string; sql?: string }
    if (type !== 'table' || /\bgenerated\b|\bvirtual\b/i.test(sql ?? '')) throw new Error('it has no table of packages')
    const rows = database.prepare('SELECT blob FROM Packages WHERE length(blob) <= ? LIMIT ?')
    const packages: Package[] = []
    for (const blob of rows.pluck().iterate(MAX_HEADER_BYTES, MAX_PACKAGES) as Iterable<unknown>) {
      const found = Buffer.isBuffer(blob) ? readRpmHeader(blob) : undefined
      if (found) packages.push(found)
    }
    return packages.sort((a, b) => (a.name < b.name ? -1 : 1))
  } finally {
    database.close()
  }
}

function leaveLogBehind(file: string): void {
  const opened = openSync(file, 'r+')
  try {
    const versions = Buffer.alloc(2)
    readSync(opened, versions, 0, 2, VERSIONS_AT)
    if (versions.equals(Buffer.of(2, 2))) writeSync(opened, Buffer.of(1, 1), 0, 2, VERSIONS_AT)
  } finally {
    closeSync(opened)
  }
}
