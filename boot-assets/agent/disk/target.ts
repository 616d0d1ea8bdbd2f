// The disks being installed: what of the plan is where in this boot, and where it is mounted.
import type { PlannedDisk, PlannedFilesystem, PlannedPartition, StoragePlan } from '../../../server/contract/plan.ts'

export interface Target {
  plan: StoragePlan
  /** Kernel path of each disk, partition and layer, by its id in the plan: `/dev/vda3`. */
  devices: ReadonlyMap<string, string>
  /** Where root is mounted, with boot and ESP below. */
  mountPoint: string
  /** A folder off it with everything else: `/var` of the machine is `var` below it. */
  volumes: string
}

/** Where a node of the plan is; a target without it is a broken plan, hence a plain error. */
export function deviceOf({ devices }: Pick<Target, 'devices'>, id: string): string {
  const device = devices.get(id)
  if (device === undefined) throw new Error(`the plan has no ${id}`)
  return device
}

/** The file system mounted there, if one is. */
export function findFilesystemAt(
  { filesystems }: Pick<StoragePlan, 'filesystems'>,
  mountPoint: string,
): PlannedFilesystem | undefined {
  return filesystems.find(({ mounts }) => mounts.some((mount) => mount.mountPoint === mountPoint))
}

/** The file system mounted there; a plan without it is broken, hence a plain error. */
export function filesystemAt(plan: Pick<StoragePlan, 'filesystems'>, mountPoint: string): PlannedFilesystem {
  const found = findFilesystemAt(plan, mountPoint)
  if (found === undefined) throw new Error(`the plan has no file system at ${mountPoint}`)
  return found
}

/** The partitions with this role, one or none of each disk. */
export function partitionsWith(
  { disks }: Pick<StoragePlan, 'disks'>,
  role: PlannedPartition['role'],
): { disk: PlannedDisk; partition: PlannedPartition }[] {
  return disks.flatMap((disk) =>
    disk.partitions.filter((partition) => partition.role === role).map((partition) => ({ disk, partition })),
  )
}

/** Mount points that are volumes of the machine's own: everything but the system itself. */
export function ownVolumes({ filesystems }: Pick<StoragePlan, 'filesystems'>): {
  filesystem: PlannedFilesystem
  mountPoint: string
  subvolume: string | undefined
}[] {
  return filesystems
    .flatMap((filesystem) =>
      filesystem.mounts.map(({ mountPoint, subvolume }) => ({ filesystem, mountPoint, subvolume })),
    )
    .filter(({ mountPoint }) => !SYSTEM_MOUNTS.includes(mountPoint))
    .toSorted((a, b) => (a.mountPoint < b.mountPoint ? -1 : 1))
}

/** Parents first. */
export const SYSTEM_MOUNTS: readonly string[] = ['/', '/boot', '/boot/efi']
