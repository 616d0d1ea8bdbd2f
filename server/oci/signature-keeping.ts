// Keeps the signatures of an image beside it, where clients of our registry look for them.
import type { ImageRecords, NewManifest, TagRecord } from '../core/images.ts'
import type { BlobStore } from './blob-store.ts'
import { MAX_MANIFEST_BYTES } from './manifest.ts'
import { readManifest } from './manifest-facts.ts'
import { signatureArtifact } from './signature-artifact.ts'
import type { SignatureArtifact } from './signature-artifact.ts'
import type { FoundSignatures } from './signatures.ts'

/**
 * Stores what was found for the image, whose manifest is stored: simple signatures under their tag, all others as referrers of the image, however
 * they were listed where they came from.
 */
export async function keepSignatures(
  blobs: BlobStore,
  records: Pick<ImageRecords, 'put'>,
  image: { repository: string; digest: string },
  found: Omit<FoundSignatures, 'evidence'>,
  now: Date,
): Promise<void> {
  const { repository } = image
  const addedAt = now.toISOString()
  const manifests: NewManifest[] = []
  const tags: TagRecord[] = []
  const artifacts = await artifactsOf(blobs, image.digest, found.loose)
  for (const bytes of [...found.blobs, ...artifacts.flatMap((one) => one.blobs)]) await blobs.put(bytes)
  const kept: FoundSignatures['manifests'] = [...found.manifests, ...artifacts.map(({ manifest }) => manifest)]
  for (const { tag, digest, mediaType, bytes } of kept) {
    await blobs.put(bytes)
    const facts = readManifest(bytes, mediaType)
    manifests.push({ ...facts, ...(tag === undefined && { subject: image.digest }), repository, digest, addedAt })
    if (tag !== undefined) tags.push({ repository, tag, digest, mediaType, addedAt })
  }
  records.put(manifests, tags)
  blobs.settle(manifests.flatMap(({ digest, blobs }) => [digest, ...blobs.map((blob) => blob.digest)]))
}

async function artifactsOf(blobs: BlobStore, digest: string, loose: readonly Buffer[]): Promise<SignatureArtifact[]> {
  if (loose.length === 0) return []
  const { mediaType, size } = readManifest(await blobs.read(digest, MAX_MANIFEST_BYTES))
  return loose.map((signature) => signatureArtifact({ mediaType, digest, size }, signature))
}
