// Hashes of tokens and sessions.
import type { Selectable } from 'kysely'
import type { TokenKind, TokenRecord, TokenStore } from '../core/token-store.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

type Row = Selectable<Schema['tokens']>

export class SqliteTokens implements TokenStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  insert(token: TokenRecord): void {
    const { machineId, installId, bootId, parentId, createdAt, expiresAt, lastUsedAt, ...same } = token
    const row: Row = {
      ...same,
      machine_id: machineId,
      install_id: installId,
      boot_id: bootId,
      parent_id: parentId,
      created_at: createdAt,
      expires_at: expiresAt,
      last_used_at: lastUsedAt,
    }
    this.#db.run(this.#db.query.insertInto('tokens').values(row))
  }

  byHash(hash: string): TokenRecord | undefined {
    return fromRow(this.#db.first(this.#db.query.selectFrom('tokens').selectAll().where('hash', '=', hash)))
  }

  get(id: string): TokenRecord | undefined {
    return fromRow(this.#db.first(this.#db.query.selectFrom('tokens').selectAll().where('id', '=', id)))
  }

  list(kind: TokenKind): TokenRecord[] {
    const query = this.#db.query.selectFrom('tokens').selectAll().where('kind', '=', kind).orderBy('id')
    return this.#db.all(query).map((row) => fromRow(row))
  }

  agentOf(machineId: string): TokenRecord | undefined {
    const query = this.#db.query.selectFrom('tokens').selectAll().where('machine_id', '=', machineId)
    return fromRow(this.#db.first(query.where('kind', '=', 'agent')))
  }

  touch(id: string, at: string): void {
    this.#db.run(this.#db.query.updateTable('tokens').set({ last_used_at: at }).where('id', '=', id))
  }

  remove(id: string): void {
    this.#db.run(this.#db.query.deleteFrom('tokens').where('id', '=', id))
  }

  removeOf(machineId: string, kind: TokenKind, belowGeneration?: number): void {
    let query = this.#db.query.deleteFrom('tokens').where('machine_id', '=', machineId).where('kind', '=', kind)
    if (belowGeneration !== undefined) query = query.where('generation', '<', belowGeneration)
    this.#db.run(query)
  }

  removeExpired(now: string): void {
    this.#db.run(this.#db.query.deleteFrom('tokens').where('expires_at', '<=', now).where('kind', '!=', 'api'))
  }
}

function fromRow(row: Row): TokenRecord
function fromRow(row: Row | undefined): TokenRecord | undefined
function fromRow(row: Row | undefined): TokenRecord | undefined {
  if (!row) return undefined
  return {
    id: row.id,
    kind: row.kind,
    hash: row.hash,
    name: row.name,
    role: row.role,
    machineId: row.machine_id,
    installId: row.install_id,
    generation: row.generation,
    bootId: row.boot_id,
    parentId: row.parent_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  }
}
