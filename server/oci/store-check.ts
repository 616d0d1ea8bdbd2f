// `landfall image fsck`: is every file what its name says, and is everything there that tags and manifests lead to?
import { createHash } from 'node:crypto'
import type { CheckReport, StoreProblem } from '../contract/image-upkeep.ts'
import type { ImageRecords } from '../core/images.ts'
import type { BlobStore } from './blob-store.ts'
import { algorithmOf } from './verify.ts'

export interface CheckOptions {
  records: ImageRecords
  blobs: BlobStore
  /** Whether a repository holds only what somebody asked for so far. */
  isPartial?: (repository: string) => boolean
  /** Removes damaged files, so that they can be brought in again. */
  repair?: boolean
  onProgress?: (bytes: number, totalBytes: number) => void
  signal?: AbortSignal
}

/** Reads the whole store. */
export async function checkStore(options: CheckOptions): Promise<CheckReport> {
  const { records, blobs, isPartial = () => false, repair = false, onProgress = () => {}, signal } = options
  const files = await Array.fromAsync(blobs.files())
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0)
  const problems: StoreProblem[] = []
  const sound = new Set<string>()
  let bytes = 0
  for (const { digest } of files) {
    signal?.throwIfAborted()
    const got = await digestOfFile(blobs, digest, (count) => onProgress((bytes += count), totalBytes))
    // Removed while the check was under way.
    if (got === undefined) continue
    if (got === digest) {
      sound.add(digest)
      continue
    }
    if (repair) blobs.remove(digest)
    const message = `the file of ${digest} holds ${got}${repair ? '; it was removed: push or pull the image again' : ''}`
    problems.push({ kind: 'damaged', digest, message })
  }
  problems.push(...(await missing(records, blobs, isPartial, sound)))
  return { files: files.length, bytes, problems }
}

async function digestOfFile(
  blobs: BlobStore,
  digest: string,
  onBytes: (count: number) => void,
): Promise<string | undefined> {
  if ((await blobs.size(digest)) === undefined) return undefined
  const algorithm = algorithmOf(digest)
  const hash = createHash(algorithm)
  for await (const chunk of blobs.stream(digest) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    onBytes(chunk.length)
  }
  return `${algorithm}:${hash.digest('hex')}`
}

/** What the records promise and the store does not hold. */
async function missing(
  records: ImageRecords,
  blobs: BlobStore,
  isPartial: (repository: string) => boolean,
  sound: ReadonlySet<string>,
): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = []
  const isThere = async (digest: string) => sound.has(digest) || (await blobs.size(digest)) !== undefined
  for (const { repository, digest } of [...records.heldManifests(), ...records.unread()]) {
    if (await isThere(digest)) continue
    problems.push({ kind: 'missing', digest, message: `manifest ${digest} of ${repository} has no file` })
  }
  for (const { repository, parent, child } of records.links()) {
    const held = records.blob(repository, child) ?? records.manifest(repository, child)
    if (held ? await isThere(child) : isPartial(repository)) continue
    problems.push({ kind: 'missing', digest: child, message: `manifest ${parent} of ${repository} needs ${child}` })
  }
  for (const { repository, tag, digest } of records.tags()) {
    if (records.manifest(repository, digest)) continue
    problems.push({ kind: 'dangling', digest, message: `${repository}:${tag} points to ${digest}, which is not there` })
  }
  return problems
}
