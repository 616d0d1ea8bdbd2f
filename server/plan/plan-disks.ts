// The dry run of an install's disk part: from what is wanted and what is there to what will be written, or to a refusal.
import type { DiskFacts, Facts } from '../contract/facts.ts'
import type { Failure } from '../contract/install.ts'
import type { PlannedDisk, StoragePlan } from '../contract/plan.ts'
import type { MachineSpec } from '../contract/spec.ts'
import type { DiskLayout, DiskSelector } from '../contract/spec-disks.ts'
import { contradiction } from './check-layout.ts'
import { describeErasure } from './erasure.ts'
import type { Insides } from './inside.ts'
import { placesToLookInto } from './kept.ts'
import { layOut } from './layout.ts'
import { describeDisk, selectDisk } from './select-disk.ts'
import { stableIds } from './stable-ids.ts'
import { raidOf, SYSTEM } from './wanted-volumes.ts'

/** What of a machine's facts a plan is made from. */
export type PlanFacts = Pick<Facts, 'architecture' | 'firmware' | 'disks'> & {
  /** Absent where nobody has looked into what stays: the plan then supposes that it is what the layout says. */
  insides?: Insides
}

/**
 * Plans the disks that `spec.disks` means. Pure: the agent writes by the very plan the server can preview; `seed`, the install's id,
 * decides the UUIDs. Refuses with DISK_NONE_MATCHES, DISK_SEVERAL_MATCH, DISK_TOO_SMALL, DISK_LAYOUT, DISK_LOCKED or DISK_ERASE; of disks the message lists each
 * and what speaks for or against it.
 */
export function planDisks(
  { disks: layout }: Pick<MachineSpec, 'disks'>,
  facts: PlanFacts,
  seed: string,
): StoragePlan | Failure {
  const refused = contradiction(layout)
  if (refused) return refused
  const disks = chosenDisks(layout, facts.disks)
  if ('code' in disks) return disks
  const unbootable = unbootableDisk(disks, facts.firmware)
  if (unbootable) return unbootable
  const made = layOut(layout, disks, facts.architecture, stableIds(seed), facts.insides)
  if ('code' in made) return made
  const { kept, ...laid } = made
  const unseen = [...kept].filter(([, { unseen }]) => unseen).map(([name]) => name)
  const warnings = [
    ...laid.disks.flatMap((disk) => warningsFor(disk, laid)),
    ...unseen.map(
      (name) =>
        `the installer looks into partition ${name} before anything is written, and plans anew by what it finds`,
    ),
  ]
  return { firmware: facts.firmware, ...laid, warnings }
}

/**
 * Partitions of the disks that `spec.disks` means which have to be looked into for a plan: they hold what stays. None where the disks are
 * refused, which planning tells.
 */
export function placesOf(
  { disks: layout }: Pick<MachineSpec, 'disks'>,
  facts: Pick<Facts, 'disks'>,
): ReturnType<typeof placesToLookInto> {
  const disks = chosenDisks(layout, facts.disks)
  return 'code' in disks || contradiction(layout) ? [] : placesToLookInto(layout, disks)
}

/** What stays on a disk, as people call it: partitions, or of a volume group its volumes. */
export function keptOn(
  { partitions }: Pick<PlannedDisk, 'partitions'>,
  { layers }: Pick<StoragePlan, 'layers'>,
): string[] {
  const volumes = layers
    .filter(({ type, kept }) => type === 'logical-volume' && kept)
    .map(({ name }) => `volume ${name}`)
  return partitions.filter(({ kept }) => kept).flatMap(({ name }) => (name === SYSTEM ? volumes : [name]))
}

/** One for each selector, all different. */
function chosenDisks(layout: DiskLayout, disks: readonly DiskFacts[]): DiskFacts[] | Failure {
  const further = raidOf(layout)?.disks ?? []
  const option = (at: number) => (layout.scheme === 'raid1' ? 'disks.mirror' : `disks.raid.disks[${at}]`)
  const selectors: [DiskSelector, string][] = [
    [layout.disk, 'disks.disk'],
    ...further.map((selector, at): [DiskSelector, string] => [selector, option(at)]),
  ]
  const chosen: DiskFacts[] = []
  for (const [selector, name] of selectors) {
    const disk = selectDisk(selector, disks, name)
    if ('code' in disk) return disk
    const before = chosen.indexOf(disk)
    if (before >= 0) {
      return {
        code: 'DISK_SEVERAL_MATCH',
        message: `${selectors[before]![1]} and ${name} both mean ${describeDisk(disk)}`,
        hint: 'name two disks, by serial for instance, or by pick with different nth',
      }
    }
    chosen.push(disk)
  }
  return chosen
}

/** What no boot loader could start from. */
function unbootableDisk(disks: readonly DiskFacts[], firmware: Facts['firmware']): Failure | undefined {
  const [first] = disks
  const other = disks.find((disk) => disk.logicalBlockSize !== first?.logicalBlockSize)
  if (first && other) {
    return {
      code: 'DISK_LAYOUT',
      message: `${describeDisk(first)} has sectors of ${first.logicalBlockSize} bytes, ${describeDisk(other)} of ${other.logicalBlockSize}: one array cannot hold both`,
      hint: 'choose disks with the same sector size',
    }
  }
  if (first && firmware === 'bios' && first.logicalBlockSize > 512) {
    return {
      code: 'DISK_LAYOUT',
      message: `a BIOS cannot start from ${describeDisk(first)}: its sectors have ${first.logicalBlockSize} bytes, and it reads only 512`,
      hint: 'switch the firmware of this machine to UEFI, or choose another disk',
    }
  }
  return undefined
}

function warningsFor(planned: PlannedDisk, plan: Pick<StoragePlan, 'layers'>): string[] {
  const { disk, erase } = planned
  const warnings: string[] = []
  const kept = keptOn(planned, plan)
  if (disk.signatures.length > 0) {
    const but = kept.length > 0 ? ` but ${kept.join(', ')}` : ''
    warnings.push(`everything${but} on ${describeDisk(disk)} will be lost; it holds: ${disk.signatures.join(', ')}`)
  }
  if (erase.length > 0) warnings.push(`${disk.name} is erased by ${describeErasure(erase)}`)
  if (disk.byId.length === 0) warnings.push(`${disk.name} has no stable name below /dev/disk/by-id`)
  if (disk.removable) warnings.push(`${disk.name} is removable`)
  return warnings
}
