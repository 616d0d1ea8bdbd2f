// The partitions of a deployed disk: the same on every x86 machine, so that the disk boots under either firmware.
import type { Facts } from '../contract/facts.ts'
import type { PlannedPartition } from '../contract/plan.ts'
import type { DiskLayout } from '../contract/spec-disks.ts'

export const MIB = 2 ** 20

/** Below it an image's two deployments and their `/var` have no room. */
export const MIN_ROOT_SIZE = 2048 * MIB

/** The backup GPT takes 33 sectors; a whole MiB keeps the root's end aligned, whatever the sector size. */
const BACKUP_TABLE = MIB

/** GPT type GUIDs as `bootc install to-disk` sets them (specs/ostree-container-deploy.md 3.5). */
const TYPE = {
  biosBoot: '21686148-6449-6E6F-744E-656564454649',
  esp: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  /** Plain Linux data, not XBOOTLDR: boot loaders that auto-mount XBOOTLDR want FAT there. */
  boot: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
  root: {
    amd64: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
    arm64: 'B921B045-1DF0-41C3-AF44-4C6F280D3FAE',
  },
} as const

/** What of the wanted layout shapes partitions. */
export type Sizes = Pick<DiskLayout, 'filesystem' | 'espSize' | 'bootSize'>

type Sized = Omit<PlannedPartition, 'number' | 'start'>

/**
 * Lays the partitions out one after the other from 1 MiB on, each start and size a multiple of 1 MiB and thus of any sector size;
 * the root takes what is left. Undefined when less than {@link MIN_ROOT_SIZE} would be left.
 */
export function layOutPartitions(
  diskSize: number,
  layout: Sizes,
  architecture: Facts['architecture'],
): PlannedPartition[] | undefined {
  const before: Sized[] = [
    ...(architecture === 'amd64'
      ? [{ name: 'BIOS-BOOT', role: 'bios-boot' as const, typeGuid: TYPE.biosBoot, size: MIB }]
      : []),
    {
      name: 'EFI-SYSTEM',
      role: 'esp',
      typeGuid: TYPE.esp,
      size: roundUp(layout.espSize),
      filesystem: 'vfat',
      mountPoint: '/boot/efi',
    },
    {
      name: 'boot',
      role: 'boot',
      typeGuid: TYPE.boot,
      size: roundUp(layout.bootSize),
      // Whatever the root is: every GRUB reads ext4 and can write grubenv on it, and mkfs.xfs refuses small partitions.
      filesystem: 'ext4',
      mountPoint: '/boot',
    },
  ]
  const rootStart = MIB + before.reduce((sum, { size }) => sum + size, 0)
  const rootSize = Math.floor((diskSize - BACKUP_TABLE) / MIB) * MIB - rootStart
  if (rootSize < MIN_ROOT_SIZE) return undefined
  const root: Sized = {
    name: 'root',
    role: 'root',
    typeGuid: TYPE.root[architecture],
    size: rootSize,
    filesystem: layout.filesystem,
    mountPoint: '/',
  }
  let start = MIB
  return [...before, root].map((partition, index) => {
    const placed = { number: index + 1, ...partition, start }
    start += partition.size
    return placed
  })
}

/** The smallest disk that {@link layOutPartitions} accepts, bytes. */
export function smallestDisk(layout: Sizes, architecture: Facts['architecture']): number {
  const biosBoot = architecture === 'amd64' ? MIB : 0
  return MIB + biosBoot + roundUp(layout.espSize) + roundUp(layout.bootSize) + MIN_ROOT_SIZE + BACKUP_TABLE
}

function roundUp(size: number): number {
  return Math.ceil(size / MIB) * MIB
}
