// Profiles.
import type { Compilable, Selectable } from 'kysely'
import type { Profile } from '../contract/machine.ts'
import type { ProfileStore } from '../core/profile-store.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { refreshWantedImages } from './wanted-images.ts'

type Row = Selectable<Schema['profiles']>

export class SqliteProfiles implements ProfileStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(): Profile[] {
    return this.#db.all(this.#db.query.selectFrom('profiles').selectAll().orderBy('name')).map(fromRow)
  }

  get(id: string): Profile | undefined {
    const row = this.#db.first(this.#db.query.selectFrom('profiles').selectAll().where('id', '=', id))
    return row && fromRow(row)
  }

  byName(name: string): Profile | undefined {
    const row = this.#db.first(this.#db.query.selectFrom('profiles').selectAll().where('name', '=', name))
    return row && fromRow(row)
  }

  insert(profile: Profile): void {
    this.#change(this.#db.query.insertInto('profiles').values(toRow(profile)))
  }

  update(profile: Profile): void {
    this.#change(this.#db.query.updateTable('profiles').set(toRow(profile)).where('id', '=', profile.id))
  }

  remove(id: string): void {
    this.#change(this.#db.query.deleteFrom('profiles').where('id', '=', id))
  }

  #change(query: Compilable): void {
    this.#db.transaction(() => {
      this.#db.run(query)
      refreshWantedImages(this.#db)
    })
  }
}

function toRow({ selector, spec, ...rest }: Profile): Row {
  return { ...rest, selector: JSON.stringify(selector), spec: JSON.stringify(spec) }
}

function fromRow({ selector, spec, ...rest }: Row): Profile {
  return {
    ...rest,
    selector: JSON.parse(selector) as Profile['selector'],
    spec: JSON.parse(spec) as Profile['spec'],
  }
}
