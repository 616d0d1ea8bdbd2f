// By what a disk is erased: the methods that are wanted, as far as the disk has them.
import { ERASE_NAMES } from '../contract/erase-text.ts'
import type { EraseAbility, EraseMethod } from '../contract/erase.ts'
import type { DiskFacts } from '../contract/facts.ts'
import type { Failure } from '../contract/install.ts'
import type { PlannedDisk } from '../contract/plan.ts'
import type { DiskLayout } from '../contract/spec-disks.ts'
import { describeDisk } from './select-disk.ts'

/**
 * The wanted methods that the disk has, in the order wanted; none when only signatures shall go. Refuses with DISK_ERASE when it has none
 * of them: another one, that nobody asked for, may be weaker.
 */
export function chooseErasure(wanted: DiskLayout['erase'], disk: DiskFacts): PlannedDisk['erase'] | Failure {
  if (wanted === 'signatures') return []
  const methods = [wanted].flat()
  // Before the machine has told, it decides for itself.
  if (disk.erasure === undefined) return methods.map((method) => ({ method }))
  const abilities: EraseAbility[] = [...disk.erasure, { method: 'overwrite' }]
  const found = methods.map((method) => abilities.find((ability) => ability.method === method) ?? missing(method))
  const able = found.filter(({ unable }) => unable === undefined)
  if (able.length > 0) return able.map(({ method, seconds }) => ({ method, ...(seconds !== undefined && { seconds }) }))
  const offered = abilities.filter(({ unable }) => unable === undefined).map(({ method }) => method)
  return {
    code: 'DISK_ERASE',
    message: `${describeDisk(disk)} cannot be erased as disks.erase says: ${found.map(({ method, unable }) => `${method}: ${unable}`).join('; ')}`,
    hint: `name one of ${offered.join(', ')} in disks.erase, or remove what stands in the way`,
  }
}

/** `NVMe sanitize (block erase), about 2 min by its own estimate; should that fail, by overwriting with zeros`. */
export function describeErasure([first, ...others]: PlannedDisk['erase']): string {
  if (first === undefined) return ''
  const estimate = first.seconds === undefined ? '' : `, about ${describeTime(first.seconds)} by its own estimate`
  const fallback = others.map(({ method }) => `; should that fail, by ${ERASE_NAMES[method]}`)
  return `${ERASE_NAMES[first.method]}${estimate}${fallback.join('')}`
}

function missing(method: EraseMethod): EraseAbility {
  return { method, unable: 'this disk does not offer it' }
}

function describeTime(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
