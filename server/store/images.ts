// Repositories: their tags, the manifests they may serve, and the blobs those need.
import type {
  HeldBlob,
  HeldManifest,
  ImageRecords,
  LayerVariant,
  ManifestLink,
  ManifestRecord,
  NewManifest,
  ReferrerRecord,
  Sized,
  TagRecord,
} from '../core/images.ts'
import type { Database } from './database.ts'

const LONG_AGO = new Date(0).toISOString()

export class SqliteImages implements ImageRecords {
  readonly #db: Database
  #onBlobs: () => void = () => {}

  constructor(db: Database) {
    this.#db = db
  }

  /** Calls the listener, one at most, when a repository may hold further blobs. */
  watchBlobs(listener: () => void): void {
    this.#onBlobs = listener
  }

  tags(): TagRecord[] {
    return this.#db.all(this.#tags().orderBy('repository').orderBy('tag'))
  }

  tagsOf(repository: string): string[] {
    const query = this.#db.query.selectFrom('image_tags').select('tag').where('repository', '=', repository)
    return this.#db.all<{ tag: string }>(query.orderBy('tag')).map(({ tag }) => tag)
  }

  tag(repository: string, tag: string): TagRecord | undefined {
    return this.#db.first(this.#tags().where('repository', '=', repository).where('tag', '=', tag))
  }

  manifest(repository: string, digest: string): ManifestRecord | undefined {
    return this.#db.first(this.#manifests().where('repository', '=', repository).where('digest', '=', digest))
  }

  hasRepository(repository: string): boolean {
    return (['image_manifests', 'image_blobs', 'image_tags'] as const).some((table) =>
      this.#db.first(this.#db.query.selectFrom(table).select('digest').where('repository', '=', repository).limit(1)),
    )
  }

  put(manifests: readonly NewManifest[], tags: readonly TagRecord[]): void {
    const { query } = this.#db
    this.#db.transaction(() => {
      for (const manifest of manifests) this.#putManifest(manifest)
      for (const { mediaType, addedAt, ...same } of tags) {
        this.#db.run(query.replaceInto('image_tags').values({ ...same, media_type: mediaType, added_at: addedAt }))
      }
      this.#db.afterCommit(this.#onBlobs)
    })
  }

  removeTag(repository: string, tag: string): boolean {
    const query = this.#db.query.deleteFrom('image_tags').where('repository', '=', repository).where('tag', '=', tag)
    return this.#db.run(query).changes > 0
  }

  removeManifest(repository: string, digest: string): boolean {
    const { query } = this.#db
    return this.#db.transaction(() => {
      // No push brought its blobs just now: they need not be kept for one.
      const links = query.selectFrom('image_links').where('repository', '=', repository).where('parent', '=', digest)
      const children = links.select('child')
      const blobs = query.updateTable('image_blobs').set({ added_at: LONG_AGO }).where('repository', '=', repository)
      this.#db.run(blobs.where('digest', 'in', children))
      for (const table of ['image_tags', 'image_manifests'] as const) {
        const rows = query.deleteFrom(table).where('repository', '=', repository).where('digest', '=', digest)
        if (this.#db.run(rows).changes === 0 && table === 'image_manifests') return false
      }
      this.#db.run(query.deleteFrom('image_links').where('repository', '=', repository).where('parent', '=', digest))
      this.#db.run(query.deleteFrom('image_uses').where('repository', '=', repository).where('digest', '=', digest))
      return true
    })
  }

  referrers(repository: string, subject: string): ReferrerRecord[] {
    const rows = this.#db.all<{
      digest: string
      mediaType: string
      size: number
      artifactType: string | null
      annotations: string | null
    }>(
      this.#db.query
        .selectFrom('image_manifests')
        .select(['digest', 'media_type as mediaType', 'size', 'artifact_type as artifactType', 'annotations'])
        .where('repository', '=', repository)
        .where('subject', '=', subject)
        .orderBy('digest'),
    )
    return rows.map(({ annotations, ...same }) => ({
      ...same,
      annotations: annotations === null ? null : (JSON.parse(annotations) as Record<string, string>),
    }))
  }

  neededBy(repository: string, digest: string): string[] {
    const query = this.#db.query.selectFrom('image_links').select('parent').where('repository', '=', repository)
    return this.#db.all<{ parent: string }>(query.where('child', '=', digest)).map(({ parent }) => parent)
  }

  blob(repository: string, digest: string): HeldBlob | undefined {
    return this.#db.first(this.#blobs().where('repository', '=', repository).where('digest', '=', digest))
  }

  holderOf(digest: string): string | undefined {
    return this.#db.first<HeldBlob>(this.#blobs().where('digest', '=', digest).limit(1))?.repository
  }

  putBlob({ addedAt, ...same }: HeldBlob): void {
    this.#db.run(this.#db.query.replaceInto('image_blobs').values({ ...same, added_at: addedAt }))
    this.#db.afterCommit(this.#onBlobs)
  }

  removeBlob(repository: string, digest: string): boolean {
    const rows = this.#db.query.deleteFrom('image_blobs').where('repository', '=', repository)
    return this.#db.transaction(() => {
      if (this.#db.run(rows.where('digest', '=', digest)).changes === 0) return false
      if (this.holderOf(digest) === undefined) this.removeVariant(digest)
      return true
    })
  }

  variant(layer: string): LayerVariant | undefined {
    return this.#db.first(this.#variants().where('layer', '=', layer))
  }

  variants(): LayerVariant[] {
    return this.#db.all(this.#variants().orderBy('made_at'))
  }

  putVariant({ madeAt, ...same }: LayerVariant): boolean {
    return this.#db.transaction(() => {
      if (this.holderOf(same.layer) === undefined) return false
      this.#db.run(this.#db.query.replaceInto('layer_variants').values({ ...same, made_at: madeAt }))
      return true
    })
  }

  removeVariant(layer: string): void {
    this.#db.run(this.#db.query.deleteFrom('layer_variants').where('layer', '=', layer))
  }

  storedBytes(): number {
    const { query } = this.#db
    const each = query
      .selectFrom('image_blobs')
      .select(['digest', 'size'])
      .union(
        query.selectFrom('image_manifests').select(['digest', 'size']).where('size', 'is not', null).$castTo<Sized>(),
      )
      .union(query.selectFrom('layer_variants').select(['digest', 'size']))
    const sum = query.selectFrom(each.as('each')).select(({ fn }) => fn.sum<number | null>('size').as('bytes'))
    return this.#db.first<{ bytes: number | null }>(sum)?.bytes ?? 0
  }

  isKnown(digest: string): boolean {
    return (['image_blobs', 'image_manifests', 'layer_variants'] as const).some((table) =>
      this.#db.first(this.#db.query.selectFrom(table).select('digest').where('digest', '=', digest).limit(1)),
    )
  }

  heldManifests(): HeldManifest[] {
    return this.#db.all<HeldManifest>(
      this.#db.query
        .selectFrom('image_manifests')
        .select(['repository', 'digest', 'size', 'added_at as addedAt', 'subject'])
        .where('size', 'is not', null)
        .$castTo<HeldManifest>(),
    )
  }

  heldBlobs(): HeldBlob[] {
    return this.#db.all(this.#blobs())
  }

  links(): ManifestLink[] {
    return this.#db.all(this.#db.query.selectFrom('image_links').select(['repository', 'parent', 'child']))
  }

  noteUse(repository: string, digest: string, at: string): void {
    this.#db.run(this.#db.query.replaceInto('image_uses').values({ repository, digest, used_at: at }))
  }

  uses(): Map<string, string> {
    const rows = this.#db.all(this.#db.query.selectFrom('image_uses').selectAll())
    return new Map(rows.map(({ repository, digest, used_at }) => [`${repository}@${digest}`, used_at]))
  }

  unread(): ManifestRecord[] {
    return this.#db.all(this.#manifests().where('size', 'is', null))
  }

  together<T>(work: () => T): T {
    return this.#db.transaction(work)
  }

  #putManifest({
    repository,
    digest,
    mediaType,
    size,
    addedAt,
    blobs,
    manifests,
    blobsLater,
    ...facts
  }: NewManifest): void {
    const { query } = this.#db
    const { subject, artifactType, annotations } = facts
    this.#db.run(
      query.replaceInto('image_manifests').values({
        repository,
        digest,
        media_type: mediaType,
        size,
        added_at: addedAt,
        subject,
        artifact_type: artifactType,
        annotations: annotations === null ? null : JSON.stringify(annotations),
      }),
    )
    for (const blob of blobsLater ? [] : blobs) {
      const row = { repository, digest: blob.digest, size: blob.size, added_at: addedAt }
      this.#db.run(
        query
          .insertInto('image_blobs')
          .values(row)
          .onConflict((conflict) => conflict.doNothing()),
      )
    }
    for (const child of [...blobs.map((blob) => blob.digest), ...manifests]) {
      this.#db.run(query.replaceInto('image_links').values({ repository, parent: digest, child }))
    }
  }

  #tags() {
    return this.#db.query
      .selectFrom('image_tags')
      .select(['repository', 'tag', 'digest', 'media_type as mediaType', 'added_at as addedAt'])
  }

  #manifests() {
    return this.#db.query.selectFrom('image_manifests').select(['repository', 'digest', 'media_type as mediaType'])
  }

  #variants() {
    return this.#db.query.selectFrom('layer_variants').select(['layer', 'digest', 'size', 'made_at as madeAt'])
  }

  #blobs() {
    return this.#db.query.selectFrom('image_blobs').select(['repository', 'digest', 'size', 'added_at as addedAt'])
  }
}
