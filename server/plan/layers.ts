// What lies between partitions and file systems, built from below.
import type { PlannedLayer } from '../contract/plan.ts'
import type { Raid } from '../contract/spec-disks.ts'
import { shares } from './partitions.ts'
import type { InsideGroup } from './inside.ts'
import type { Found, Kept } from './kept.ts'
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

  raid(
    name: string,
    members: readonly Base[],
    level: Raid['level'],
    { metadata = '1.2', kept }: { metadata?: '1.0' | '1.2'; kept?: Found | undefined } = {},
  ): Base {
    const id = `raid/${name}`
    const least = Math.min(...members.map(({ size }) => size)) - RAID_DATA_OFFSET
    const size = kept?.size ?? roundDown(least * dataDisks(level, members.length))
    const on = members.map((member) => member.id)
    const uuid = kept?.uuid ?? this.#idOf(id)
    this.list.push({ type: 'raid', id, name, size, on, level, metadata, uuid, kept: kept !== undefined })
    return { id, size }
  }

  luks(name: string, on: Base, kept?: Found): Base {
    const id = `luks/${name}`
    const uuid = kept?.uuid ?? this.#idOf(id)
    const size = kept?.size ?? on.size - LUKS_HEADER
    this.list.push({ type: 'luks', id, name: `luks-${uuid}`, size, on: on.id, uuid, kept: kept !== undefined })
    return { id, size }
  }

  /** A volume group with one logical volume for each volume; the result is in their order. Of one that stays all volumes go but those kept. */
  volumes(on: Base, wanted: readonly WantedVolume[], thin: boolean, kept?: Kept): Base[] {
    const stays = kept?.filesystems ?? new Map<string, Found>()
    const found = kept?.group
    const extent = found?.extent ?? EXTENT
    // Machines get disks of others, and two groups of one name cannot be used together.
    const name = found?.name ?? `system_${this.#idOf('group').slice(0, 8)}`
    const size = found?.size ?? Math.floor(on.size / EXTENT - 1) * EXTENT
    const pool = found?.volumes.find((volume) => volume.name === [...stays.keys()][0])?.pool
    const remove = (found?.volumes ?? []).map((volume) => volume.name).filter((one) => one !== pool && !stays.has(one))
    this.list.push({ type: 'volume-group', id: 'group', name, size, on: on.id, kept: kept !== undefined, remove })
    const room = found ? groupRoom(found, thin) : thin ? size - 2 * THIN_METADATA : size
    if (thin) {
      this.list.push({
        type: 'thin-pool',
        id: 'pool',
        name: pool ?? 'pool',
        size: room,
        on: 'group',
        kept: kept !== undefined,
      })
    }
    const sizes = wanted.map((volume) => stays.get(volume.name)?.size ?? roundUp(volume.size, extent))
    const rest = Math.max(room - sizes.reduce((sum, one) => sum + one, 0), 0)
    const growing = wanted.map((volume) => volume.grow && !stays.has(volume.name))
    const growth = shares(rest, growing, extent)
    return wanted.map((volume, at) => {
      const base = { id: `volume/${volume.name}`, size: sizes[at]! + growth[at]! }
      const on = thin ? 'pool' : 'group'
      this.list.push({ type: 'logical-volume', ...base, name: volume.name, on, kept: stays.has(volume.name) })
      return base
    })
  }
}

/** Bytes for volumes in a group that is there: of a thin one, those of the pool that holds what stays. */
export function groupRoom({ size, volumes }: InsideGroup, thin: boolean): number {
  return thin ? (volumes.find(({ layout }) => layout === 'pool')?.size ?? 0) : size
}

/** Bytes of what stays in a group. */
export function keptIn({ volumes }: InsideGroup, stays: ReadonlyMap<string, unknown>): number {
  return volumes.filter(({ name }) => stays.has(name)).reduce((sum, { size }) => sum + size, 0)
}

function extents(size: number): number {
  return Math.ceil(size / EXTENT) * EXTENT
}
