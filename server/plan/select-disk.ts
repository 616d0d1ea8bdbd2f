// Which disks of a machine a selector means, and for each other one the reason why it does not.
import { formatBytes } from '../contract/bytes.ts'
import type { DiskFacts } from '../contract/facts.ts'
import type { Failure } from '../contract/install.ts'
import type { DiskSelector } from '../contract/spec-disks.ts'

interface Candidate {
  disk: DiskFacts
  /** Why the disk is out, each a clause for people; empty when it matches. */
  against: string[]
}

/** Judges every disk, in the order given. Disks that cannot or should not be a target never match, whatever the selector says. */
function judgeDisks(selector: DiskSelector, disks: readonly DiskFacts[]): Candidate[] {
  return disks.map((disk) => ({ disk, against: [...unusable(disk, selector), ...unmet(disk, selector)] }))
}

/**
 * The one disk that a selector means, or DISK_NONE_MATCHES or DISK_SEVERAL_MATCH with every disk and what speaks for or against it.
 */
export function selectDisk(selector: DiskSelector, disks: readonly DiskFacts[]): DiskFacts | Failure {
  const candidates = judgeDisks(selector, disks)
  const matching = candidates.filter(({ against }) => against.length === 0)
  const [chosen, ...others] = matching
  if (!chosen) return noneMatches(candidates)
  return others.length > 0 ? severalMatch(candidates, matching.length) : chosen.disk
}

/** `nvme0n1 (Samsung PM9A3, serial S4EV, 1.92 TB)`: how every message names a disk. */
export function describeDisk(disk: DiskFacts): string {
  const model = [disk.vendor, disk.model].filter(Boolean).join(' ')
  const serial = disk.serial ? `serial ${disk.serial}` : disk.wwn ? `wwn ${disk.wwn}` : 'no serial'
  return `${disk.name} (${model || 'unknown model'}, ${serial}, ${formatBytes(disk.size)})`
}

function* unusable(disk: DiskFacts, selector: DiskSelector): Generator<string> {
  if (disk.blocked) yield disk.blocked
  else if (disk.readOnly) yield 'read-only'
  // Somebody's stick or card reader is a target only for who names that very disk.
  if (disk.removable && !namesOneDisk(selector)) yield 'removable'
  if (disk.size === 0) yield 'no medium'
}

/** Names of one disk, by which even a removable one may be chosen. */
function namesOneDisk({ serial, wwn, byId, byPath }: DiskSelector): boolean {
  return [serial, wwn, byId, byPath].some((value) => value !== undefined)
}

function* unmet(disk: DiskFacts, selector: DiskSelector): Generator<string> {
  const { serial, wwn, byId, byPath, model, transport, rotational, minSize, maxSize } = selector
  if (serial !== undefined && disk.serial !== serial) yield `serial is not ${serial}`
  if (wwn !== undefined && disk.wwn?.toLowerCase() !== wwn.toLowerCase()) yield `wwn is not ${wwn}`
  if (byId !== undefined && !disk.byId.includes(linkName(byId))) yield `by-id name is not ${byId}`
  if (byPath !== undefined && !disk.byPath.includes(linkName(byPath))) yield `by-path name is not ${byPath}`
  if (model !== undefined && disk.model !== model) yield `model is not ${model}`
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

function noneMatches(candidates: Candidate[]): Failure {
  const list = candidates.length === 0 ? 'the machine shows no disk at all' : listing(candidates)
  return {
    code: 'DISK_NONE_MATCHES',
    message: `no disk matches the selector: ${list}`,
    hint:
      candidates.length === 0
        ? 'check cabling and the storage controller mode; a RAID controller may need a driver or a volume first'
        : 'change spec.disks.disk so that it matches one of these disks',
  }
}

function severalMatch(candidates: Candidate[], count: number): Failure {
  return {
    code: 'DISK_SEVERAL_MATCH',
    message: `${count} disks match the selector and exactly one may: ${listing(candidates)}`,
    hint: 'name one of them in spec.disks.disk, by serial for instance',
  }
}

function listing(candidates: Candidate[]): string {
  return candidates
    .map(({ disk, against }) => `${describeDisk(disk)} ${against.length > 0 ? `no: ${against.join(', ')}` : 'matches'}`)
    .join('; ')
}
