// Keeps the signatures of an image beside it, where clients of our registry look for them.
import type { ImageRecords, NewManifest, TagRecord } from '../core/images.ts'
import type { BlobStore } from './blob-store.ts'
import { readManifest } from './manifest-facts.ts'
import type { FoundSignatures } from './signatures.ts'

/** Stores what was found for the image: simple signatures under their tag, bundles as referrers of the image, however they were listed where they came from. */
export async function keepSignatures(
  blobs: BlobStore,
  records: Pick<ImageRecords, 'put'>,
  image: { repository: string; digest: string },
  found: FoundSignatures,
  now: Date,
): Promise<void> {
  const { repository } = image
  const addedAt = now.toISOString()
  const manifests: NewManifest[] = []
  const tags: TagRecord[] = []
  for (const bytes of found.blobs) await blobs.put(bytes)
  for (const { tag, digest, mediaType, bytes } of found.manifests) {
    await blobs.put(bytes)
    const facts = readManifest(bytes, mediaType)
    manifests.push({ ...facts, ...(tag === undefined && { subject: image.digest }), repository, digest, addedAt })
    if (tag !== undefined) tags.push({ repository, tag, digest, mediaType, addedAt })
  }
  records.put(manifests, tags)
  blobs.settle(manifests.flatMap(({ digest, blobs }) => [digest, ...blobs.map((blob) => blob.digest)]))
}
