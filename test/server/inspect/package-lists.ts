// Databases of packages as rpm and dpkg keep them.
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import BetterSqlite3 from 'better-sqlite3'

type RpmValue = string | number

/** A header as rpm stores it. */
export function rpmHeader(tags: Record<number, RpmValue>): Buffer {
  const entries: Buffer[] = []
  const values: Buffer[] = []
  let offset = 0
  for (const [tag, value] of Object.entries(tags)) {
    if (typeof value === 'number') {
      const padding = Buffer.alloc(-offset & 3)
      values.push(padding)
      offset += padding.length
    }
    const bytes = typeof value === 'number' ? uint32(value) : Buffer.from(`${value}\0`)
    entries.push(uint32(Number(tag), typeof value === 'number' ? 4 : 6, offset, 1))
    values.push(bytes)
    offset += bytes.length
  }
  return Buffer.concat([uint32(entries.length, offset), ...entries, ...values])
}

/** `{ bash: '5.2.26-3.el10' }`; an epoch stands before a colon. */
export function rpmDatabase(packages: Record<string, string>, { journal = 'delete' } = {}): Buffer {
  const file = join(tmpdir(), `rpmdb-${randomUUID()}.sqlite`)
  const database = new BetterSqlite3(file)
  database.pragma(`journal_mode = ${journal}`)
  database.exec('CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)')
  const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)')
  for (const [name, full] of Object.entries(packages)) {
    const [, epoch, version = '', release = ''] = /^(?:(\d+):)?(.+)-([^-]+)$/.exec(full) ?? []
    const tags = { 1000: name, 1001: version, 1002: release, ...(epoch && { 1003: Number(epoch) }), 1022: 'x86_64' }
    insert.run(rpmHeader(tags))
  }
  database.close()
  const bytes = readFileSync(file)
  rmSync(file)
  return bytes
}

export function dpkgStatus(packages: Record<string, string>): string {
  return Object.entries(packages)
    .map(
      ([name, version]) =>
        `Package: ${name}\nStatus: install ok installed\nPriority: optional\nArchitecture: amd64\nVersion: ${version}\nDescription: text\n more text\n`,
    )
    .join('\n')
}

function uint32(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length)
  numbers.forEach((number, at) => bytes.writeUInt32BE(number, 4 * at))
  return bytes
}
