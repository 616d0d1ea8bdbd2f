// What the disks of an install are called in its kickstart: by a name that lasts, or by a placeholder that %pre fills in.
import type { Facts } from '../contract/facts.ts'
import type { DiskSelector } from '../contract/spec-disks.ts'
import type { MachineSpec } from '../contract/spec.ts'
import { describeDisk, selectDisk } from '../plan/select-disk.ts'
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
    refuseConditions(selector)
    const { byId, byPath, ...others } = selector
    const lasting =
      typeof byId === 'string'
        ? `by-id/${leaf(byId)}`
        : typeof byPath === 'string'
          ? `by-path/${leaf(byPath)}`
          : undefined
    const alone =
      Object.values(others).every((value) => value === undefined) && (byId === undefined || byPath === undefined)
    return lasting !== undefined && alone ? { name: `/dev/disk/${lasting}` } : { name: placeholder, selector }
  }
  const chosen = selectDisk(selector, facts.disks)
  if ('code' in chosen) {
    const { message, hint } = chosen
    throw new KickstartError('SPEC_UNSUPPORTED', message, hint === undefined ? {} : { hint })
  }
  const { byId } = chosen
  const description = describeDisk(chosen)
  return byId[0] === undefined
    ? { name: placeholder, selector, description }
    : { name: `/dev/disk/by-id/${byId[0]}`, description }
}

/** What only Landfall's own planner judges, by the disks that a machine has told. */
function refuseConditions(selector: DiskSelector): void {
  const { vendor, pick, ...others } = selector
  const conditions = Object.values(others).some((value) => typeof value === 'object')
  if (vendor === undefined && pick === undefined && !conditions) return
  throw new KickstartError(
    'SPEC_UNSUPPORTED',
    'disks are chosen by vendor, pick or parts of a text, and the machine has not told its disks',
    {
      hint: 'boot it from the network once, so that it tells them, or name the disk by a whole serial',
    },
  )
}

/** People paste whole paths. */
function leaf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
