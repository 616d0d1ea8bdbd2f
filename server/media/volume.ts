// The primary volume descriptor of an ISO 9660 image (ECMA-119 section 8.4): name and size of the volume.
import { MediaError } from './errors.ts'

export const SECTOR_BYTES = 2048
/** Where the descriptor begins: after the system area of 16 sectors. */
export const DESCRIPTOR_OFFSET = 16 * SECTOR_BYTES
/** A sector every reader must have seen before the rest of an image means anything. */
const TYPE_PRIMARY = 1

export interface Volume {
  id: string
  /** Of the whole image by its own word. */
  sizeBytes: number
}

/** Reads the descriptor from the sector it is in. Throws NOT_AN_ISO. */
export function parseVolume(sector: Buffer): Volume {
  const isDescriptor =
    sector.length >= SECTOR_BYTES && sector[0] === TYPE_PRIMARY && sector.toString('latin1', 1, 6) === 'CD001'
  if (!isDescriptor) {
    throw new MediaError('NOT_AN_ISO', 'reading the image: there is no ISO 9660 volume in it', {
      hint: 'want the boot or DVD ISO as the distribution offers it, not compressed',
    })
  }
  const sectors = sector.readUInt32BE(84)
  // Both-endian on purpose of the standard: where they differ, the sector is damaged.
  if (sectors === 0 || sectors !== sector.readUInt32LE(80) || sector.readUInt16LE(128) !== SECTOR_BYTES) {
    throw new MediaError('NOT_AN_ISO', 'reading the image: its volume descriptor contradicts itself', {
      hint: 'download it again: it is damaged',
    })
  }
  return { id: printable(sector.toString('latin1', 40, 72)), sizeBytes: sectors * SECTOR_BYTES }
}

/** Volume ids go into logs and boot arguments: what cannot be printed becomes an underscore. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '_').trim()
}
