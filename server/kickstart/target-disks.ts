// What the disks of an install are called in its kickstart: by a name that lasts, or by a placeholder that %pre fills in.
import type { Facts } from '../contract/facts.ts'
import type { DiskSelector } from '../contract/spec-disks.ts'
import type { MachineSpec } from '../contract/spec.ts'
import { describeDisk, judgeDisks } from '../plan/select-disk.ts'
import { KickstartError } from './errors.ts'

export interface TargetDisk {
  /** As commands name it. */
  name: string
  /** The selector that %pre has to find the disk by; absent where the name is known already. */
  selector?: DiskSelector
  /** For people, where the machine has told its disks. */
  description?: string
}

/**
 * The disks to install on: one, or two for a mirror. A machine that told its disks must have exactly one for each selector; of others only
 * what names a disk for good is taken as it is, and everything else is looked for on the machine, where again exactly one may match.
 * Throws SPEC_UNSUPPORTED.
 */
export function targetDisks({ disk, mirror }: MachineSpec['disks'], facts: Facts | undefined): TargetDisk[] {
  const selectors = mirror === undefined ? [disk] : [disk, mirror]
  const targets = selectors.map((selector, at) => targetDisk(selector, facts, `@landfall-disk-${at + 1}@`))
  const [first, second] = targets
  if (second && first!.selector === undefined && first!.name === second.name) {
    throw new KickstartError(
      'SPEC_UNSUPPORTED',
      `disks.disk and disks.mirror both mean ${first!.description ?? first!.name}`,
      {
        hint: 'name two disks, by serial for instance',
      },
    )
  }
  return targets
}

function targetDisk(selector: DiskSelector, facts: Facts | undefined, placeholder: string): TargetDisk {
  if (!facts) {
    const { byId, byPath, ...others } = selector
    const lasting =
      byId !== undefined ? `by-id/${leaf(byId)}` : byPath !== undefined ? `by-path/${leaf(byPath)}` : undefined
    const alone =
      Object.values(others).every((value) => value === undefined) && (byId === undefined || byPath === undefined)
    return lasting !== undefined && alone ? { name: `/dev/disk/${lasting}` } : { name: placeholder, selector }
  }
  const candidates = judgeDisks(selector, facts.disks)
  const matching = candidates.filter(({ against }) => against.length === 0)
  const [chosen] = matching
  if (matching.length !== 1 || !chosen) {
    const list = candidates
      .map(
        ({ disk, against }) => `${describeDisk(disk)} ${against.length > 0 ? `no: ${against.join(', ')}` : 'matches'}`,
      )
      .join('; ')
    const message = `${matching.length === 0 ? 'no disk matches' : `${matching.length} disks match`} the selector: ${list}`
    throw new KickstartError('SPEC_UNSUPPORTED', message, {
      hint: 'change spec.disks so that exactly one disk matches',
    })
  }
  const { byId } = chosen.disk
  const description = describeDisk(chosen.disk)
  return byId[0] === undefined
    ? { name: placeholder, selector, description }
    : { name: `/dev/disk/by-id/${byId[0]}`, description }
}

/** People paste whole paths. */
function leaf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
