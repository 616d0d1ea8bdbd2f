// Keeps the signatures of an image beside it, where clients of our registry look for them.
import type { ImageRecords } from '../core/images.ts'
import type { BlobStore } from './blob-store.ts'
import { MAX_MANIFEST_BYTES, parseManifest } from './manifest.ts'
import type { Descriptor } from './manifest.ts'
import { OCI_INDEX } from './media-types.ts'
import { digestTag } from './signatures.ts'
import type { FoundSignatures } from './signatures.ts'

/**
 * Stores what was found for the image: simple signatures under their tag; bundles by digest, listed under the tag that stands in for the list
 * of referrers (distribution specification 1.1, "referrers tag schema"), beside those that are listed already.
 */
export async function keepSignatures(
  blobs: BlobStore,
  records: Pick<ImageRecords, 'tag' | 'put'>,
  { repository, digest }: { repository: string; digest: string },
  found: FoundSignatures,
  now: Date,
): Promise<void> {
  const addedAt = now.toISOString()
  for (const bytes of found.blobs) await blobs.put(bytes)
  for (const { bytes } of found.manifests) await blobs.put(bytes)
  for (const { tag, digest, mediaType } of found.manifests) {
    const record = { repository, digest, mediaType }
    if (tag !== undefined) records.put({ ...record, tag, addedAt }, [record])
  }
  const tag = digestTag(digest)
  const former = await listedAlready(blobs, records.tag(repository, tag)?.digest)
  const fresh = found.manifests.filter(
    (manifest) => manifest.tag === undefined && !former.some(({ digest }) => digest === manifest.digest),
  )
  if (fresh.length === 0) return
  const manifests = [
    ...former,
    ...fresh.map(({ digest, mediaType, bytes }) => ({ mediaType, digest, size: bytes.length })),
  ]
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }))
  const root = { repository, digest: await blobs.put(index), mediaType: OCI_INDEX }
  const members = fresh.map(({ digest, mediaType }) => ({ repository, digest, mediaType }))
  records.put({ ...root, tag, addedAt }, [root, ...members])
}

async function listedAlready(blobs: BlobStore, digest: string | undefined): Promise<Descriptor[]> {
  if (digest === undefined) return []
  const parsed = parseManifest(await blobs.read(digest, MAX_MANIFEST_BYTES))
  return parsed.kind === 'index' ? parsed.index.manifests : []
}
