import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CoreError } from '../../../server/core/errors.ts'
import { Database } from '../../../server/store/database.ts'
import { sqliteCode, StoreError, translateFailure } from '../../../server/store/errors.ts'
import { migrations } from '../../../server/store/migrations/index.ts'
import { openStore } from '../../../server/store/store.ts'
import { MAC, testCore } from '../../helpers/store-fakes.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-db-'))
  file = join(folder, 'landfall.db')
})
afterEach(() => {
  chmodSync(folder, 0o700)
  rmSync(folder, { recursive: true })
})

function raw<T>(work: (sqlite: BetterSqlite3.Database) => T): T {
  const sqlite = new BetterSqlite3(file)
  try {
    return work(sqlite)
  } finally {
    sqlite.close()
  }
}

describe('opening', () => {
  it('makes a new file, durable by WAL and full sync, and opens it again', () => {
    openStore(file).close()
    const store = openStore(file)
    store.close()
    raw((sqlite) => {
      expect(sqlite.pragma('user_version', { simple: true })).toBe(migrations.length)
      expect(sqlite.pragma('journal_mode', { simple: true })).toBe('wal')
      expect(sqlite.pragma('foreign_key_check')).toEqual([])
    })
  })

  it('refuses a database of a newer version, and leaves it alone', () => {
    openStore(file).close()
    raw((sqlite) => sqlite.pragma(`user_version = ${migrations.length + 1}`))
    expect(() => Database.open(file)).toThrowWithCode(StoreError, 'TOO_NEW')
    expect(raw((sqlite) => sqlite.pragma('user_version', { simple: true }))).toBe(migrations.length + 1)
  })

  it('refuses a file that another server has open', () => {
    const store = openStore(file)
    expect(() => Database.open(file)).toThrowWithCode(StoreError, 'IN_USE')
    store.close()
    openStore(file).close()
  })

  it('refuses a database of another program, and leaves it alone', () => {
    raw((sqlite) => sqlite.exec('CREATE TABLE machines (id)'))
    const before = readFileSync(file)
    expect(() => Database.open(file)).toThrowWithCode(StoreError, 'UNREADABLE')
    expect(readFileSync(file)).toEqual(before)
  })

  it('refuses a file that is no database', () => {
    writeFileSync(file, 'this is not the file you are looking for\n'.repeat(100))
    expect(() => Database.open(file)).toThrowWithCode(StoreError, 'UNREADABLE')
  })

  it('refuses a folder that is not there', () => {
    expect(() => Database.open(join(folder, 'none', 'landfall.db'))).toThrowWithCode(StoreError, 'CANNOT_OPEN')
  })
})

describe('transactions', () => {
  it('undo everything when they fail, and only the inner part when that fails', () => {
    const { store, inventory } = testCore()
    store.transactions.transaction(() => {
      inventory.discover({ mac: MAC })
      expect(() =>
        store.transactions.transaction(() => {
          inventory.discover({ mac: '52:54:00:00:00:01' })
          throw new Error('inner')
        }),
      ).toThrow('inner')
    })
    expect(inventory.list().map(({ macs }) => macs)).toEqual([[MAC]])
  })

  it('refuse a machine that does not exist to installs and tokens', () => {
    const { store } = testCore()
    expect(() => store.machines.bind('mac', MAC, 'nobody')).toThrow(/FOREIGN KEY/)
  })
})

describe('a disk that is full', () => {
  it('refuses writes with STORE_FULL, loses nothing, goes on reading, and recovers', () => {
    const core = testCore({ file })
    const first = core.inventory.discover({ mac: MAC })
    const { secret } = core.tokens.createApiToken({ name: 'ann', role: 'admin' }, 'a')
    // SQLite answers as on a full disk when the file may not grow.
    const { transactions } = core.store
    const limit = (pages: number) =>
      transactions.first({ compile: () => sql.raw(`PRAGMA max_page_count = ${pages}`).compile(transactions.query) })
    limit(1)
    const fill = () => {
      for (let n = 0; n < 1000; n += 1) core.events.append({ type: 'server.warning', message: 'x'.repeat(5000) })
    }
    expect(fill).toThrowWithCode(CoreError, 'STORE_FULL')
    const { length } = core.events.since(0, { limit: 10_000 })
    expect(fill).toThrowWithCode(CoreError, 'STORE_FULL')
    expect(core.events.since(0, { limit: 10_000 })).toHaveLength(length)

    core.clock.advance(10 * 60_000)
    expect(core.tokens.authenticate(secret)).toMatchObject({ name: 'ann' })
    expect(() => core.inventory.seen(first.id, '10.0.0.1')).not.toThrow()
    expect(core.inventory.get(first.id).name).toBe(first.name)

    limit(1_000_000)
    core.events.append({ type: 'server.warning', message: 'room again' })
    expect(core.events.recent({ limit: 1 })[0]?.message).toBe('room again')
    core.store.close()
  })
})

describe('translateFailure', () => {
  const sqlite = (code: string) => new BetterSqlite3.SqliteError('it failed', code)

  it.each([
    ['SQLITE_FULL', 'STORE_FULL'],
    ['SQLITE_READONLY', 'STORE_UNAVAILABLE'],
    ['SQLITE_READONLY_DBMOVED', 'STORE_UNAVAILABLE'],
    ['SQLITE_IOERR_WRITE', 'STORE_UNAVAILABLE'],
    ['SQLITE_BUSY', 'STORE_UNAVAILABLE'],
    ['SQLITE_CORRUPT', 'STORE_UNAVAILABLE'],
  ])('%s becomes %s, and keeps its cause', (code, expected) => {
    const error = translateFailure(sqlite(code), 'landfall.db')
    expect(error).toMatchObject({ code: expected, cause: { code } })
    expect(error).toBeInstanceOf(CoreError)
  })

  it('leaves mistakes of ours and foreign errors as they are', () => {
    for (const error of [sqlite('SQLITE_CONSTRAINT_UNIQUE'), sqlite('SQLITE_ERROR'), new TypeError('x'), 'text']) {
      expect(translateFailure(error, 'landfall.db')).toBe(error)
    }
    expect(sqliteCode(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBeUndefined()
  })
})

describe('a snapshot', () => {
  it('is a database like any other, taken while others write', async () => {
    const core = testCore({ file })
    core.inventory.discover({ mac: MAC })
    const copy = join(folder, 'copy.db')
    const told: number[] = []
    await core.store.transactions.snapshot(copy, (done, total) => told.push(done / total))
    core.store.close()
    expect(told.every((share) => share >= 0 && share <= 1)).toBe(true)
    const store = openStore(copy)
    expect(store.machines.list({})).toHaveLength(1)
    store.close()
  })

  it('goes away with its reader, and leaves the database alone', async () => {
    const core = testCore({ file })
    const stop = new AbortController()
    stop.abort()
    await expect(core.store.transactions.snapshot(join(folder, 'copy.db'), () => {}, stop.signal)).rejects.toThrow(
      /abort/,
    )
    core.inventory.discover({ mac: MAC })
    core.store.close()
  })
})
