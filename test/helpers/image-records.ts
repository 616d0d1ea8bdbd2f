// ImageRecords in memory, for tests that need no file: the real ones, in a database that is gone afterwards.
import type { ImageRecords } from '../../server/core/images.ts'
import { openStore } from '../../server/store/store.ts'

export function memoryImageRecords(): ImageRecords {
  return openStore(':memory:').images
}
