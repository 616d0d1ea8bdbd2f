// What is known of layers, by digest.
import { sql } from 'kysely'
import { LayerFacts } from '../contract/layer-facts.ts'
import type { LayerRecord, LayerRecords } from '../core/layers.ts'
import type { Database } from './database.ts'

/** What an earlier reader found is found anew. Raise it whenever LayerFacts say more than before. */
const READER = 1
/** Questions with more values than this are asked in parts. */
const AT_ONCE = 500

export class SqliteLayers implements LayerRecords {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  layers(digests: readonly string[]): Map<string, LayerRecord> {
    const found = new Map<string, LayerRecord>()
    for (let at = 0; at < digests.length; at += AT_ONCE) {
      const query = this.#db.query
        .selectFrom('image_layers')
        .select(['digest', 'file_time as fileTime', 'facts'])
        .where('reader', '=', READER)
        .where('digest', 'in', digests.slice(at, at + AT_ONCE))
      for (const { facts, ...same } of this.#db.all(query)) {
        found.set(same.digest, { ...same, facts: JSON.parse(facts) as LayerFacts })
      }
    }
    return found
  }

  putLayer({ digest, fileTime, facts }: LayerRecord): void {
    const row = { digest, reader: READER, file_time: fileTime, facts: JSON.stringify(LayerFacts.parse(facts)) }
    this.#db.run(this.#db.query.replaceInto('image_layers').values(row))
  }

  usesOf(digests: readonly string[]): Map<string, number> {
    const uses = new Map<string, number>()
    for (let at = 0; at < digests.length; at += AT_ONCE) {
      const query = this.#db.query
        .selectFrom('image_links')
        .select(({ fn }) => ['child', fn.count<number>('parent').distinct().as('images')])
        .where('child', 'in', digests.slice(at, at + AT_ONCE))
        .groupBy('child')
      for (const { child, images } of this.#db.all(query)) uses.set(child, images)
    }
    return uses
  }

  unreadBlobs(limit: number): string[] {
    const query = this.#db.query
      .selectFrom('image_blobs')
      .leftJoin('image_layers', (join) =>
        join.onRef('image_layers.digest', '=', 'image_blobs.digest').on('image_layers.reader', '=', READER),
      )
      .where('image_layers.digest', 'is', null)
      .select('image_blobs.digest')
      .groupBy('image_blobs.digest')
      .orderBy(({ fn }) => fn.max('image_blobs.added_at'), 'desc')
    return this.#db.all(query.limit(limit)).map(({ digest }) => digest)
  }

  forgetStale(): void {
    const { query } = this.#db
    const here = query.selectFrom('image_blobs').select('digest')
    this.#db.run(query.deleteFrom('image_layers').where('digest', 'not in', here))
    const code = sql<string>`facts ->> '$.problem.code'`
    this.#db.run(query.deleteFrom('image_layers').where(code, '=', 'LAYER_BOMB'))
  }
}
