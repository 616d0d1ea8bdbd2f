// What a build takes of the host's disk, and whether that is there: known from the manifest, before anything is stored.
import { dirname, resolve } from 'node:path'
import { formatBytes } from '../contract/bytes.ts'
import { missingSpace } from '../host/free-space.ts'
import { DiskImageError } from './errors.ts'
import type { DiskImageFormat } from './formats.ts'
import type { PackedLayer } from './source.ts'

const MIB = 2 ** 20
/** What system trees grow by when gzip or zstd is taken off them. */
const UNPACKED = 2.5
/** File systems, boot loaders, and the kernel once more on /boot. */
const BESIDE_LAYERS = 256 * MIB

export interface HostSpaceWish {
  layers: readonly PackedLayer[]
  /** Of the disk, which is a sparse file: it takes only what is written to it. */
  size: number
  format: DiskImageFormat
}

/** Bytes at the moment when most is there: the image as it was fetched, the raw disk, and the file converted from that. */
export function hostSpace({ layers, size, format }: HostSpaceWish): { image: number; disk: number; converted: number } {
  const image = layers.reduce((sum, layer) => sum + layer.size, 0)
  const unpacked = layers.reduce((sum, layer) => sum + layer.size * (isCompressed(layer) ? UNPACKED : 1), BESIDE_LAYERS)
  const disk = Math.min(size, Math.ceil(unpacked))
  return { image, disk, converted: format === 'raw' ? 0 : disk }
}

/** Throws DiskImageError NO_SPACE with the figures. */
export async function requireHostSpace(file: string, wish: HostSpaceWish): Promise<void> {
  const { image, disk, converted } = hostSpace(wish)
  const missing = await missingSpace(dirname(resolve(file)), image + disk + converted)
  if (missing === undefined) return
  const parts = [
    `${formatBytes(image)} for the image`,
    `about ${formatBytes(disk)} for the disk`,
    ...(converted > 0 ? [`as much for the ${wish.format} file`] : []),
  ]
  throw new DiskImageError('NO_SPACE', `building ${file}: ${missing}: ${parts.join(', ')}`, {
    hint: 'make room there, or name a file on another file system with --file',
  })
}

/** `application/vnd.oci.image.layer.v1.tar+zstd`; Docker's end with `.tar.gzip`. */
function isCompressed({ mediaType }: PackedLayer): boolean {
  return /[+.](gzip|zstd)$/.test(mediaType)
}
