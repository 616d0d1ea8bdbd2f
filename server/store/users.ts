// People who log in, by name and password or by an OpenID provider.
import type { Selectable } from 'kysely'
import type { Identity, UserRecord, UserStore } from '../core/user-store.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

type Row = Selectable<Schema['users']>

export class SqliteUsers implements UserStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  insert(user: UserRecord): void {
    this.#db.run(this.#db.query.insertInto('users').values(toRow(user)))
  }

  update(id: string, change: Parameters<UserStore['update']>[1]): void {
    this.#db.transaction(() => {
      const user = this.get(id)
      if (user)
        this.#db.run(
          this.#db.query
            .updateTable('users')
            .set(toRow({ ...user, ...change }))
            .where('id', '=', id),
        )
    })
  }

  get(id: string): UserRecord | undefined {
    return fromRow(this.#db.first(this.#db.query.selectFrom('users').selectAll().where('id', '=', id)))
  }

  byName(name: string): UserRecord | undefined {
    return fromRow(this.#db.first(this.#db.query.selectFrom('users').selectAll().where('name', '=', name)))
  }

  byIdentity({ issuer, subject }: Identity): UserRecord | undefined {
    const query = this.#db.query.selectFrom('users').selectAll()
    return fromRow(this.#db.first(query.where('issuer', '=', issuer).where('subject', '=', subject)))
  }

  list(): UserRecord[] {
    return this.#db.all(this.#db.query.selectFrom('users').selectAll().orderBy('name')).map((row) => fromRow(row))
  }

  remove(id: string): void {
    this.#db.run(this.#db.query.deleteFrom('users').where('id', '=', id))
  }
}

function toRow({ scope, addresses, createdAt, disabledAt, lastLoginAt, identity, ...same }: UserRecord): Row {
  return {
    ...same,
    scope: scope && JSON.stringify(scope),
    addresses: JSON.stringify(addresses),
    created_at: createdAt,
    disabled_at: disabledAt,
    last_login_at: lastLoginAt,
    issuer: identity?.issuer ?? null,
    subject: identity?.subject ?? null,
  }
}

function fromRow(row: Row): UserRecord
function fromRow(row: Row | undefined): UserRecord | undefined
function fromRow(row: Row | undefined): UserRecord | undefined {
  if (!row) return undefined
  return {
    id: row.id,
    name: row.name,
    role: row.role as UserRecord['role'],
    scope: row.scope === null ? null : (JSON.parse(row.scope) as UserRecord['scope']),
    password: row.password,
    identity: row.issuer === null ? null : { issuer: row.issuer, subject: row.subject! },
    addresses: JSON.parse(row.addresses) as string[],
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
    lastLoginAt: row.last_login_at,
  }
}
