// Reads layers in the thread of the test.
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { readLayer } from '../../server/inspect/layer-reader.ts'
import { LayerReading } from '../../server/inspect/layer-reading.ts'
import type { BlobStore } from '../../server/oci/blob-store.ts'
import type { Store } from '../../server/store/store.ts'

/** Started; who asks for it stops it. */
export function testReading(store: Store, blobs: BlobStore, dir: string): LayerReading {
  const reading = new LayerReading({
    records: store.layers,
    blobs,
    folder: join(dir, 'reading'),
    maxLayerBytes: 2 ** 30,
    thread: {
      read: ({ file, ...job }, onBytes) => readLayer(createReadStream(file), job, onBytes),
      end: () => Promise.resolve(),
    },
  })
  store.images.watchBlobs(() => reading.wake())
  reading.start()
  return reading
}

/** Waits until all layers of the image were read. */
export async function untilRead(reading: LayerReading, digest: string): Promise<void> {
  for (;;) {
    const news = reading.settled()
    if ((await reading.image(digest)).progress === null) return
    await news
  }
}
