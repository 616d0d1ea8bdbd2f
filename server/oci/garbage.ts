// Garbage collection: what no tag, no pinned digest and no install leads to goes, unless it is so new that somebody may be about to use it.
import type { GarbageReport } from '../contract/image-upkeep.ts'
import type { HeldManifest, ImageRecords } from '../core/images.ts'
import type { BlobStore } from './blob-store.ts'
import type { UploadStore } from './upload-store.ts'

const DAY_MS = 24 * 3600 * 1000
/** A push brings blobs long before the manifest that needs them. */
const GRACE_MS = DAY_MS

type CollectedGarbage = Pick<GarbageReport, 'manifests' | 'blobs' | 'bytes' | 'uploads' | 'removed'>

export interface GarbageOptions {
  records: ImageRecords
  blobs: BlobStore
  uploads: UploadStore
  /** Digests that machines run, want, or are being installed from. */
  pinned: ReadonlySet<string>
  /** How long manifests without a tag are kept. */
  untaggedDays: number
  /** Only tells what would go. */
  dryRun?: boolean
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
  now?: Date
}

/** Removes it and says how much it was. Pushes and pulls may go on meanwhile. */
export async function collectGarbage(options: GarbageOptions): Promise<CollectedGarbage> {
  const { records, blobs, uploads, dryRun = false, onProgress = () => {}, signal, now = new Date() } = options
  const report: CollectedGarbage = { manifests: 0, blobs: 0, bytes: 0, uploads: 0, removed: [] }
  if (!dryRun) report.uploads = await uploads.expire(now.getTime())

  const unneeded = records.together(() => dropRecords(options, now))
  report.manifests = unneeded.manifests.size
  report.removed = unneeded.removed
  const files = await Array.fromAsync(blobs.files())
  const recent = now.getTime() - GRACE_MS
  for (const [index, { digest, size }] of files.entries()) {
    signal?.throwIfAborted()
    // From here to the removal nothing else runs: no push can begin to count on the blob in between.
    const isKnown = records.isKnown(digest) && !unneeded.digests.has(digest)
    if (!isKnown && !blobs.touchedSince(digest, recent) && (dryRun || blobs.remove(digest))) {
      report.bytes += size
      if (!unneeded.manifests.has(digest)) report.blobs++
    }
    if (index % 64 === 0) {
      onProgress(index, files.length)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  onProgress(files.length, files.length)
  return report
}

interface Unneeded {
  removed: GarbageReport['removed']
  manifests: Set<string>
  /** Manifests and blobs that no repository has now, and what was made of those. */
  digests: Set<string>
}

/** Removes the records of what is not needed; with `dryRun` only finds it. In one transaction. */
function dropRecords({ records, blobs, dryRun = false, ...options }: GarbageOptions, now: Date): Unneeded {
  const needed = neededManifests({ records, ...options }, now)
  const [kept, dropped] = partition(records.heldManifests(), (manifest) => needed.has(keyOf(manifest)))
  const [live, dead] = partition(records.links(), ({ repository, parent }) =>
    needed.has(keyOf({ repository, digest: parent })),
  )
  const childrenOf = (links: typeof live) =>
    new Set(links.map(({ repository, child }) => keyOf({ repository, digest: child })))
  const [used, left] = [childrenOf(live), childrenOf(dead)]
  const variants = records.variants()
  const recent = now.getTime() - GRACE_MS
  const [held, loose] = partition(records.heldBlobs(), (blob) => {
    if (used.has(keyOf(blob)) || blobs.touchedSince(blob.digest, recent)) return true
    // What no manifest needs any more goes at once; what none needs yet may be part of a push.
    return !left.has(keyOf(blob)) && Date.parse(blob.addedAt) >= recent
  })
  if (!dryRun) {
    for (const { repository, digest } of dropped) records.removeManifest(repository, digest)
    for (const { repository, digest } of loose) records.removeBlob(repository, digest)
  }
  const stay = new Set([...kept, ...held].map(({ digest }) => digest))
  const removed = dropped.map(({ repository, digest, subject }) => {
    const why =
      subject === null
        ? `no tag and no machine needs it for ${options.untaggedDays} days`
        : `about ${subject}, which goes too`
    return { repository, digest, why }
  })
  const digests = new Set([...dropped, ...loose].map(({ digest }) => digest)).difference(stay)
  const [orphaned, others] = partition(variants, ({ layer }) => digests.has(layer))
  const inUse = stay.union(new Set(others.map(({ digest }) => digest)))
  return {
    removed,
    manifests: new Set(dropped.map(({ digest }) => digest)),
    digests: digests.union(new Set(orphaned.map(({ digest }) => digest)).difference(inUse)),
  }
}

/** Tags, pins and new manifests, all they lead to, and what is about any of those. */
function neededManifests(
  { records, pinned, untaggedDays }: Pick<GarbageOptions, 'records' | 'pinned' | 'untaggedDays'>,
  now: Date,
): Set<string> {
  const manifests = records.heldManifests()
  const recent = new Date(now.getTime() - untaggedDays * DAY_MS).toISOString()
  const children = Map.groupBy(records.links(), ({ repository, parent }) => keyOf({ repository, digest: parent }))
  const about = Map.groupBy(
    manifests.filter(({ subject }) => subject !== null),
    ({ repository, subject }) => keyOf({ repository, digest: subject! }),
  )
  const needed = new Set<string>()
  const queue = [
    ...records.tags(),
    ...manifests.filter(({ digest }) => pinned.has(digest)),
    // Signatures go with what they are about, however new they are; unless that never came.
    ...manifests.filter((manifest) => manifest.addedAt >= recent && !isAboutKnown(records, manifest)),
  ].map(({ repository, digest }) => ({ repository, digest }))
  for (let next = queue.pop(); next; next = queue.pop()) {
    const key = keyOf(next)
    if (needed.has(key)) continue
    needed.add(key)
    const { repository } = next
    for (const { child } of children.get(key) ?? []) queue.push({ repository, digest: child })
    for (const { digest } of about.get(key) ?? []) queue.push({ repository, digest })
  }
  return needed
}

function isAboutKnown(records: ImageRecords, { repository, subject }: HeldManifest): boolean {
  return subject !== null && records.manifest(repository, subject) !== undefined
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const { true: yes = [], false: no = [] } = Object.groupBy(items, (item) => String(test(item)))
  return [yes, no]
}

function keyOf({ repository, digest }: { repository: string; digest: string }): string {
  return `${repository}@${digest}`
}
