// An image that is larger than a machine's memory: another image plus one layer of any size that packs small.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildOnce } from '../../boot-assets/cache.ts'
import { addImage, addLayer, blobPath, createLayout, layersOf, linkOrCopy, readImage, repositoryOf } from './layout.ts'
import type { Layer } from './layout.ts'
import { directory, tar } from './tar.ts'
import type { TarEntry } from './tar.ts'

const MIB = 2 ** 20
const BLOCK_SIZE = 64 * 1024
/** Sizes of the files, over and over until the layer is full. */
const FILE_SIZES = [1, 2, 4, 8, 16, 32, 64].map((mib) => mib * MIB)
const FOLDER = 'usr/share/landfall-large'
const MTIME = 1_735_689_600
/** Raised when the same size would give other bytes. */
const FORMAT = 1

/**
 * Adds an image to the layout under `toTag`: the one tagged `fromTag` and a zstd layer of files of 1 to 64 MiB, `bytes` in all
 * (rounded up to whole MiB). Their content repeats a pseudo-random block with a counter in it: it packs a thousandfold, but no
 * two files, nor any two blocks, are alike, and none is zeros. Streamed, and the layer is cached. The layout is changed:
 * give it a copy (`copyLayout`) of one that others use. Returns the digest of the manifest.
 */
export async function addLargeLayer(layout: string, fromTag: string, toTag: string, bytes: number): Promise<string> {
  const image = await readImage(layout, fromTag)
  const layer = await largeLayer(layout, bytes)
  const { digest } = await addImage(layout, {
    repository: repositoryOf(image),
    tag: toTag,
    layers: [...layersOf(image), layer],
    created: Date.parse(image.config.created) / 1000,
    architecture: image.config.architecture,
    ...(image.config.config.Labels && { labels: image.config.config.Labels }),
  })
  return digest
}

async function largeLayer(layout: string, bytes: number): Promise<Layer> {
  const cached = await buildOnce('large-layer', [FORMAT, bytes], async (dir) => {
    await createLayout(dir)
    const options = { compression: 'zstd', level: 3, createdBy: `${bytes} bytes of test data` } as const
    const { descriptor, diffId, createdBy } = await addLayer(dir, tar(entries(bytes), { mtime: MTIME }), options)
    await writeFile(join(dir, 'layer.json'), JSON.stringify({ descriptor, diffId, createdBy } satisfies Layer))
  })
  const layer = JSON.parse(await readFile(join(cached, 'layer.json'), 'utf8')) as Layer
  await linkOrCopy(blobPath(cached, layer.descriptor.digest), blobPath(layout, layer.descriptor.digest))
  return layer
}

function* entries(bytes: number): Generator<TarEntry> {
  yield directory(FOLDER)
  const block = pseudoRandom(BLOCK_SIZE)
  let counter = 0
  for (let left = Math.ceil(bytes / MIB) * MIB, n = 0; left > 0; n++) {
    const size = Math.min(left, FILE_SIZES[n % FILE_SIZES.length]!)
    const first = counter
    counter += size / BLOCK_SIZE
    left -= size
    yield {
      type: 'stream',
      path: `${FOLDER}/${String(n).padStart(6, '0')}.bin`,
      size,
      chunks: blocks(block, first, size / BLOCK_SIZE),
    }
  }
}

function* blocks(block: Buffer, first: number, count: number): Generator<Uint8Array> {
  for (let i = first; i < first + count; i++) {
    const numbered = Buffer.from(block)
    numbered.writeBigUInt64LE(BigInt(i))
    yield numbered
  }
}

/** The same bytes in every run (xorshift32), without any that repeat. */
function pseudoRandom(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let state = 0x9e3779b9
  for (let offset = 0; offset < size; offset += 4) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes.writeInt32LE(state | 0, offset)
  }
  return bytes
}
