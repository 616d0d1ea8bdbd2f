// Where partitions lie on a disk: around those that are kept, none over another, on borders of whole MiB.
import type { PartitionFacts } from '../contract/facts.ts'
import type { PlannedPartition } from '../contract/plan.ts'
import { MIB, roundDown, roundUp } from './units.ts'

/** The backup GPT takes 33 sectors; a whole MiB keeps the end of the last partition aligned, whatever the sector size. */
export const TABLES_END = MIB

/** What the tables of a disk take. */
export const TABLES = MIB + TABLES_END

/** GPT type GUID of plain Linux data, not XBOOTLDR: boot loaders that auto-mount XBOOTLDR want FAT there. */
export const LINUX_DATA = '0FC63DAF-8483-4772-8E79-3D69D8477DE4'

export interface WantedPartition extends Pick<PlannedPartition, 'name' | 'role' | 'typeGuid'> {
  /** Bytes at least, whole MiB. */
  size: number
  /** Takes what is left, shared with others that grow. */
  grow: boolean
  /** Already there, to stay where it is. */
  existing?: PartitionFacts | undefined
}

export type PlacedPartition = Omit<PlannedPartition, 'id' | 'uuid'>

/**
 * Lays new partitions one after the other into the largest gap between those that exist already; what does not fit there goes into the next
 * largest. Undefined when they do not fit. Existing ones keep their numbers, the others get those that are free.
 */
export function placePartitions(diskSize: number, wanted: readonly WantedPartition[]): PlacedPartition[] | undefined {
  const kept = wanted.flatMap(({ existing, name, role, typeGuid }): PlacedPartition[] => {
    if (existing === undefined) return []
    const { number, start, size } = existing
    return [{ number, name, role, typeGuid, start, size, kept: true }]
  })
  const gaps = gapsBetween(diskSize, kept).map((gap) => ({ ...gap, holds: [] as WantedPartition[] }))
  const fresh = wanted.filter(({ existing }) => existing === undefined)
  for (const partition of fresh) {
    const gap = gaps.find((one) => partition.size <= roomIn(one))
    if (gap === undefined) return undefined
    gap.holds.push(partition)
  }
  const places = new Map(gaps.flatMap((gap) => [...placesIn(gap)]))
  const taken = new Set(kept.map(({ number }) => number))
  let number = 0
  const placed = fresh.map((partition) => {
    do number++
    while (taken.has(number))
    const { name, role, typeGuid } = partition
    return { number, name, role, typeGuid, ...places.get(partition)!, kept: false }
  })
  return [...placed, ...kept].toSorted((a, b) => a.number - b.number)
}

/** `rest` in equal parts of whole `unit`s for those that grow; what is over goes to the first. */
export function shares(rest: number, growing: readonly boolean[], unit = MIB): number[] {
  const count = growing.filter(Boolean).length
  const units = Math.floor(rest / unit)
  const each = count === 0 ? 0 : Math.floor(units / count)
  const first = growing.indexOf(true)
  return growing.map((grows, at) => (grows ? (each + (at === first ? units - each * count : 0)) * unit : 0))
}

interface Gap {
  start: number
  end: number
}

/** The largest first. */
function gapsBetween(diskSize: number, kept: readonly { start: number; size: number }[]): Gap[] {
  const usable = roundDown(diskSize - TABLES_END)
  const gaps: Gap[] = []
  let start = MIB
  for (const partition of kept.toSorted((a, b) => a.start - b.start)) {
    gaps.push({ start, end: roundDown(partition.start) })
    start = roundUp(partition.start + partition.size)
  }
  gaps.push({ start, end: usable })
  return gaps.toSorted((a, b) => b.end - b.start - (a.end - a.start))
}

type FilledGap = Gap & { holds: readonly WantedPartition[] }

function roomIn({ start, end, holds }: FilledGap): number {
  return end - start - holds.reduce((sum, { size }) => sum + size, 0)
}

/** Where what a gap holds lies in it, grown to fill it. */
function* placesIn(gap: FilledGap): Generator<[WantedPartition, { start: number; size: number }]> {
  const growth = shares(
    roomIn(gap),
    gap.holds.map(({ grow }) => grow),
  )
  let { start } = gap
  for (const [at, partition] of gap.holds.entries()) {
    const size = partition.size + growth[at]!
    yield [partition, { start, size }]
    start += size
  }
}
