// Answers that are given again.
import { sql } from 'kysely'
import type { Answer, AnswerStore } from '../core/answers.ts'
import type { Database } from './database.ts'

export class SqliteAnswers implements AnswerStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  get(key: string): (Answer & { request: string; at: string }) | undefined {
    return this.#db.first(
      this.#db.query.selectFrom('answers').select(['request', 'status', 'body', 'at']).where('key', '=', key),
    )
  }

  set(key: string, answer: Answer & { request: string; at: string }): void {
    this.#db.run(this.#db.query.replaceInto('answers').values({ key, ...answer }))
  }

  trim(before: string, most: { answers: number; bytes: number }): void {
    const { query } = this.#db
    this.#db.run(query.deleteFrom('answers').where('at', '<', before))
    const beyond = sql<string>`(
      SELECT key FROM (
        SELECT key, row_number() OVER newest AS place, sum(octet_length(body)) OVER newest AS bytes
        FROM answers WINDOW newest AS (ORDER BY at DESC, key)
      ) WHERE place > ${most.answers} OR (place > 1 AND bytes > ${most.bytes})
    )`
    this.#db.run(query.deleteFrom('answers').where('key', 'in', beyond))
  }
}
