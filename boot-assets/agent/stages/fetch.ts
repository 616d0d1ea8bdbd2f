// Streams the image's layers from where they are straight into the repository on the target disk.
import { join } from 'node:path'
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
  signal: AbortSignal
  onProgress: (bytes: number, totalBytes: number, message: string) => void
}

/** Every byte is hashed as it passes; nothing is staged. Throws OstreeError and StreamError. */
export function fetchImage(options: FetchOptions): Promise<ImportResult> {
  const { image, images, mountPoint, signal, onProgress } = options
  return importImage({
    repo: Repo.init(join(mountPoint, 'ostree/repo')),
    manifest: image.manifest,
    config: image.config,
    manifestDigest: image.digest,
    targetImage: `docker://${image.targetReference}`,
    locate: ({ digest }) => images.locate(image.repository, digest),
    signal,
    onProgress: (progress) =>
      onProgress(
        progress.bytes,
        progress.totalBytes,
        `layer ${Math.min(progress.layers + 1, progress.totalLayers)} of ${progress.totalLayers}`,
      ),
  })
}
