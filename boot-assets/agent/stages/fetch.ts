// Streams the image's layers from where they are straight into the repository on the target disk.
import { join } from 'node:path'
import { formatBytes } from '../../../server/contract/bytes.ts'
import type { LayersReport } from '../../../server/contract/install-layers.ts'
import type { ImageSource } from '../link/task-source.ts'
import { importImage } from '../ostree/import-image.ts'
import type { ImportResult } from '../ostree/import-image.ts'
import { Repo } from '../ostree/repo.ts'
import type { ResolvedImage } from './resolve.ts'

export interface FetchOptions {
  image: ResolvedImage
  /** Where the target's root is mounted. */
  mountPoint: string
  images: Pick<ImageSource, 'locate'>
  /** Digests of layers that the server unpacked, and found to be what the configuration says. */
  readLayers: readonly string[] | undefined
  signal: AbortSignal
  onProgress: (bytes: number, totalBytes: number, message: string, layers: () => LayersReport) => void
  say: (text: string) => void
}

/** Every byte is hashed as it passes; nothing is staged. Throws OstreeError and StreamError. */
export async function fetchImage(options: FetchOptions): Promise<ImportResult> {
  const { image, images, readLayers, mountPoint, signal, onProgress, say } = options
  const imported = await importImage({
    repo: Repo.init(join(mountPoint, 'ostree/repo')),
    manifest: image.manifest,
    config: image.config,
    manifestDigest: image.digest,
    targetImage: `docker://${image.targetReference}`,
    locate: ({ digest }) => images.locate(image.repository, digest),
    vouchedFor: new Set(readLayers),
    signal,
    onProgress: ({ bytes, totalBytes, layers: done, totalLayers }, layers) => {
      const message =
        totalLayers === 0 ? 'all layers are here' : `layer ${Math.min(done + 1, totalLayers)} of ${totalLayers}`
      onProgress(bytes, totalBytes, message, layers)
    },
  })
  say(wrappingText(imported))
  return imported
}

function wrappingText({ totalLayers, recoded: { layers, bytes, insteadOf } }: ImportResult): string {
  if (layers === 0) return 'all layers came as the image has them'
  const saved = `${formatBytes(bytes)} instead of ${formatBytes(insteadOf)}`
  return `${layers} of ${totalLayers} layers came as zstd, which the server makes of gzip: ${saved}`
}
