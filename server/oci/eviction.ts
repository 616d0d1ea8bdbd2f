// Makes room for what comes in, at the cost of what can be fetched again.
import type { CachedImage } from '../contract/image-upkeep.ts'
import type { ImageRecords, LayerVariant } from '../core/images.ts'
import type { BlobStore } from './blob-store.ts'
import { imagesByUse, planEviction } from './eviction-plan.ts'
import type { Eviction, EvictionRules, HeldImages, StoredImage } from './eviction-plan.ts'

const HOUR_MS = 3600 * 1000
/** Longer than a pull takes between its manifest and its last blob. */
const USED_MS = HOUR_MS
/** As garbage collection spares them. */
const TOUCHED_MS = 24 * HOUR_MS

export interface EvictorOptions {
  records: ImageRecords
  blobs: BlobStore
  /** Digests that machines, profiles and followed tags need, and why. */
  needed: () => ReadonlyMap<string, string>
  mayGo: () => EvictionRules['mayGo']
  onEvicted?: (image: CachedImage) => void
  now?: () => Date
}

/** What goes for the room that is wanted. */
export interface RoomPlan {
  /** First: they can be made again. */
  variants: LayerVariant[]
  images: Eviction[]
  bytes: number
}

export class Evictor {
  readonly #options: Required<EvictorOptions>

  constructor(options: EvictorOptions) {
    this.#options = { onEvicted: () => {}, now: () => new Date(), ...options }
  }

  /** Frees at least so many bytes; false, and then nothing is gone, when that cannot be. Nothing else runs meanwhile. */
  makeRoom(bytes: number): boolean {
    const plan = this.plan(bytes)
    if (plan.bytes < bytes) return false
    this.carryOut(plan)
    return true
  }

  /** What would go for so many bytes; all that may, when that is not enough. */
  plan(bytes: number): RoomPlan {
    const held = this.#held()
    const known = new Set([...held.blobs, ...held.manifests].map(({ digest }) => digest))
    const variants: LayerVariant[] = []
    let freed = 0
    // Layers that unpack to the same have one file.
    for (const [digest, same] of Map.groupBy(this.#options.records.variants(), (variant) => variant.digest)) {
      if (freed >= bytes) break
      variants.push(...same)
      if (!known.has(digest)) freed += same[0]!.size
    }
    const images = freed < bytes ? planEviction(held, this.#rules(), bytes - freed) : []
    return { variants, images, bytes: images.reduce((sum, image) => sum + image.bytes, freed) }
  }

  /** Records first, in one transaction: a kill in between leaves files that the next garbage collection finds. */
  carryOut({ variants, images }: RoomPlan): void {
    const { records, blobs, onEvicted } = this.#options
    records.together(() => {
      for (const { layer } of variants) records.removeVariant(layer)
      for (const { repository, goes } of images) {
        for (const digest of goes.manifests) records.removeManifest(repository, digest)
        for (const digest of goes.blobs) records.removeBlob(repository, digest)
      }
    })
    for (const { digest } of variants) if (!records.isKnown(digest)) blobs.remove(digest)
    for (const image of images) {
      for (const digest of [...image.goes.manifests, ...image.goes.blobs]) {
        if (!records.isKnown(digest) && !this.#isTouched(digest)) blobs.remove(digest)
      }
      onEvicted(viewOf(image))
    }
  }

  /** All images in the order in which they would go, with why others stay. */
  list(): CachedImage[] {
    const held = this.#held()
    const size = new Map([...held.manifests, ...held.blobs].map(({ digest, size }) => [digest, size]))
    const children = Map.groupBy(held.links, ({ parent }) => parent)
    return imagesByUse(held, this.#rules()).map((image) => {
      const digests = new Set(
        image.manifests.flatMap((digest) => [digest, ...(children.get(digest) ?? []).map(({ child }) => child)]),
      )
      return viewOf({ ...image, bytes: digests.values().reduce((sum, digest) => sum + (size.get(digest) ?? 0), 0) })
    })
  }

  #held(): HeldImages {
    const { records } = this.#options
    return {
      manifests: records.heldManifests(),
      blobs: records.heldBlobs(),
      links: records.links(),
      tags: records.tags(),
      uses: records.uses(),
    }
  }

  #rules(): EvictionRules {
    const { needed, mayGo, now } = this.#options
    return {
      needed: needed(),
      mayGo: mayGo(),
      usedSince: new Date(now().getTime() - USED_MS).toISOString(),
      isTouched: (digest) => this.#isTouched(digest),
    }
  }

  #isTouched(digest: string): boolean {
    const { blobs, now } = this.#options
    return blobs.touchedSince(digest, now().getTime() - TOUCHED_MS)
  }
}

function viewOf({ repository, digest, tags, usedAt, kept, bytes }: StoredImage & { bytes: number }): CachedImage {
  return { repository, digest, tags, usedAt, bytes, kept: kept ?? null }
}
