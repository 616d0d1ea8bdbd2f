// What lies between partitions and file systems, built from below.
import type { PlannedLayer } from '../contract/plan.ts'
import type { Raid } from '../contract/spec-disks.ts'
import { shares } from './partitions.ts'
import type { IdOf } from './stable-ids.ts'
import { MIB, roundDown, roundUp } from './units.ts'
import type { WantedVolume } from './wanted-volumes.ts'

/** Something of a size that the next thing can lie on. */
export interface Base {
  id: string
  size: number
}

/** mdadm is told to begin the data there, so that the size is known beforehand. */
export const RAID_DATA_OFFSET = 16 * MIB
/** The default of cryptsetup for LUKS2. */
const LUKS_HEADER = 16 * MIB
const EXTENT = 4 * MIB
/** A thin pool's table of blocks; LVM keeps as much again in reserve. */
export const THIN_METADATA = 64 * MIB

/** How many disks' worth of data an array holds. */
function dataDisks(level: Raid['level'], count: number): number {
  return { 0: count, 1: 1, 5: count - 1, 6: count - 2, 10: count / 2 }[level]
}

/** Bytes that each of `count` members needs for an array that holds `size`. */
export function memberSize(size: number, level: Raid['level'], count: number): number {
  return roundUp(Math.ceil(size / dataDisks(level, count))) + RAID_DATA_OFFSET
}

/** Bytes of the partition, or array, that an encrypted volume or volume group of that content needs. */
export function encryptedSize(size: number): number {
  return size + LUKS_HEADER
}

export function groupSize(volumes: readonly WantedVolume[], thin: boolean): number {
  const content = volumes.reduce((sum, { size }) => sum + extents(size), 0)
  return content + EXTENT + (thin ? 2 * THIN_METADATA : 0)
}

/** Collects the layers of one plan. */
export class Layers {
  readonly list: PlannedLayer[] = []
  readonly #idOf: IdOf

  constructor(idOf: IdOf) {
    this.#idOf = idOf
  }

  raid(name: string, members: readonly Base[], level: Raid['level'], metadata: '1.0' | '1.2' = '1.2'): Base {
    const id = `raid/${name}`
    const least = Math.min(...members.map(({ size }) => size)) - RAID_DATA_OFFSET
    const size = roundDown(least * dataDisks(level, members.length))
    const on = members.map((member) => member.id)
    this.list.push({ type: 'raid', id, name, size, on, level, metadata, uuid: this.#idOf(id) })
    return { id, size }
  }

  luks(name: string, on: Base): Base {
    const id = `luks/${name}`
    const uuid = this.#idOf(id)
    const size = on.size - LUKS_HEADER
    this.list.push({ type: 'luks', id, name: `luks-${uuid}`, size, on: on.id, uuid })
    return { id, size }
  }

  /** A volume group with one logical volume for each volume; the result is in their order. */
  volumes(on: Base, wanted: readonly WantedVolume[], thin: boolean): Base[] {
    // Machines get disks of others, and two groups of one name cannot be used together.
    const group = `system_${this.#idOf('group').slice(0, 8)}`
    const size = Math.floor(on.size / EXTENT - 1) * EXTENT
    this.list.push({ type: 'volume-group', id: 'group', name: group, size, on: on.id })
    const room = thin ? size - 2 * THIN_METADATA : size
    if (thin) this.list.push({ type: 'thin-pool', id: 'pool', name: 'pool', size: room, on: 'group' })
    const sizes = wanted.map((volume) => extents(volume.size))
    const rest = room - sizes.reduce((sum, one) => sum + one, 0)
    const growth = shares(
      rest,
      wanted.map(({ grow }) => grow),
      EXTENT,
    )
    return wanted.map(({ name }, at) => {
      const volume = { id: `volume/${name}`, size: sizes[at]! + growth[at]! }
      this.list.push({ type: 'logical-volume', ...volume, name, on: thin ? 'pool' : 'group' })
      return volume
    })
  }
}

function extents(size: number): number {
  return Math.ceil(size / EXTENT) * EXTENT
}
