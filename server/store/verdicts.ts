// The last verdict on each image.
import { TrustVerdict } from '../contract/trust.ts'
import type { VerdictRecords } from '../core/trust.ts'
import type { Database } from './database.ts'

export class SqliteVerdicts implements VerdictRecords {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  verdict(repository: string, digest: string): TrustVerdict | undefined {
    const row = this.#db.first(
      this.#db.query
        .selectFrom('image_verdicts')
        .select('verdict')
        .where('repository', '=', repository)
        .where('digest', '=', digest),
    )
    return row && TrustVerdict.parse(JSON.parse(row.verdict))
  }

  putVerdict(repository: string, digest: string, verdict: TrustVerdict): void {
    const values = { repository, digest, verdict: JSON.stringify(verdict) }
    this.#db.run(this.#db.query.replaceInto('image_verdicts').values(values))
  }
}
