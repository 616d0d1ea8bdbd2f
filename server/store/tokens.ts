// Hashes of tokens and sessions.
import { sql } from 'kysely'
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
    const { machineId, installId, bootId, parentId, userId, scope, createdAt, expiresAt, lastUsedAt, ...same } = token
    const row: Row = {
      ...same,
      machine_id: machineId,
      install_id: installId,
      boot_id: bootId,
      parent_id: parentId,
      user_id: userId,
      scope: scope && JSON.stringify(scope),
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

  removeSessions(opened: { userId: string } | { parentId: string }, { except = '' }: { except?: string } = {}): number {
    const [column, value] =
      'userId' in opened ? (['user_id', opened.userId] as const) : (['parent_id', opened.parentId] as const)
    return this.#db.run(
      this.#db.query
        .deleteFrom('tokens')
        .where(column, '=', value)
        .where('kind', '=', 'ui')
        .where('hash', '!=', except),
    ).changes
  }

  sessionCounts(now: string): Map<string, number> {
    const count = sql<number>`count(*)`.as('count')
    const query = this.#db.query
      .selectFrom('tokens')
      .select(['user_id', count])
      .where('user_id', 'is not', null)
      .where('expires_at', '>', now)
      .groupBy('user_id')
    return new Map(this.#db.all(query).map((row) => [row.user_id!, row.count]))
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
    userId: row.user_id,
    scope: row.scope === null ? null : (JSON.parse(row.scope) as TokenRecord['scope']),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  }
}
