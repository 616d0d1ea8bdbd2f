// Room at the end of a disk for as long as an install takes: what lies there is gone when it is done.
import { formatBytes } from '../contract/bytes.ts'
import type { Failure } from '../contract/install.ts'
import type { PlannedPartition, StoragePlan } from '../contract/plan.ts'
import { LINUX_DATA, TABLES_END } from './partitions.ts'
import { describeDisk } from './select-disk.ts'
import { stableIds } from './stable-ids.ts'
import { roundDown, roundUp } from './units.ts'
import { MIN_ROOT_SIZE } from './wanted-volumes.ts'

/**
 * The plan for the time of the install: a partition of `size` at the end of its only disk, for which root gives up what it has to. Root
 * keeps room for as much again. Refuses with NO_SPACE.
 */
export function withScratch(plan: StoragePlan, size: number, seed: string): StoragePlan | Failure {
  const [planned] = plan.disks
  const root = planned?.partitions.find(({ role }) => role === 'root')
  if (planned === undefined || root === undefined) throw new Error('a plan without a root has no room for more')
  const { disk, partitions } = planned
  const needed = roundUp(size)
  const end = roundDown(disk.size - TABLES_END)
  const start = end - needed
  const rootSize = Math.min(root.size, start - root.start)
  if (rootSize < Math.max(MIN_ROOT_SIZE, needed)) {
    return {
      code: 'NO_SPACE',
      message: `engine bootc unpacks the image first: it takes about ${formatBytes(needed)}, for which neither memory nor ${describeDisk(disk)} has room beside the system`,
      hint: 'set engine to ostree, which needs no such room, or give the machine more memory or a larger disk',
    }
  }
  const id = `${planned.id}/scratch`
  const scratch: PlannedPartition = {
    id,
    number: Math.max(...partitions.map(({ number }) => number)) + 1,
    name: 'scratch',
    role: 'scratch',
    typeGuid: LINUX_DATA,
    uuid: stableIds(seed)(id),
    start,
    size: needed,
    kept: false,
  }
  const others = partitions.map((partition) => (partition === root ? { ...root, size: rootSize } : partition))
  return {
    ...plan,
    disks: [{ ...planned, partitions: [...others, scratch] }],
    filesystems: plan.filesystems.map((one) => (one.on === root.id ? { ...one, size: rootSize } : one)),
    warnings: [
      ...plan.warnings,
      `the image does not fit into memory: ${formatBytes(needed)} at the end of ${disk.name} hold it until the install is done, and go to root then`,
    ],
  }
}
