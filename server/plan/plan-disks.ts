// The dry run of an install's disk part: from what is wanted and what is there to what will be written, or to a refusal.
import { formatBytes } from '../contract/bytes.ts'
import type { DiskFacts, Facts } from '../contract/facts.ts'
import type { Failure } from '../contract/install.ts'
import type { DiskPlan } from '../contract/plan.ts'
import type { MachineSpec } from '../contract/spec.ts'
import { layOutPartitions, smallestDisk } from './partitions.ts'
import { describeDisk, selectDisk } from './select-disk.ts'

/**
 * Plans the one disk that `spec.disks.disk` means. Pure: the agent writes by the very plan the server can preview. Refuses with
 * DISK_NONE_MATCHES, DISK_SEVERAL_MATCH or DISK_TOO_SMALL; the message lists every disk and what speaks for or against it.
 */
export function planDisks(
  spec: Pick<MachineSpec, 'disks'>,
  facts: Pick<Facts, 'architecture' | 'firmware' | 'disks'>,
): DiskPlan | Failure {
  const { disk: selector, ...layout } = spec.disks
  const disk = selectDisk(selector, facts.disks)
  if ('code' in disk) return disk
  const partitions = layOutPartitions(disk.size, layout, facts.architecture)
  if (!partitions) {
    const needed = smallestDisk(layout, facts.architecture)
    return {
      code: 'DISK_TOO_SMALL',
      message: `disk ${describeDisk(disk)} is too small: the layout needs ${formatBytes(needed)}`,
      hint: 'choose another disk with spec.disks.disk, or smaller espSize and bootSize',
    }
  }
  return { disk, device: devicePath(disk), firmware: facts.firmware, partitions, warnings: warningsFor(disk) }
}

/** A by-id name stays right when kernel names change between the plan and the write. */
function devicePath({ name, byId }: DiskFacts): string {
  return byId[0] ? `/dev/disk/by-id/${byId[0]}` : `/dev/${name}`
}

function warningsFor(disk: DiskFacts): string[] {
  const warnings: string[] = []
  if (disk.signatures.length > 0) {
    warnings.push(`everything on ${describeDisk(disk)} will be lost; it holds: ${disk.signatures.join(', ')}`)
  }
  if (disk.byId.length === 0) warnings.push(`${disk.name} has no stable name below /dev/disk/by-id`)
  if (disk.removable) warnings.push(`${disk.name} is removable`)
  return warnings
}
