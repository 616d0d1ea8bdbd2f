// Takes from a disk everything that firmware, kernels or boot loaders could recognise, or all of its content.
import { formatBytes } from '../../../server/contract/bytes.ts'
import type { PlannedDisk, StoragePlan } from '../../../server/contract/plan.ts'
import type { Host } from '../sys/host.ts'
import { partitionPath } from './sfdisk.ts'
import { partitionNames } from './take-down.ts'

/** Boot code, both GPT ends and, behind the primary one, the start of a BIOS boot partition. */
const EDGE = 4 * 2 ** 20
/** Written between two words about it. */
const SLICE = 16 * 2 ** 30

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

/** Makes the old content unreadable, and reports what was done how fast. Throws CommandError or a system error when the disk refuses. */
export async function eraseContent(
  host: Host,
  device: string,
  { disk }: Pick<PlannedDisk, 'disk'>,
  how: Exclude<StoragePlan['erase'], 'signatures'>,
  say: (text: string) => void,
): Promise<void> {
  const what = `${device} (serial ${disk.serial ?? 'unknown'}, ${formatBytes(disk.size)})`
  const started = performance.now()
  const seconds = () => Math.round((performance.now() - started) / 1000)
  if (how === 'discard') {
    await host.run('blkdiscard', ['--force', device], { timeout: 4 * 3_600_000 })
    return say(`erased ${what} in ${seconds()} s: all of its blocks were discarded`)
  }
  for (let done = 0; done < disk.size; done += SLICE) {
    say(`overwriting ${what}: ${Math.floor((100 * done) / disk.size)} %`)
    await host.zero(device, done, Math.min(SLICE, disk.size - done))
  }
  say(`erased ${what} in ${seconds()} s: ${disk.size} bytes were overwritten with zeros`)
}
