// Which disks of a machine a selector means, and for each other one the reason why it does not.
import { formatBytes } from '../contract/bytes.ts'
import type { DiskFacts } from '../contract/facts.ts'
import type { Failure } from '../contract/install.ts'
import type { DiskSelector, TextCondition } from '../contract/spec-disks.ts'
import { mapTexts, unmetText } from './text-condition.ts'

interface Candidate {
  disk: DiskFacts
  /** Why the disk is out, each a clause for people; empty when it matches. */
  against: string[]
}

/** Judges every disk, in the order given. Disks that cannot or should not be a target never match, whatever the selector says. */
function judgeDisks(selector: DiskSelector, disks: readonly DiskFacts[]): Candidate[] {
  return disks.map((disk) => ({ disk, against: [...unusable(disk, selector, disks), ...unmet(disk, selector)] }))
}

/**
 * The one disk that a selector means, or DISK_NONE_MATCHES or DISK_SEVERAL_MATCH with every disk and what speaks for or against it.
 * `option` names the selector in what people are told to change.
 */
export function selectDisk(
  selector: DiskSelector,
  disks: readonly DiskFacts[],
  option = 'disks.disk',
): DiskFacts | Failure {
  const candidates = judgeDisks(selector, disks)
  const matching = candidates.filter(({ against }) => against.length === 0).map(({ disk }) => disk)
  const [chosen, ...others] = matching
  if (!chosen) return noneMatches(candidates, option)
  if (selector.pick !== undefined) return picked(selector.pick, matching, option)
  return others.length > 0 ? severalMatch(candidates, matching.length, option) : chosen
}

/** What disks are ordered by, each with its text for people. Two that are equal cannot be told apart by it. */
const ORDERS = {
  smallest: { compare: (a: DiskFacts, b: DiskFacts) => a.size - b.size, key: (disk: DiskFacts) => disk.size },
  largest: { compare: (a: DiskFacts, b: DiskFacts) => b.size - a.size, key: (disk: DiskFacts) => disk.size },
  path: { compare: (a: DiskFacts, b: DiskFacts) => (pathOf(a) < pathOf(b) ? -1 : 1), key: pathOf },
} as const

function pathOf({ byPath }: DiskFacts): string {
  return byPath[0] ?? ''
}

function picked(
  { order, nth }: NonNullable<DiskSelector['pick']>,
  matching: readonly DiskFacts[],
  option: string,
): DiskFacts | Failure {
  const { compare, key } = ORDERS[order]
  const sorted = matching.toSorted(compare)
  const chosen = sorted[nth - 1]
  const list = sorted.map(describeDisk).join('; ')
  if (chosen === undefined) {
    return {
      code: 'DISK_NONE_MATCHES',
      message: `${option}.pick asks for number ${nth}, but ${sorted.length} disks match: ${list}`,
      hint: `change ${option}.pick.nth, or the other conditions`,
    }
  }
  const equal = sorted.filter((disk) => key(disk) === key(chosen))
  if (equal.length === 1) return chosen
  const what = order === 'path' ? 'have no by-path name of their own' : 'have the same size'
  return {
    code: 'DISK_SEVERAL_MATCH',
    message: `${option}.pick cannot tell ${equal.length} disks apart that ${what}: ${equal.map(describeDisk).join('; ')}`,
    hint: `name one of them in ${option}, by serial for instance${order === 'path' ? '' : ', or pick by path'}`,
  }
}

/** `nvme0n1 (Samsung PM9A3, serial S4EV, 1.92 TB)`: how every message names a disk. */
export function describeDisk(disk: DiskFacts): string {
  const model = [disk.vendor, disk.model].filter(Boolean).join(' ')
  const serial = disk.serial ? `serial ${disk.serial}` : disk.wwn ? `wwn ${disk.wwn}` : 'no serial'
  return `${disk.name} (${model || 'unknown model'}, ${serial}, ${formatBytes(disk.size)})`
}

function* unusable(disk: DiskFacts, selector: DiskSelector, disks: readonly DiskFacts[]): Generator<string> {
  if (disk.blocked) yield disk.blocked
  else if (disk.readOnly) yield 'read-only'
  // Somebody's stick or card reader is a target only for who names that very disk.
  if (disk.removable && !namesOneDisk(selector)) yield 'removable'
  if (disk.size === 0) yield 'no medium'
  const twin = disks.find((other) => other !== disk && isSameDisk(disk, other))
  if (twin)
    yield `the same disk as ${twin.name} by another path, and multipath is not supported: leave one path connected`
}

/** Two paths to one disk of a storage network. Cheap USB adapters share a WWN as well, but not all else. */
function isSameDisk(a: DiskFacts, b: DiskFacts): boolean {
  return a.wwn !== undefined && a.wwn === b.wwn && a.size === b.size && a.serial === b.serial && a.model === b.model
}

/** Names of one disk, by which even a removable one may be chosen. */
function namesOneDisk({ serial, wwn, byId, byPath }: DiskSelector): boolean {
  return [serial, wwn, byId, byPath].some((value) => typeof value === 'string')
}

function* unmet(disk: DiskFacts, selector: DiskSelector): Generator<string> {
  const { serial, wwn, byId, byPath, model, vendor, transport, rotational, minSize, maxSize } = selector
  const lower = (text: string) => text.toLowerCase()
  const texts: [string, TextCondition | undefined, readonly (string | undefined)[]][] = [
    ['serial', serial, [disk.serial]],
    ['wwn', wwn && mapTexts(wwn, lower), [disk.wwn && lower(disk.wwn)]],
    ['by-id name', byId && mapTexts(byId, linkName), disk.byId],
    ['by-path name', byPath && mapTexts(byPath, linkName), disk.byPath],
    ['model', model, [disk.model]],
    ['vendor', vendor, [disk.vendor]],
  ]
  for (const [name, condition, values] of texts) {
    const known = values.filter((value) => value !== undefined)
    const reason = condition && unmetText(name, condition, known)
    if (reason !== undefined) yield reason
  }
  if (transport !== undefined && disk.transport !== transport) yield `is on ${disk.transport}, not ${transport}`
  if (rotational !== undefined && disk.rotational !== rotational) {
    yield rotational ? 'does not rotate' : 'rotates'
  }
  if (minSize !== undefined && disk.size < minSize) yield `smaller than ${formatBytes(minSize)}`
  if (maxSize !== undefined && disk.size > maxSize) yield `larger than ${formatBytes(maxSize)}`
}

/** People paste whole paths. */
function linkName(text: string): string {
  return text.replace(/^\/dev\/disk\/by-(id|path)\//, '')
}

function noneMatches(candidates: Candidate[], option: string): Failure {
  const list = candidates.length === 0 ? 'the machine shows no disk at all' : listing(candidates)
  return {
    code: 'DISK_NONE_MATCHES',
    message: `no disk matches the selector: ${list}`,
    hint:
      candidates.length === 0
        ? 'check cabling and the storage controller mode; a RAID controller may need a driver or a volume first'
        : `change spec.${option} so that it matches one of these disks`,
  }
}

function severalMatch(candidates: Candidate[], count: number, option: string): Failure {
  return {
    code: 'DISK_SEVERAL_MATCH',
    message: `${count} disks match the selector and exactly one may: ${listing(candidates)}`,
    hint: `name one of them in spec.${option}, by serial for instance`,
  }
}

function listing(candidates: Candidate[]): string {
  return candidates
    .map(({ disk, against }) => `${describeDisk(disk)} ${against.length > 0 ? `no: ${against.join(', ')}` : 'matches'}`)
    .join('; ')
}
