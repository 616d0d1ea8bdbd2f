// The SQLite file: opened safely, migrated, and spoken to through kysely's builder, synchronously.
import BetterSqlite3 from 'better-sqlite3'
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { Compilable } from 'kysely'
import type { Transactions } from '../core/transactions.ts'
import { sqliteCode, StoreError, translateFailure } from './errors.ts'
import { migrations } from './migrations/index.ts'
import type { Schema } from './schema.ts'

/** "LNDF": marks the file as ours (SQLite file format, offset 68). */
export const APPLICATION_ID = 0x4c4e4446
/** How long to wait for another process that is about to close the file. */
const BUSY_TIMEOUT_MS = 2000
/** KiB of the file kept in this process, where better-sqlite3 would keep 16,000: what falls out is still in the kernel's memory. */
const PAGE_CACHE_KIB = 4000
/** Prepared statements kept; queries come in few shapes. */
const STATEMENTS_KEPT = 300
/** Copied at a time: some milliseconds in which nothing else happens. */
const SNAPSHOT_PAGES = 256

/** Builds SQL and never runs it: kysely's own running is asynchronous, which would let other work slip into a transaction. */
const builder = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

type Statement = BetterSqlite3.Statement

/**
 * One open database. Each method is one synchronous step; a write outside of a transaction is durable when it returns. Throws
 * CoreError STORE_FULL or STORE_UNAVAILABLE when the disk lets it down, with nothing changed.
 */
export class Database implements Transactions {
  /** For building queries. */
  readonly query = builder
  readonly #file: string
  readonly #sqlite: BetterSqlite3.Database
  readonly #statements = new Map<string, Statement>()
  #afterCommit: (() => void)[] | undefined

  private constructor(file: string, sqlite: BetterSqlite3.Database) {
    this.#file = file
    this.#sqlite = sqlite
  }

  /** Opens or creates the file, `:memory:` for a trial, and brings its schema up to date. Throws StoreError. */
  static open(file: string): Database {
    let sqlite: BetterSqlite3.Database | undefined
    try {
      sqlite = new BetterSqlite3(file, { timeout: BUSY_TIMEOUT_MS })
      prepare(sqlite, file)
      return new Database(file, sqlite)
    } catch (error) {
      sqlite?.close()
      throw error instanceof StoreError ? error : openFailure(error, file)
    }
  }

  all<T>(query: Compilable<T>): T[] {
    return this.#execute(query, (statement, parameters) => statement.all(...parameters)) as T[]
  }

  first<T>(query: Compilable<T>): T | undefined {
    return this.#execute(query, (statement, parameters) => statement.get(...parameters)) as T | undefined
  }

  /** Runs a statement that returns no rows. */
  run(query: Compilable): { changes: number; lastId: number } {
    return this.#execute(query, (statement, parameters) => {
      const { changes, lastInsertRowid } = statement.run(...parameters)
      return { changes, lastId: Number(lastInsertRowid) }
    })
  }

  transaction<T>(work: () => T): T {
    const outermost = this.#afterCommit === undefined
    const pending = (this.#afterCommit ??= [])
    const mark = pending.length
    let result: T
    try {
      // A nested call becomes a savepoint.
      result = this.#sqlite.transaction(work).immediate()
    } catch (error) {
      pending.length = mark
      if (outermost) this.#afterCommit = undefined
      throw translateFailure(error, this.#file)
    }
    if (outermost) {
      this.#afterCommit = undefined
      for (const action of pending) action()
    }
    return result
  }

  afterCommit(action: () => void): void {
    if (this.#afterCommit) this.#afterCommit.push(action)
    else action()
  }

  /**
   * Writes the database as it is at the end of this, whole, to a new file, while others read and write between the steps. Throws as writing does, and what
   * `signal` was aborted with.
   */
  async snapshot(file: string, onProgress: (done: number, total: number) => void, signal?: AbortSignal): Promise<void> {
    try {
      await this.#sqlite.backup(file, {
        progress({ totalPages, remainingPages }) {
          signal?.throwIfAborted()
          onProgress(totalPages - remainingPages, totalPages)
          return SNAPSHOT_PAGES
        },
      })
    } catch (error) {
      throw translateFailure(error, file)
    }
  }

  close(): void {
    this.#statements.clear()
    this.#sqlite.close()
  }

  #execute<T>(query: Compilable, use: (statement: Statement, parameters: readonly unknown[]) => T): T {
    const { sql, parameters } = query.compile()
    try {
      return use(this.#statement(sql), parameters)
    } catch (error) {
      throw translateFailure(error, this.#file)
    }
  }

  #statement(sql: string): Statement {
    const known = this.#statements.get(sql)
    if (known) return known
    if (this.#statements.size >= STATEMENTS_KEPT) this.#statements.clear()
    const statement = this.#sqlite.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

function prepare(sqlite: BetterSqlite3.Database, file: string): void {
  // Held from the first access until the process ends, however it ends: two servers on one file would undo each other's work.
  sqlite.pragma('locking_mode = EXCLUSIVE')
  const version = sqlite.pragma('user_version', { simple: true }) as number
  const application = sqlite.pragma('application_id', { simple: true }) as number
  if (application !== APPLICATION_ID && !isEmpty(sqlite)) {
    throw new StoreError('UNREADABLE', `opening ${file}: it is a database, but not one of Landfall`)
  }
  if (version > migrations.length) {
    const hint = 'start the version of Landfall that wrote it, or restore a backup from before the upgrade'
    const message = `opening ${file}: its schema has version ${version}, this Landfall knows up to ${migrations.length}`
    throw new StoreError('TOO_NEW', message, { hint })
  }
  sqlite.pragma('journal_mode = WAL')
  // FULL, not NORMAL: with WAL, NORMAL could lose the last answers given before a power cut.
  sqlite.pragma('synchronous = FULL')
  sqlite.pragma('foreign_keys = ON')
  sqlite.pragma(`cache_size = -${PAGE_CACHE_KIB}`)
  migrate(sqlite, file, version)
}

function isEmpty(sqlite: BetterSqlite3.Database): boolean {
  return sqlite.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0
}

function migrate(sqlite: BetterSqlite3.Database, file: string, version: number): void {
  if (version === migrations.length) return
  try {
    sqlite
      .transaction(() => {
        for (const migration of migrations.slice(version)) sqlite.exec(migration)
        sqlite.pragma(`application_id = ${APPLICATION_ID}`)
        sqlite.pragma(`user_version = ${migrations.length}`)
      })
      .immediate()
  } catch (cause) {
    const message = `migrating ${file} from version ${version} to ${migrations.length}: ${(cause as Error).message}`
    throw new StoreError('MIGRATION_FAILED', message, { cause, hint: 'the file was left as it was' })
  }
}

function openFailure(cause: unknown, file: string): StoreError {
  const code = sqliteCode(cause)
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED') {
    const hint = 'another landfall serve uses this data directory: stop it, or give this one its own'
    return new StoreError('IN_USE', `opening ${file}: another process has it open`, { cause, hint })
  }
  if (code === 'SQLITE_NOTADB' || code?.startsWith('SQLITE_CORRUPT')) {
    const hint = 'restore it from a backup; the damaged file was left as it was'
    return new StoreError('UNREADABLE', `opening ${file}: it is damaged or no SQLite database`, { cause, hint })
  }
  const hint = 'check that the folder exists, has free space and can be written by this user'
  return new StoreError('CANNOT_OPEN', `opening ${file}: ${(cause as Error).message}`, { cause, hint })
}
