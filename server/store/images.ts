// Tags and the manifests that repositories may serve.
import type { ImageRecords, ManifestRecord, TagRecord } from '../core/images.ts'
import type { Database } from './database.ts'

export class SqliteImages implements ImageRecords {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  tags(): TagRecord[] {
    return this.#db.all(this.#tags().orderBy('repository').orderBy('tag'))
  }

  tag(repository: string, tag: string): TagRecord | undefined {
    return this.#db.first(this.#tags().where('repository', '=', repository).where('tag', '=', tag))
  }

  manifest(repository: string, digest: string): ManifestRecord | undefined {
    return this.#db.first(
      this.#db.query
        .selectFrom('image_manifests')
        .select(['repository', 'digest', 'media_type as mediaType'])
        .where('repository', '=', repository)
        .where('digest', '=', digest),
    )
  }

  put(tag: TagRecord, manifests: ManifestRecord[]): void {
    const { query } = this.#db
    this.#db.transaction(() => {
      for (const { repository, digest, mediaType } of manifests) {
        this.#db.run(query.replaceInto('image_manifests').values({ repository, digest, media_type: mediaType }))
      }
      const { mediaType, addedAt, ...same } = tag
      this.#db.run(query.replaceInto('image_tags').values({ ...same, media_type: mediaType, added_at: addedAt }))
    })
  }

  removeTag(repository: string, tag: string): boolean {
    const query = this.#db.query.deleteFrom('image_tags').where('repository', '=', repository).where('tag', '=', tag)
    return this.#db.run(query).changes > 0
  }

  #tags() {
    return this.#db.query
      .selectFrom('image_tags')
      .select(['repository', 'tag', 'digest', 'media_type as mediaType', 'added_at as addedAt'])
  }
}
