// How large the disk must be, and whether what was asked for is enough.
import { formatBytes, parseBytes } from '../contract/bytes.ts'
import type { DiskLayout } from '../contract/spec-disks.ts'
import { smallestDisk } from '../plan/layout.ts'
import { MIB, roundUp } from '../plan/units.ts'
import { MIN_ROOT_SIZE } from '../plan/wanted-volumes.ts'
import { DiskImageError } from './errors.ts'

const GIB = 2 ** 30
const DEFAULT_SIZE = 10 * GIB

export interface SizeWish {
  /** As the user wrote it. */
  size: string | undefined
  layout: DiskLayout
  /** Bytes that the root file system, or the whole disk, shall at least have. */
  minRootSize?: number | undefined
  minDiskSize?: number | undefined
}

/**
 * Bytes of the disk, whole MiB: what was asked for, or by default 10 GiB and more where the layout wants more. Throws SIZE_INVALID,
 * SIZE_TOO_SMALL.
 */
export function diskSize({ size, layout, minRootSize = 0, minDiskSize = 0 }: SizeWish): number {
  const beside = smallestDisk(layout, 'amd64') - MIN_ROOT_SIZE
  const needed = roundUp(Math.max(beside + Math.max(MIN_ROOT_SIZE, minRootSize), minDiskSize))
  if (size === undefined) return Math.max(DEFAULT_SIZE, needed)
  const bytes = parseBytes(size)
  if (bytes === undefined) {
    throw new DiskImageError('SIZE_INVALID', `${JSON.stringify(size)} is not a size`, {
      hint: 'write bytes, or a number with MiB, GiB, MB or GB: 10GiB',
    })
  }
  if (bytes < needed) {
    throw new DiskImageError('SIZE_TOO_SMALL', `a disk of ${formatBytes(bytes)} is too small for the layout`, {
      hint: `it needs at least ${Math.ceil(needed / MIB)}MiB`,
    })
  }
  return roundUp(bytes)
}

/** Refuses a disk that not even the packed layers would fit on. */
export function requireRoomFor(packedBytes: number, disk: number, layout: SizeWish['layout']): void {
  const root = disk - (smallestDisk(layout, 'amd64') - MIN_ROOT_SIZE)
  if (packedBytes < root) return
  throw new DiskImageError(
    'SIZE_TOO_SMALL',
    `the image does not fit: its packed layers have ${formatBytes(packedBytes)}, the root file system ${formatBytes(root)}`,
    { hint: 'give a larger --size' },
  )
}
