// What lies in partitions whose content shall stay: found by the installer, which opens them without writing.
import type { Failure } from '../contract/install.ts'

/** What a partition, an array, an opened encryption or a volume holds. */
export interface Inside {
  /** As blkid calls it: `xfs`, `linux_raid_member`, `crypto_LUKS`, `LVM2_member`; undefined for nothing known. */
  kind: string | undefined
  uuid: string | undefined
  /** Bytes of what holds it. */
  size: number
  /** Why nobody could look further, as a clause about it. */
  problem?: { code: Failure['code']; text: string; hint?: string }
  /** Of a member of an array: what array that is. */
  array?: { uuid: string; level: number; disks: number }
  /** What is in the array, or in the encryption. */
  opened?: Inside
  /** Of what holds the only part of a volume group. */
  group?: InsideGroup
}

export interface InsideGroup {
  name: string
  /** Bytes, also of the unit that volumes are made of. */
  size: number
  extent: number
  volumes: readonly InsideVolume[]
}

export interface InsideVolume {
  name: string
  /** Bytes. */
  size: number
  /** As LVM calls it: `linear`, `thin`, `pool`. */
  layout: string
  /** Thin pool that it is in. */
  pool: string | undefined
  /** What it holds; undefined for those that nobody asked for. */
  inside: Inside | undefined
}

/** By partition, as {@link partitionKey} names it. */
export type Insides = ReadonlyMap<string, Inside>

/** Names a partition of this boot: `vda 4`. */
export function partitionKey(disk: { name: string }, partition: { number: number }): string {
  return `${disk.name} ${partition.number}`
}
