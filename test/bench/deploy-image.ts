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
const FORMAT = 1
/** Sizes as a distribution has them: most files are small, most bytes are in large ones. */
const SIZES = [300, 900, 2_000, 4_000, 6_000, 9_000, 14_000, 25_000, 60_000, 150_000, 700_000, 4_000_000]
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
    const unpacked = { bytes: 0 }
    for (let index = 0; index < LAYERS; index++) {
      const entries = layer(source, index, bytes / LAYERS, unpacked)
      // Levels that build tools use by default.
      const level = compression === 'zstd' ? 3 : 6
      layers.push(
        await addLayer(layout, tar(entries, { mtime: CREATED }), { compression, level, createdBy: `layer ${index}` }),
      )
    }
    const labels = { 'containers.bootc': '1' }
    await addImage(layout, { repository: REPOSITORY, tag: '1', layers, created: CREATED, labels })
    await writeFile(join(into, 'unpacked'), String(unpacked.bytes + layers[0]!.unpacked))
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

function* layer(source: Content, index: number, bytes: number, unpacked: { bytes: number }): Generator<TarEntry> {
  const folder = `usr/share/bench/${index}`
  yield directory(folder)
  for (let written = 0, number = 0; written < bytes; number++) {
    // Primes, so that sizes vary, and a file of 4 MB comes once in a few hundred.
    const size = SIZES[(number * 7) % 100 === 0 ? SIZES.length - 1 : (number * 5) % (SIZES.length - 1)]! + (number % 97)
    written += size
    unpacked.bytes += size
    if (number % 64 === 0) yield directory(`${folder}/${Math.floor(number / 64)}`)
    yield file(`${folder}/${Math.floor(number / 64)}/${number}`, source.take(size), {
      mode: number % 9 ? 0o644 : 0o755,
    })
  }
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
