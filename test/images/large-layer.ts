// An image that is larger than a machine's memory: another image plus layers of any size that pack small.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildOnce } from '../../boot-assets/cache.ts'
import { addImage, addLayer, blobPath, createLayout, layersOf, linkOrCopy, readImage, repositoryOf } from './layout.ts'
import type { Layer } from './layout.ts'
import { directory, tar } from './tar.ts'
import type { TarEntry } from './tar.ts'

const MIB = 2 ** 20
const BLOCK_SIZE = 64 * 1024
/** Of a block, unlike those of any other: layers that pack a hundredfold are refused as bombs. */
const OWN_BYTES = 1024
/** Sizes of the large files, over and over until the layer is full. */
const FILE_SIZES = [1, 2, 4, 8, 16, 32, 64].map((mib) => mib * MIB)
/** Sizes of the small files, as most of a distribution's are. */
const SMALL_SIZES = [300, 900, 2000, 4000, 6000, 9000, 14_000, 25_000]
const SMALL_FILES_IN_FOLDER = 256
export const LARGE_FOLDER = 'usr/share/landfall-large'
const MTIME = 1_735_689_600
/** Raised when the same size would give other bytes. */
const FORMAT = 3
/** Blocks that one layer can number. */
const BLOCKS_OF_LAYER = 2 ** 32

export interface LargeContent {
  /** Of the large files, rounded up to whole MiB. */
  bytes: number
  /** Files of 300 to 25 000 bytes besides them, 7650 on the average. */
  smallFiles?: number
}

export interface LargeImage {
  /** Of the manifest. */
  digest: string
  /** SHA-256 of what sha256sum prints of all files below {@link LARGE_FOLDER}, sorted by their paths from the root. */
  sums: string
}

/**
 * Adds an image to the layout under `toTag`: the one tagged `fromTag` and a zstd layer for each of `contents`, of files of 1 to 64 MiB and
 * of small ones. Their content repeats a pseudo-random block whose beginning differs: it packs sixtyfold, but no two files, nor
 * any two blocks, are alike, and none is zeros. Streamed, and the layers are cached. The layout is changed: give it a copy (`copyLayout`) of one
 * that others use.
 */
export async function addLargeLayers(
  layout: string,
  fromTag: string,
  toTag: string,
  contents: readonly LargeContent[],
): Promise<LargeImage> {
  const image = await readImage(layout, fromTag)
  const layers = layersOf(image)
  const sums: string[] = []
  for (const [at, content] of contents.entries()) {
    const made = await largeLayer(layout, at, content)
    layers.push(made.layer)
    sums.push(...made.sums)
  }
  const { digest } = await addImage(layout, {
    repository: repositoryOf(image),
    tag: toTag,
    layers,
    created: Date.parse(image.config.created) / 1000,
    architecture: image.config.architecture,
    ...(image.config.config.Labels && { labels: image.config.config.Labels }),
  })
  return { digest, sums: createHash('sha256').update(sums.toSorted(byPath).join('')).digest('hex') }
}

/** Lines of sha256sum: 64 digits, two spaces, a path of ASCII. */
function byPath(a: string, b: string): number {
  return a.slice(66) < b.slice(66) ? -1 : 1
}

/** Content of its files, bytes. */
export function unpackedSize({ bytes, smallFiles = 0 }: LargeContent): number {
  return Math.ceil(bytes / MIB) * MIB + smallSizes(smallFiles).reduce((sum, size) => sum + size, 0)
}

async function largeLayer(
  layout: string,
  at: number,
  { bytes, smallFiles = 0 }: LargeContent,
): Promise<{ layer: Layer; sums: string[] }> {
  const cached = await buildOnce('large-layer', [FORMAT, at, bytes, smallFiles], async (dir) => {
    await createLayout(dir)
    const createdBy = `${bytes} bytes and ${smallFiles} small files of test data`
    const sums: string[] = []
    const all = entries(at, { bytes, smallFiles }, (line) => sums.push(line))
    const made = await addLayer(dir, tar(all, { mtime: MTIME }), {
      compression: 'zstd',
      level: 3,
      createdBy,
    })
    const { descriptor, diffId } = made
    await writeFile(join(dir, 'layer.json'), JSON.stringify({ descriptor, diffId, createdBy } satisfies Layer))
    await writeFile(join(dir, 'sums'), sums.join(''))
  })
  const layer = JSON.parse(await readFile(join(cached, 'layer.json'), 'utf8')) as Layer
  await linkOrCopy(blobPath(cached, layer.descriptor.digest), blobPath(layout, layer.descriptor.digest))
  return { layer, sums: (await readFile(join(cached, 'sums'), 'utf8')).match(/.*\n/g) ?? [] }
}

/** `onSum` hears a line of sha256sum for each file when it has been read. */
function* entries(
  at: number,
  { bytes, smallFiles }: Required<LargeContent>,
  onSum: (line: string) => void,
): Generator<TarEntry> {
  const folder = `${LARGE_FOLDER}/${at}`
  yield directory(LARGE_FOLDER)
  yield directory(folder)
  const block = pseudoRandom(BLOCK_SIZE, 1)
  let counter = at * BLOCKS_OF_LAYER
  const entry = (name: string, size: number): TarEntry => {
    const first = counter
    counter += Math.ceil(size / BLOCK_SIZE)
    const path = `${folder}/${name}`
    const chunks = summed(blocks(block, first, size), (sum) => onSum(`${sum}  ${path}\n`))
    return { type: 'stream', path, size, chunks }
  }
  for (let left = Math.ceil(bytes / MIB) * MIB, n = 0; left > 0; n++) {
    const size = Math.min(left, FILE_SIZES[n % FILE_SIZES.length]!)
    left -= size
    yield entry(`${String(n).padStart(6, '0')}.bin`, size)
  }
  for (const [n, size] of smallSizes(smallFiles).entries()) {
    const within = Math.floor(n / SMALL_FILES_IN_FOLDER)
    if (n % SMALL_FILES_IN_FOLDER === 0) yield directory(`${folder}/${within}`)
    yield entry(`${within}/${n}`, size)
  }
}

function smallSizes(count: number): number[] {
  return Array.from({ length: count }, (_, n) => SMALL_SIZES[n % SMALL_SIZES.length]!)
}

function* summed(chunks: Iterable<Uint8Array>, onSum: (hex: string) => void): Generator<Uint8Array> {
  const hash = createHash('sha256')
  for (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
  onSum(hash.digest('hex'))
}

function* blocks(block: Buffer, first: number, size: number): Generator<Uint8Array> {
  for (let left = size, number = first; left > 0; left -= BLOCK_SIZE, number++) {
    const own = Buffer.from(block)
    pseudoRandom(OWN_BYTES, number + 2).copy(own)
    own.writeBigUInt64LE(BigInt(number))
    yield left < BLOCK_SIZE ? own.subarray(0, left) : own
  }
}

/** The same bytes for the same seed in every run (xorshift32). */
function pseudoRandom(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size)
  let state = Math.imul(seed, 0x9e3779b1) | 1
  for (let offset = 0; offset < size; offset += 4) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes.writeInt32LE(state | 0, offset)
  }
  return bytes
}
