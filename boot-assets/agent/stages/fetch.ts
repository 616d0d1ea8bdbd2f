// Streams the image's layers from the server straight into the repository on the target disk.
import { join } from 'node:path'
import { importImage } from '../ostree/import-image.ts'
import { Repo } from '../ostree/repo.ts'
import type { ResolvedImage } from './resolve.ts'

export interface FetchOptions {
  image: ResolvedImage
  /** Where the target's root is mounted. */
  mountPoint: string
  /** Origin of the registry. */
  url: string
  /** PEM of the only CA to trust. */
  ca: string
  signal: AbortSignal
  onProgress: (bytes: number, totalBytes: number, message: string) => void
}

export interface FetchedImage {
  mergeCommit: string
  files: number
}

/** Every byte is hashed as it passes; nothing is staged. Throws OstreeError and StreamError. */
export async function fetchImage(options: FetchOptions): Promise<FetchedImage> {
  const { image, mountPoint, url, ca, signal, onProgress } = options
  const { mergeCommit, files } = await importImage({
    repo: Repo.init(join(mountPoint, 'ostree/repo')),
    manifest: image.manifest,
    config: image.config,
    manifestDigest: image.digest,
    targetImage: `docker://${image.targetReference}`,
    locate: (layer) => ({ urls: [`${url}/v2/${image.repository}/blobs/${layer.digest}`], ca }),
    signal,
    onProgress: (progress) =>
      onProgress(
        progress.bytes,
        progress.totalBytes,
        `layer ${Math.min(progress.layers + 1, progress.totalLayers)} of ${progress.totalLayers}`,
      ),
  })
  return { mergeCommit, files }
}
