// Which images go when others need their room: those that may, the one that nobody used for longest first.
import type { HeldBlob, HeldManifest, ManifestLink, TagRecord } from '../core/images.ts'
import { taggedDigest } from './signatures.ts'

/** What the records say. */
export interface HeldImages {
  manifests: readonly HeldManifest[]
  blobs: readonly HeldBlob[]
  links: readonly ManifestLink[]
  tags: readonly TagRecord[]
  /** When manifests were read last, by {@link keyOf}. */
  uses: ReadonlyMap<string, string>
}

export interface EvictionRules {
  /** Why somebody needs a digest. */
  needed: ReadonlyMap<string, string>
  /** Whether an image can be fetched again, or may go without. */
  mayGo: (image: { repository: string; digest: string }) => boolean
  /** What was used since then stays: somebody may still be reading. */
  usedSince: string
  /** Blobs that somebody counts on who has not said so in the records yet. */
  isTouched: (digest: string) => boolean
}

/** A manifest or index that nothing else leads to, with all that it leads to and all that is about it. */
export interface StoredImage {
  repository: string
  digest: string
  tags: string[]
  usedAt: string
  /** Why it stays; undefined when it may go. */
  kept: string | undefined
  /** Digests of its manifests, with those about it. */
  manifests: string[]
}

export interface Eviction extends StoredImage {
  /** What its going frees, when those before it in the plan are gone. */
  bytes: number
  /** What its repository holds no more. */
  goes: { manifests: string[]; blobs: string[] }
}

/** All images, the one first that was not used for longest. */
export function imagesByUse(held: HeldImages, rules: EvictionRules): StoredImage[] {
  const known = new Set(held.manifests.map(keyOf))
  const tagsOf = Map.groupBy(held.tags, keyOf)
  const below = new Map<string, string[]>()
  const isBelow = new Set<string>()
  const put = (repository: string, upper: string, lower: string): void => {
    const [from, to] = [keyOf({ repository, digest: upper }), keyOf({ repository, digest: lower })]
    if (!known.has(from) || !known.has(to) || from === to) return
    const list = below.get(from)
    if (list) list.push(lower)
    else below.set(from, [lower])
    isBelow.add(to)
  }
  for (const { repository, parent, child } of held.links) put(repository, parent, child)
  for (const { repository, subject, digest } of held.manifests) if (subject !== null) put(repository, subject, digest)
  for (const { repository, tag, digest } of held.tags) {
    const about = taggedDigest(tag)
    if (about !== undefined) put(repository, about, digest)
  }

  const addedAt = new Map(held.manifests.map((manifest) => [keyOf(manifest), manifest.addedAt]))
  const images = held.manifests
    .filter((manifest) => !isBelow.has(keyOf(manifest)))
    .map(({ repository, digest }) => {
      const manifests = reached(digest, (one) => below.get(keyOf({ repository, digest: one })) ?? [])
      const keys = manifests.map((one) => keyOf({ repository, digest: one }))
      const tags = keys.flatMap((key) => tagsOf.get(key) ?? [])
      const times = [
        ...keys.flatMap((key) => [addedAt.get(key)!, held.uses.get(key) ?? '']),
        ...tags.map((tag) => tag.addedAt),
      ]
      const image = {
        repository,
        digest,
        tags: tags.map(({ tag }) => tag).filter((tag) => taggedDigest(tag) === undefined),
        usedAt: times.toSorted().at(-1)!,
        manifests,
      }
      return { ...image, kept: whyKept(image, rules) }
    })
  return images.toSorted((a, b) => (a.usedAt < b.usedAt ? -1 : a.usedAt > b.usedAt ? 1 : 0))
}

/** What goes, one after the other, until so many bytes are free. All that may go, when that is not enough. */
export function planEviction(held: HeldImages, rules: EvictionRules, bytes: number): Eviction[] {
  const images = imagesByUse(held, rules)
  const ledger = new Ledger(held, images, rules.isTouched)
  const plan: Eviction[] = []
  let freed = 0
  for (const image of images) {
    if (freed >= bytes) break
    if (image.kept !== undefined) continue
    const gone = ledger.remove(image)
    freed += gone.bytes
    plan.push({ ...image, ...gone })
  }
  return plan
}

export function keyOf({ repository, digest }: { repository: string; digest: string }): string {
  return `${repository}@${digest}`
}

function whyKept(
  { repository, digest, usedAt, manifests }: Pick<StoredImage, 'repository' | 'digest' | 'usedAt' | 'manifests'>,
  { needed, mayGo, usedSince }: EvictionRules,
): string | undefined {
  for (const one of manifests) if (needed.has(one)) return needed.get(one)
  if (!mayGo({ repository, digest })) return 'it is here only'
  return usedAt >= usedSince ? 'it was used just now' : undefined
}

/** Everything that `next` leads to, the beginning included. Circles end. */
function reached(from: string, next: (digest: string) => readonly string[]): string[] {
  const found = new Set([from])
  for (const one of found) for (const other of next(one)) found.add(other)
  return [...found]
}

/** Counts who still needs what while images go. */
class Ledger {
  /** Images that have a manifest, manifests that need a blob: by repository. */
  readonly #users = new Map<string, number>()
  /** Repositories that hold a digest. */
  readonly #holders = new Map<string, number>()
  readonly #sizes = new Map<string, number>()
  readonly #blobs: ReadonlySet<string>
  readonly #children: ReadonlyMap<string, ManifestLink[]>
  readonly #isTouched: (digest: string) => boolean

  constructor(held: HeldImages, images: readonly StoredImage[], isTouched: (digest: string) => boolean) {
    this.#blobs = new Set(held.blobs.map(keyOf))
    this.#children = Map.groupBy(held.links, ({ repository, parent }) => keyOf({ repository, digest: parent }))
    this.#isTouched = isTouched
    for (const { repository, manifests } of images) {
      for (const digest of manifests) count(this.#users, keyOf({ repository, digest }))
    }
    for (const { repository, child } of held.links) {
      const key = keyOf({ repository, digest: child })
      if (this.#blobs.has(key)) count(this.#users, key)
    }
    const rows = new Set([...held.blobs, ...held.manifests].map(keyOf))
    for (const key of rows) count(this.#holders, digestIn(key))
    for (const { digest, size } of [...held.blobs, ...held.manifests]) this.#sizes.set(digest, size)
  }

  remove({ repository, manifests }: StoredImage): Pick<Eviction, 'bytes' | 'goes'> {
    const goes = { manifests: [] as string[], blobs: [] as string[] }
    let bytes = 0
    const free = (digest: string): void => {
      if (count(this.#holders, digest, -1) === 0) bytes += this.#sizes.get(digest)!
    }
    for (const digest of manifests) {
      const key = keyOf({ repository, digest })
      if (count(this.#users, key, -1) > 0) continue
      goes.manifests.push(digest)
      free(digest)
      for (const { child } of this.#children.get(key) ?? []) {
        const blob = keyOf({ repository, digest: child })
        if (!this.#blobs.has(blob) || count(this.#users, blob, -1) > 0 || this.#isTouched(child)) continue
        goes.blobs.push(child)
        free(child)
      }
    }
    return { bytes, goes }
  }
}

function count(counts: Map<string, number>, key: string, by = 1): number {
  const now = (counts.get(key) ?? 0) + by
  counts.set(key, now)
  return now
}

function digestIn(key: string): string {
  return key.slice(key.indexOf('@') + 1)
}
