// Writes the planned partition table and file systems, and mounts them.
import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiskPlan, PlannedPartition } from '../../../server/contract/plan.ts'
import { AgentError } from '../errors.ts'
import { eraseDisk } from '../disk/erase.ts'
import { filesystemUuid, mkfsCommand } from '../disk/mkfs.ts'
import { partitionPath, sfdiskScript } from '../disk/sfdisk.ts'
import type { Target, TargetPartition } from '../disk/target.ts'
import type { Host } from '../sys/host.ts'

type Say = (text: string) => void

/**
 * Erases the plan's disk and makes it anew. Whatever was on it is gone once this has started. The result is mounted at
 * `mountPoint`; nothing on it can be booted.
 */
export async function partitionDisk(host: Host, plan: DiskPlan, mountPoint: string, say: Say): Promise<Target> {
  const device = await checkedDevice(host, plan)
  say(`erasing ${device}`)
  await eraseDisk(host, device, plan.disk)
  say(`writing a GUID partition table with ${plan.partitions.length} partitions to ${device}`)
  await host.run('sfdisk', ['--wipe', 'always', '--wipe-partitions', 'always', '--quiet', device], {
    input: sfdiskScript(plan),
  })
  // Tells the kernel each partition by itself: reading the table again may fail, or the kernel may not know GPT.
  await host.run('partx', ['--update', device])
  await host.run('udevadm', ['settle', '--timeout=30'])
  const partitions: TargetPartition[] = []
  for (const partition of plan.partitions) {
    partitions.push(await makeFilesystem(host, plan, partition, partitionPath(device, partition.number), say))
  }
  await host.run('udevadm', ['settle', '--timeout=30'])
  await mountAll(host, partitions, mountPoint)
  return { plan, device, partitions, mountPoint }
}

/** Kernel path of the planned disk, after making sure that it still is the disk that was planned for. */
async function checkedDevice(host: Host, { device, disk }: DiskPlan): Promise<string> {
  const path = await host.resolve(device)
  const sectors = Number(await host.read(`/sys/class/block/${disk.name}/size`))
  // The kernel counts in units of 512 bytes, whatever the disk's own sectors.
  if (path !== `/dev/${disk.name}` || sectors * 512 !== disk.size) {
    throw new AgentError('DISK_IO', `${device} is no longer the disk of the plan (${disk.name}, ${disk.size} bytes)`, {
      hint: 'was it unplugged? start the install again',
    })
  }
  return path
}

async function makeFilesystem(
  host: Host,
  { disk }: DiskPlan,
  partition: PlannedPartition,
  device: string,
  say: Say,
): Promise<TargetPartition> {
  const { filesystem } = partition
  if (filesystem === undefined) return { partition, device, uuid: undefined }
  const uuid = randomUUID()
  const made = { partition: { ...partition, filesystem }, device, uuid, logicalBlockSize: disk.logicalBlockSize }
  say(`making ${filesystem} on ${device} (${partition.name})`)
  const [program, ...args] = mkfsCommand(made)
  await host.run(program, args)
  return { partition, device, uuid: filesystemUuid(made) }
}

/** Parents first: root, then boot, then what is mounted inside. */
async function mountAll(host: Host, partitions: readonly TargetPartition[], mountPoint: string): Promise<void> {
  const mounted = partitions
    .flatMap(({ partition, device }) =>
      partition.mountPoint === undefined ? [] : [{ device, ...partition, mountPoint: partition.mountPoint }],
    )
    .sort((a, b) => a.mountPoint.length - b.mountPoint.length)
  for (const { device, filesystem, mountPoint: path } of mounted) {
    const where = join(mountPoint, path)
    await mkdir(where, { recursive: true, mode: 0o755 })
    await host.run('mount', ['-t', filesystem ?? 'auto', '-o', 'noatime', device, where])
  }
}

/** Unmounts the target, deepest first; what is not mounted is skipped. */
export async function unmountAll(host: Host, mountPoint: string): Promise<void> {
  const mounts = ((await host.read('/proc/self/mounts')) ?? '').split('\n').flatMap((line) => line.split(' ')[1] ?? [])
  const below = mounts.filter((path) => path === mountPoint || path.startsWith(`${mountPoint}/`))
  for (const path of below.sort((a, b) => b.length - a.length)) await host.run('umount', [path])
}
