// The two places signatures are read from: the store, and the registry that an image is pulled from.
import type { ImageRecords } from '../core/images.ts'
import type { BlobStore } from './blob-store.ts'
import { OciError } from './errors.ts'
import { MAX_MANIFEST_BYTES } from './manifest.ts'
import type { SignaturePlace } from './signatures.ts'
import type { UpstreamSource } from './upstream-source.ts'
import { readAll, verified } from './verify.ts'

type Records = Pick<ImageRecords, 'tag' | 'manifest' | 'referrers'>

export function storedSignatures(blobs: BlobStore, records: Records, repository: string): SignaturePlace {
  return {
    async manifest(tagOrDigest) {
      const record = tagOrDigest.startsWith('sha256:')
        ? records.manifest(repository, tagOrDigest)
        : records.tag(repository, tagOrDigest)
      if (!record || (await blobs.size(record.digest)) === undefined) return undefined
      const { digest, mediaType } = record
      return { digest, mediaType, bytes: await blobs.read(digest, MAX_MANIFEST_BYTES) }
    },
    blob: ({ digest, size }) => blobs.read(digest, size),
    referrers: (digest) => Promise.resolve(records.referrers(repository, digest).map((referrer) => referrer.digest)),
  }
}

/** A registry that refuses to say has none: whether that is enough is for the policy to decide. */
export function upstreamSignatures(source: UpstreamSource, repository: string, signal?: AbortSignal): SignaturePlace {
  return {
    manifest: (tagOrDigest) =>
      source.any(repository, (client, name) => client.manifest(name, tagOrDigest, signal)).catch(noneUnlessTemporary),
    blob({ digest, size }) {
      const what = `signature ${digest} of ${repository}`
      return source.any(repository, (client, name) =>
        readAll(verified(client.blob(name, digest, size, signal), { what, digest, size }), size, what),
      )
    },
    referrers: async (digest) =>
      (await source
        .any(repository, (client, name) => client.referrers(name, digest, signal))
        .catch(noneUnlessTemporary)) ?? [],
    loose: async (digest) =>
      (await source.lookaside?.signatures(repository, digest, signal).catch(noneUnlessTemporary)) ?? [],
  }
}

function noneUnlessTemporary(error: unknown): undefined {
  if (error instanceof OciError && !error.temporary && error.code !== 'ABORTED') return undefined
  throw error
}
