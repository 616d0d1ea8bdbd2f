// Boot media: one JSON document each, since nothing asks for parts of them.
import type { MediaRecord, MediaRecords } from '../core/media.ts'
import type { Database } from './database.ts'

export class SqliteMedia implements MediaRecords {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(): MediaRecord[] {
    return this.#db.all(this.#db.query.selectFrom('media').selectAll().orderBy('id')).map(fromRow)
  }

  get(id: string): MediaRecord | undefined {
    const row = this.#db.first(this.#db.query.selectFrom('media').selectAll().where('id', '=', id))
    return row && fromRow(row)
  }

  put(record: MediaRecord): void {
    this.#db.run(this.#db.query.replaceInto('media').values({ id: record.media.id, record: JSON.stringify(record) }))
  }

  remove(id: string): boolean {
    return this.#db.run(this.#db.query.deleteFrom('media').where('id', '=', id)).changes > 0
  }
}

function fromRow({ record }: { record: string }): MediaRecord {
  return JSON.parse(record) as MediaRecord
}
