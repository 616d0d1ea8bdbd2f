// Tags that are followed, and their history.
import type { TrackedDigest } from '../contract/image-track.ts'
import type { ImageTrackStore, TrackRecord } from '../core/image-tracks.ts'
import type { Database } from './database.ts'

/** A tag that moves every hour has that many digests in a month and a half. */
const SHOWN = 1000

interface Row {
  repository: string
  tag: string
  request: string
  every: string
  checked_at: string | null
  next_at: string
  problem: string | null
}

export class SqliteImageTracks implements ImageTrackStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(): TrackRecord[] {
    const query = this.#db.query.selectFrom('image_tracks').selectAll().orderBy('repository').orderBy('tag')
    return this.#db.all<Row>(query).map(fromRow)
  }

  get(repository: string, tag: string): TrackRecord | undefined {
    const query = this.#db.query.selectFrom('image_tracks').selectAll().where('repository', '=', repository)
    const row = this.#db.first<Row>(query.where('tag', '=', tag))
    return row && fromRow(row)
  }

  put({ checkedAt, nextAt, request, problem, ...same }: TrackRecord): void {
    const row = {
      ...same,
      request: JSON.stringify(request),
      checked_at: checkedAt,
      next_at: nextAt,
      problem: problem && JSON.stringify(problem),
    }
    this.#db.run(this.#db.query.replaceInto('image_tracks').values(row))
  }

  remove(repository: string, tag: string): boolean {
    const { query } = this.#db
    return this.#db.transaction(() => {
      const [tracks, history] = (['image_tracks', 'image_history'] as const).map((table) =>
        query.deleteFrom(table).where('repository', '=', repository).where('tag', '=', tag),
      )
      this.#db.run(history!)
      return this.#db.run(tracks!).changes > 0
    })
  }

  history(repository: string, tag: string): TrackedDigest[] {
    const query = this.#db.query.selectFrom('image_history').select(['digest', 'at', 'outcome', 'message'])
    const own = query.where('repository', '=', repository).where('tag', '=', tag)
    return this.#db.all(own.orderBy('seq', 'desc').limit(SHOWN))
  }

  append(repository: string, tag: string, entry: TrackedDigest): void {
    this.#db.run(this.#db.query.insertInto('image_history').values({ repository, tag, ...entry }))
  }
}

function fromRow({ request, checked_at, next_at, problem, ...same }: Row): TrackRecord {
  return {
    ...same,
    request: JSON.parse(request) as TrackRecord['request'],
    checkedAt: checked_at,
    nextAt: next_at,
    problem: problem === null ? null : (JSON.parse(problem) as TrackRecord['problem']),
  }
}
