// Takes from a disk everything that firmware, kernels or boot loaders could recognise.
import type { PlannedDisk } from '../../../server/contract/plan.ts'
import type { Host } from '../sys/host.ts'
import { partitionPath } from './sfdisk.ts'
import { partitionNames } from './take-down.ts'

/** Boot code, both GPT ends and, behind the primary one, the start of a BIOS boot partition. */
const EDGE = 4 * 2 ** 20

/**
 * Erases signatures of the disk's partitions and of the disk itself, and zeroes both ends of it; of a disk with kept partitions only what
 * lies in the others. Throws CommandError or a system error when the disk refuses.
 */
export async function eraseDisk(
  host: Host,
  device: string,
  { disk, partitions }: Pick<PlannedDisk, 'disk' | 'partitions'>,
): Promise<void> {
  const kept = partitions.filter((partition) => partition.kept).map(({ number }) => partitionPath(device, number))
  for (const name of await partitionNames(host, disk.name)) {
    const path = `/dev/${name}`
    if (!kept.includes(path)) await wipe(host, path)
  }
  if (kept.length > 0) return
  await wipe(host, device)
  const edge = Math.min(EDGE, disk.size)
  await host.zero(device, 0, edge)
  await host.zero(device, disk.size - edge, edge)
}

export async function wipe(host: Host, device: string): Promise<void> {
  await host.run('wipefs', ['--all', '--force', '--quiet', device])
}
