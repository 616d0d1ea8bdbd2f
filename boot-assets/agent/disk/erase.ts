// Takes from a disk everything that firmware, kernels or boot loaders could recognise.
import type { DiskFacts } from '../../../server/contract/facts.ts'
import type { Host } from '../sys/host.ts'

/** Boot code, both GPT ends and, behind the primary one, the start of a BIOS boot partition. */
const EDGE = 4 * 2 ** 20

/**
 * Erases signatures of the disk's partitions and of the disk itself, and zeroes both ends of it. Throws CommandError or a
 * system error when the disk refuses.
 */
export async function eraseDisk(host: Host, device: string, disk: Pick<DiskFacts, 'name' | 'size'>): Promise<void> {
  const partitions = (await host.list(`/sys/class/block/${disk.name}`)).filter((name) => name.startsWith(disk.name))
  for (const name of partitions) await host.run('wipefs', ['--all', '--force', '--quiet', `/dev/${name}`])
  await host.run('wipefs', ['--all', '--force', '--quiet', device])
  const edge = Math.min(EDGE, disk.size)
  await host.zero(device, 0, edge)
  await host.zero(device, disk.size - edge, edge)
}
