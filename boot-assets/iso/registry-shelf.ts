// Images of a registry, Landfall's own among them: what is taken is stored on this host for as long as the ISO is made.
import { BlobStore } from '../../server/oci/blob-store.ts'
import { OciError } from '../../server/oci/errors.ts'
import { formatReference } from '../../server/oci/reference.ts'
import type { RegistryClient } from '../../server/oci/registry-client.ts'
import { IsoError } from './error.ts'
import type { ImageShelf, IsoBlob } from './image.ts'

export interface RegistryShelfOptions {
  client: RegistryClient
  /** An empty folder for what is fetched. */
  work: string
  onProgress?: (bytes: number, totalBytes: number) => void
  signal?: AbortSignal
}

/** Whoever calls closes the client. */
export async function registryShelf({ client, work, onProgress, signal }: RegistryShelfOptions): Promise<ImageShelf> {
  const store = await BlobStore.open(work)
  const held = (digest: string, size: number): IsoBlob => ({ digest, size, file: store.file(digest), checked: true })
  return {
    async find(reference) {
      try {
        return await client.manifest(reference.repository, reference.digest ?? reference.tag ?? 'latest', signal)
      } catch (cause) {
        if (!(cause instanceof OciError && cause.code === 'MANIFEST_UNKNOWN')) throw cause
        throw new IsoError('IMAGE_UNKNOWN', `there is no image ${formatReference(reference)}`, {
          cause,
          hint: 'check repository and tag; `landfall image list` shows what a Landfall server has',
        })
      }
    },
    async manifest(repository, digest) {
      const { bytes } = await client.manifest(repository, digest, signal)
      await store.put(bytes)
      return held(digest, bytes.length)
    },
    async fetch(repository, blobs) {
      const totalBytes = blobs.reduce((sum, { size }) => sum + size, 0)
      let bytes = 0
      for (const { digest, size } of blobs) {
        const before = bytes
        const source = () => Promise.resolve(client.blob(repository, digest, size, signal))
        await store.ingest(
          source,
          { what: `blob ${digest} of ${repository}`, digest, size },
          { onBytes: (count) => onProgress?.((bytes += count), totalBytes) },
        )
        bytes = before + size
        onProgress?.(bytes, totalBytes)
      }
      return blobs.map(({ digest, size }) => held(digest, size))
    },
  }
}
