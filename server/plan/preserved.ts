// Finds the partition of an earlier install whose content shall stay.
import type { DiskFacts, PartitionFacts } from '../contract/facts.ts'
import type { Failure } from '../contract/install.ts'
import type { PlannedFilesystem } from '../contract/plan.ts'
import { describeDisk } from './select-disk.ts'

/**
 * The partition of that name on the disk; undefined when there is none, and a new one is to be made. Refuses with DISK_LAYOUT where it
 * cannot be told for sure, or holds something else than the layout wants: it is never overwritten.
 */
export function findPreserved(
  { name }: { name: string },
  filesystem: PlannedFilesystem['filesystem'],
  disk: DiskFacts,
): PartitionFacts | Failure | undefined {
  const [found, ...others] = disk.partitions.filter((partition) => partition.name === name)
  if (found === undefined) return undefined
  const refuse = (message: string): Failure => ({
    code: 'DISK_LAYOUT',
    message: `partition ${name} of ${describeDisk(disk)} is to be preserved, but ${message}`,
    hint: 'save what it holds and leave preserve out of this volume for one install, or change the volume to what is there',
  })
  if (others.length > 0) return refuse(`${others.length + 1} partitions have that name`)
  if (found.filesystem !== filesystem)
    return refuse(`it holds ${found.filesystem ?? 'nothing known'}, not ${filesystem}`)
  if (found.filesystemUuid === undefined) return refuse('its file system has no UUID to mount it by')
  return found
}
