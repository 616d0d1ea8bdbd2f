// Manifests that an earlier version recorded by name alone: read again, so that the registry knows what they need.
import type { ImageRecords, NewManifest } from '../core/images.ts'
import type { BlobStore } from './blob-store.ts'
import { OciError } from './errors.ts'
import { MAX_MANIFEST_BYTES } from './manifest.ts'
import { readManifest } from './manifest-facts.ts'

/** Returns what cannot be read, for the log; `landfall image fsck` names it too. */
export async function recordFacts(records: ImageRecords, blobs: BlobStore, now: Date): Promise<OciError[]> {
  const found: NewManifest[] = []
  const failures: OciError[] = []
  const unread = records.unread()
  for (const manifest of unread) {
    try {
      const facts = readManifest(await blobs.read(manifest.digest, MAX_MANIFEST_BYTES), manifest.mediaType)
      const held = (digest: string) => records.manifest(manifest.repository, digest) !== undefined
      found.push({ ...facts, ...manifest, manifests: facts.manifests.filter(held), addedAt: now.toISOString() })
    } catch (error) {
      if (!(error instanceof OciError)) throw error
      failures.push(error)
    }
  }
  if (found.length > 0) records.put(found, [])
  return failures
}
