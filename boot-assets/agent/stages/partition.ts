// Makes what the plan says: partition tables, what lies on them, file systems; and mounts these.
import type { PlannedDisk, PlannedFilesystem, StoragePlan } from '../../../server/contract/plan.ts'
import type { EraseBegin, EraseEnd } from '../../../server/contract/erase.ts'
import { eraseContent, mayBeUnreadable } from '../disk/erase-content.ts'
import { eraseDisk, wipe } from '../disk/erase.ts'
import { layerModules, layerSteps, NO_UDEV } from '../disk/layers.ts'
import type { Secrets } from '../disk/layers.ts'
import { mkfsCommand } from '../disk/mkfs.ts'
import { makeSubvolumes, mountAll } from '../disk/mounts.ts'
import { partitionPath, sfdiskScript } from '../disk/sfdisk.ts'
import { takeDown } from '../disk/take-down.ts'
import { deviceOf, filesystemAt } from '../disk/target.ts'
import type { Target } from '../disk/target.ts'
import { AgentError } from '../errors.ts'
import type { Host } from '../sys/host.ts'
import { keepFetched } from './resume.ts'

export interface StorageOptions {
  host: Host
  plan: StoragePlan
  /** Where root is to be mounted, and a folder off it for everything else. */
  mountPoint: string
  volumes: string
  /** For what the plan encrypts, and for what is encrypted and stays. */
  secrets: Secrets
  say: (text: string) => void
  onErasing: (report: EraseBegin) => Promise<void>
  onErased: (report: EraseEnd) => void
  signal: AbortSignal
}

/** Long enough for a machine that is slow, or emulated and starved: it is over as soon as udev is done. */
const SETTLE = ['settle', '--timeout=120']

/**
 * Erases the plan's disks and makes them anew, but for what an earlier boot of this very install fetched onto them. Whatever else was on them,
 * but for partitions that are kept, is gone once this has started. The result is mounted; nothing on it can be booted.
 */
export async function makeStorage(options: StorageOptions): Promise<Target> {
  const { host, plan, mountPoint, volumes, say } = options
  const devices = new Map<string, string>()
  // All of them first: nothing is erased when one is missing.
  for (const disk of plan.disks) devices.set(disk.id, await checkedDevice(host, disk))
  for (const disk of plan.disks) await takeDown(host, disk.disk.name)
  for (const { id, partitions } of plan.disks) {
    for (const { id: own, number } of partitions) devices.set(own, partitionPath(devices.get(id)!, number))
  }
  const target: Target = { plan, devices, mountPoint, volumes }
  const resumed = await keepFetched(host, target, say)
  const stays = (on: string) => resumed && on === filesystemAt(plan, '/').on
  if (!resumed) {
    for (const disk of plan.disks) await clear(options, deviceOf(target, disk.id), disk)
    for (const disk of plan.disks) await writeTable(options, deviceOf(target, disk.id), disk)
    await host.run('udevadm', SETTLE)
  }
  for (const { id, kept } of plan.disks.flatMap(({ partitions }) => partitions)) {
    // What began there in an older table would be found again.
    if (!kept && !stays(id)) await wipe(host, deviceOf(target, id))
  }
  await makeLayers(options, target, devices)
  for (const filesystem of plan.filesystems) {
    if (filesystem.kept) say(`keeping ${filesystem.filesystem} on ${deviceOf(target, filesystem.on)}`)
    else if (!stays(filesystem.on)) await makeFilesystem(options, target, filesystem)
  }
  await host.run('udevadm', SETTLE)
  await mountAll(host, target)
  return target
}

/** Kernel path of a planned disk, after making sure that it still is the disk that was planned for. */
async function checkedDevice(host: Host, { device, disk }: PlannedDisk): Promise<string> {
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

/** Signatures come first: should the power be cut while content goes, nothing boots. A disk that erases itself may be locked until it has. */
async function clear(options: StorageOptions, device: string, disk: PlannedDisk): Promise<void> {
  const { host, say } = options
  const erasing = disk.erase.length > 0
  if (!erasing || !mayBeUnreadable(disk)) {
    say(`erasing the signatures on ${device}`)
    await eraseDisk(host, device, disk)
  }
  if (!erasing) return
  await eraseContent(options, device, disk)
  await eraseDisk(host, device, disk)
}

async function writeTable({ host, say }: StorageOptions, device: string, disk: PlannedDisk): Promise<void> {
  const kept = disk.partitions.filter((partition) => partition.kept)
  say(`writing a GUID partition table with ${disk.partitions.length} partitions to ${device}`)
  // sfdisk would wipe the kept ones as well.
  const wiping = kept.length > 0 ? 'never' : 'always'
  await host.run('sfdisk', ['--wipe', 'always', '--wipe-partitions', wiping, '--quiet', device], {
    input: sfdiskScript(disk),
  })
  // Tells the kernel each partition by itself: reading the table again may fail, or the kernel may not know GPT.
  await host.run('partx', ['--update', device])
}

async function makeLayers(
  { host, plan, secrets, say }: StorageOptions,
  target: Target,
  devices: Map<string, string>,
): Promise<void> {
  const modules = layerModules(plan.layers)
  if (modules.length > 0) await host.run('modprobe', ['-a', ...modules])
  for (const layer of plan.layers) {
    const { commands, device } = layerSteps(layer, plan, (id) => deviceOf(target, id), secrets)
    say(`${layer.kept ? 'keeping' : 'making'} ${layer.type} ${layer.name}`)
    for (const { command, input } of commands) {
      const [program, ...args] = command
      await host.run(program, args, { env: NO_UDEV, ...(input !== undefined && { input }) })
    }
    if (device !== undefined) devices.set(layer.id, (await host.resolve(device)) ?? device)
  }
}

async function makeFilesystem(
  { host, plan, say }: StorageOptions,
  target: Target,
  made: PlannedFilesystem,
): Promise<void> {
  const device = deviceOf(target, made.on)
  say(`making ${made.filesystem} on ${device} (${made.label})`)
  const [program, ...args] = mkfsCommand(made, device, plan.disks[0]!.disk.logicalBlockSize)
  await host.run(program, args)
  if (made.filesystem === 'btrfs') await makeSubvolumes(host, target, made)
}
