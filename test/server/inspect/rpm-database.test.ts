import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readRpmDatabase } from '../../../server/inspect/rpm-database.ts'
import { readRpmHeader } from '../../../server/inspect/rpm-header.ts'
import { rpmDatabase, rpmHeader } from './package-lists.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-rpm-'))
  file = join(folder, 'rpmdb.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe("rpm's database", () => {
  it.each(['delete', 'wal'])('lists packages by name, with epoch where there is one (journal %s)', (journal) => {
    writeFileSync(file, rpmDatabase({ kernel: '6.12.0-1.el10', bind: '32:9.18.33-1.el10' }, { journal }))
    expect(readRpmDatabase(file)).toEqual([
      { name: 'bind', version: '32:9.18.33-1.el10', architecture: 'x86_64' },
      { name: 'kernel', version: '6.12.0-1.el10', architecture: 'x86_64' },
    ])
  })

  it('leaves out keys and what is no header', () => {
    const key = rpmHeader({ 1000: 'gpg-pubkey', 1001: '1', 1002: '2' })
    expect(readRpmHeader(key)).toBeUndefined()
    expect(readRpmHeader(Buffer.from('short'))).toBeUndefined()
    expect(readRpmHeader(rpmHeader({ 1000: 'nameless' }))).toBeUndefined()
    expect(readRpmHeader(rpmHeader({ 1000: 'x'.repeat(2000), 1001: '1', 1002: '2' }))).toBeUndefined()
  })

  it('reads past no end, wherever a header was cut', () => {
    const whole = rpmHeader({ 1000: 'bash', 1001: '5.2', 1002: '3', 1003: 1, 1022: 'x86_64' })
    for (let length = 0; length < whole.length; length++)
      expect(readRpmHeader(whole.subarray(0, length))).toBeUndefined()
    for (let at = 0; at < whole.length; at++) {
      const hostile = Buffer.from(whole)
      hostile[at] = 0xff
      expect(() => readRpmHeader(hostile)).not.toThrow()
    }
  })

  it.each([
    ['another database', 'CREATE TABLE other (a)', /no table of packages/],
    ['a view that never ends', 'CREATE VIEW Packages AS SELECT 1 AS blob', /no table of packages/],
    ['a virtual table', 'CREATE VIRTUAL TABLE Packages USING fts5(blob)', /no table of packages/],
  ])('refuses %s', (_, sql, reason) => {
    const database = new BetterSqlite3(file)
    database.exec(sql)
    database.close()
    expect(() => readRpmDatabase(file)).toThrow(reason)
  })

  it('refuses what only begins like a database', () => {
    writeFileSync(file, Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4096, 7)]))
    expect(() => readRpmDatabase(file)).toThrow()
  })
})
