// Asks for the size of every layer before the disk is touched: what is missing, or not as long as promised, need not cost a disk.
import type { ImageSource } from '../link/task-source.ts'
import { retry } from '../link/retry.ts'
import { ServerError } from '../link/server.ts'
import { AgentError } from '../errors.ts'
import type { ResolvedImage } from './resolve.ts'

/** Questions on their way at the same time. */
const AT_ONCE = 8

/** Throws AgentError SIZE_MISMATCH, IMAGE_NOT_FOUND; MEDIUM_UNREADABLE. */
export async function measureLayers(
  images: Pick<ImageSource, 'size'>,
  { repository, manifest }: Pick<ResolvedImage, 'repository' | 'manifest'>,
  onTrouble: (message: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const queue = new Map(manifest.layers.map((layer) => [layer.digest, layer])).values()
  const work = async () => {
    for (const { digest, size } of queue) {
      const got = await retry(() => images.size(repository, digest, signal), {
        again: (error) => error instanceof ServerError && error.temporary,
        onRetry: (error) => onTrouble((error as Error).message),
        signal,
      })
      if (got === size) continue
      throw new AgentError('SIZE_MISMATCH', `layer ${digest} of ${repository} has ${got} bytes, want ${size}`, {
        hint: 'import or pull the image into Landfall again',
      })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}
