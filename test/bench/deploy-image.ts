// The image that the deploy benchmark installs: a small bootable tree below many layers of files, as large as asked for.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildOnce } from '../../boot-assets/cache.ts'
import { bootableTree } from '../agent/ostree/bootable.ts'
import type { Entry } from '../agent/stream/tar-writer.ts'
import { addImage, addLayer, createLayout } from '../images/layout.ts'
import type { Compression } from '../images/layout.ts'
import { directory, file, symlink, tar } from '../images/tar.ts'
import type { TarEntry } from '../images/tar.ts'

const LAYERS = 24
const CREATED = 1_735_689_600
/** Raised when the same size would give other bytes. */
const FORMAT = 3
/**
 * Sizes as a distribution has them: half of the files have less than 2 kB, nine of ten less than 25 kB, and most of the bytes are in a few
 * large ones; a file has 50 kB on average. Measured in the /usr of a Debian with compilers: 117,000 files with 50 kB on average, of which
 * 29 kB in those of more than 10 MB.
 */
const SIZES = [
  300, 400, 600, 850, 1_000, 1_200, 1_400, 1_600, 1_800, 1_900, 2_500, 3_200, 4_200, 5_500, 7_500, 11_000, 16_000,
  24_000, 50_000, 100_000,
]
/** Every so many files one of this size; the first that applies. */
const LARGE = [
  { every: 1250, size: 30_000_000 },
  { every: 500, size: 6_000_000 },
  { every: 60, size: 300_000 },
]
const REPOSITORY = 'bench/deploy'

export interface BenchImage {
  /** OCI layout with the image under the tag `1`. */
  layout: string
  /** Content of all files. */
  unpacked: number
}

/** An image with `bytes` of files in 24 layers. Cached. */
export async function benchImage(bytes: number, compression: Compression): Promise<BenchImage> {
  const dir = await buildOnce('bench-image', [FORMAT, bytes, compression], async (into) => {
    const layout = join(into, 'layout')
    await createLayout(layout)
    const source = new Content()
    const layers = [await addLayer(layout, tar(await base(), { mtime: CREATED }), { compression, createdBy: 'base' })]
    const made = { files: 0, bytes: 0 }
    for (let index = 0; index < LAYERS; index++) {
      const entries = layer(source, index, bytes / LAYERS, made)
      // Levels that build tools use by default.
      const level = compression === 'zstd' ? 3 : 6
      layers.push(
        await addLayer(layout, tar(entries, { mtime: CREATED }), { compression, level, createdBy: `layer ${index}` }),
      )
    }
    const labels = { 'containers.bootc': '1' }
    await addImage(layout, { repository: REPOSITORY, tag: '1', layers, created: CREATED, labels })
    await writeFile(join(into, 'unpacked'), String(made.bytes + layers[0]!.unpacked))
  })
  return { layout: join(dir, 'layout'), unpacked: Number(await readFile(join(dir, 'unpacked'), 'utf8')) }
}

async function base(): Promise<TarEntry[]> {
  return (await bootableTree('forky')).map(convert)
}

function convert({ path, type = 'file', target = '', content = '', ...details }: Entry): TarEntry {
  const name = path.replace(/\/$/, '')
  if (type === 'directory') return directory(name, details)
  return type === 'symlink' ? symlink(name, target, details) : file(name, content, details)
}

/** `made` counts on over the layers. */
function* layer(
  source: Content,
  index: number,
  bytes: number,
  made: { files: number; bytes: number },
): Generator<TarEntry> {
  const folder = `usr/share/bench/${index}`
  yield directory(folder)
  for (let written = 0, number = 0; written < bytes; number++) {
    const size = sizeOf(++made.files)
    written += size
    made.bytes += size
    if (number % 64 === 0) yield directory(`${folder}/${Math.floor(number / 64)}`)
    yield file(`${folder}/${Math.floor(number / 64)}/${number}`, source.take(size), {
      mode: number % 9 ? 0o644 : 0o755,
    })
  }
}

function sizeOf(serial: number): number {
  const size = LARGE.find(({ every }) => serial % every === 0)?.size ?? SIZES[(serial * 7) % SIZES.length]!
  return size + (serial % 97)
}

/** Bytes that pack to about a third, the same in every run, no two files alike. */
class Content {
  readonly #words: Buffer[] = Array.from({ length: 4096 }, (_, index) =>
    Buffer.from(`word${(index * 2654435761) >>> 0} `),
  )
  #state = 0x9e3779b9

  take(size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size)
    for (let fill = 0; fill < size;) {
      const random = this.#next()
      fill += this.#words[random & 4095]!.copy(bytes, fill)
      if ((random & 0x3000) === 0 && fill + 4 < size) fill = bytes.writeInt32LE(random, fill)
    }
    return bytes
  }

  /** xorshift32. */
  #next(): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return this.#state
  }
}
