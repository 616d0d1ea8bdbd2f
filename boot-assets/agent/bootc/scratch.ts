// Room for an image's root besides the target, which has to be empty when bootc begins: memory, or a part of the disk that is given back.
import { mkdir } from 'node:fs/promises'
import type { PlannedFilesystem, PlannedPartition, StoragePlan } from '../../../server/contract/plan.ts'
import type { Manifest } from '../../../server/oci/manifest.ts'
import { deviceOf, filesystemAt } from '../disk/target.ts'
import type { Target } from '../disk/target.ts'
import type { Host } from '../sys/host.ts'

/** For the agent, for bootc and for the pages of what is being written. */
const RESERVE = 640 * 2 ** 20
/** Root file systems grow to about this much of their compressed layers. */
const EXPANSION = 2.6
/** On a disk, more than the estimate costs nothing; too little costs the install. */
const DISK_MARGIN = 1.25

/** Where it is mounted: beside the folder that stages have for their mounts. */
export function scratchFolder(stage: string): string {
  return `${stage}-scratch`
}

/** What the image takes unpacked, as far as its manifest tells. */
export function unpackedEstimate({ layers }: Pick<Manifest, 'layers'>): number {
  return layers.reduce(
    (sum, { mediaType, size }) => sum + size * (/[+.](gzip|zstd)$/.test(mediaType) ? EXPANSION : 1),
    0,
  )
}

/** Bytes that the image needs on a disk; undefined when it fits into memory. */
export async function scratchSize(host: Host, manifest: Pick<Manifest, 'layers'>): Promise<number | undefined> {
  const needed = unpackedEstimate(manifest)
  return needed <= (await roomInMemory(host)) ? undefined : Math.ceil(needed * DISK_MARGIN)
}

/** Mounts the plan's scratch partition at `folder`, or else memory, which never takes what the programs need. Throws CommandError. */
export async function mountScratch(
  host: Host,
  target: Pick<Target, 'plan' | 'devices'>,
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  await unmountScratch(host, folder)
  const partition = scratchOf(target.plan)
  if (partition === undefined) {
    const size = await roomInMemory(host)
    await host.run('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0755,nr_inodes=0`, 'tmpfs', folder])
    return
  }
  const device = deviceOf(target, partition.id)
  // Nothing of it outlives this boot, hence no journal; images have many small files.
  await host.run('mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-m', '0', '-i', '8192', device])
  await host.run('mount', ['-t', 'ext4', '-o', 'noatime', device, folder])
}

/** Gives the memory back; does nothing where there is none. */
export async function unmountScratch(host: Host, folder: string): Promise<void> {
  const mounted = ((await host.read('/proc/self/mounts')) ?? '')
    .split('\n')
    .some((line) => line.split(' ')[1] === folder)
  if (mounted) await host.run('umount', [folder])
}

/**
 * Takes the scratch partition off the disk, once it is unmounted, and lets the mounted root grow to what the `lasting` plan has for it; does
 * nothing where there is none. Throws CommandError.
 */
export async function giveBackScratch(host: Host, target: Target, lasting: StoragePlan): Promise<void> {
  const partition = scratchOf(target.plan)
  const [planned] = target.plan.disks
  if (partition === undefined || planned === undefined) return
  const { id, disk } = planned
  const device = deviceOf(target, id)
  await host.run('wipefs', ['--all', '--force', '--quiet', deviceOf(target, partition.id)])
  // The disk is in use: the kernel is told of each change by itself.
  const sfdisk = ['--quiet', '--force', '--no-reread', '--no-tell-kernel']
  await host.run('sfdisk', [...sfdisk, '--delete', device, String(partition.number)])
  await host.run('partx', ['--delete', '--nr', String(partition.number), device])
  const filesystem = filesystemAt(target.plan, '/')
  const rootOf = ({ disks }: StoragePlan) => disks[0]?.partitions.find((one) => one.id === filesystem.on)
  const [root, wanted] = [rootOf(target.plan), rootOf(lasting)]
  if (root === undefined || wanted === undefined || root.size === wanted.size) return
  const number = String(root.number)
  await host.run('sfdisk', [...sfdisk, '-N', number, device], { input: `, ${wanted.size / disk.logicalBlockSize}\n` })
  await host.run('partx', ['--update', '--nr', number, device])
  const [program, ...args] = growCommand(filesystem.filesystem, deviceOf(target, root.id), target.mountPoint)
  await host.run(program, args)
}

/** What makes a mounted file system as large as its partition. */
function growCommand(
  filesystem: PlannedFilesystem['filesystem'],
  device: string,
  mountPoint: string,
): [string, ...string[]] {
  switch (filesystem) {
    case 'xfs':
      return ['xfs_growfs', mountPoint]
    case 'btrfs':
      return ['btrfs', 'filesystem', 'resize', 'max', mountPoint]
    default:
      return ['resize2fs', device]
  }
}

function scratchOf({ disks }: Pick<StoragePlan, 'disks'>): PlannedPartition | undefined {
  return disks.flatMap(({ partitions }) => partitions).find(({ role }) => role === 'scratch')
}

async function roomInMemory(host: Host): Promise<number> {
  const [, kib] = /^MemAvailable:\s+(\d+) kB/m.exec((await host.read('/proc/meminfo')) ?? '') ?? []
  return Math.max(0, Number(kib ?? 0) * 1024 - RESERVE)
}
