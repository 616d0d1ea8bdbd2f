// The disk being installed: names, file systems and where they are mounted.
import type { DiskPlan, PlannedPartition } from '../../../server/contract/plan.ts'

export interface TargetPartition {
  partition: PlannedPartition
  /** `/dev/vda3` */
  device: string
  /** UUID of its file system; undefined without one. */
  uuid: string | undefined
}

export interface Target {
  plan: DiskPlan
  /** `/dev/vda`: where the plan's stable name leads in this boot. */
  device: string
  partitions: readonly TargetPartition[]
  /** Where root is mounted, with boot and ESP below. */
  mountPoint: string
}

/** The partition with this role; a target without it is a broken plan, hence a plain error. */
export function partitionOf(target: Pick<Target, 'partitions'>, role: PlannedPartition['role']): TargetPartition {
  const found = findPartition(target, role)
  if (found === undefined) throw new Error(`the plan has no ${role} partition`)
  return found
}

export function findPartition(
  target: Pick<Target, 'partitions'>,
  role: PlannedPartition['role'],
): TargetPartition | undefined {
  return target.partitions.find(({ partition }) => partition.role === role)
}
