// Goes on where an earlier boot of the same install was cut off: what it had brought onto the disk need not be fetched again.
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PlannedFilesystem } from '../../../server/contract/plan.ts'
import { unmountAll } from '../disk/mounts.ts'
import { isTableOf } from '../disk/table.ts'
import { deviceOf, filesystemAt, partitionsWith } from '../disk/target.ts'
import type { Target } from '../disk/target.ts'
import { Repo } from '../ostree/repo.ts'
import { keepLayers, removeAllBut, UnfinishedNote } from '../ostree/reuse.ts'
import type { Host } from '../sys/host.ts'

/** Of the root: the file system's own, and the layers. */
const KEPT = ['lost+found', 'ostree/repo']
/** What a BIOS runs, ahead of the partition table in the same sector. */
const BOOT_CODE = 440

/**
 * Leaves of an earlier attempt the root with the layers it had, and nothing that boots. False, with nothing written, unless the disks carry this
 * very plan, whose UUIDs come from the install's id, and the repository says that this install did not end. Arrays, encryption and volume groups
 * are made anew, and so is a root that shares its file system.
 */
export async function keepFetched(host: Host, target: Target, say: (text: string) => void): Promise<boolean> {
  const { plan, mountPoint } = target
  const root = filesystemAt(plan, '/')
  if (plan.layers.length > 0 || root.mounts.length > 1) return false
  try {
    if (!(await isCarried(host, target, root))) return false
    await mkdir(mountPoint, { recursive: true })
    await host.run('mount', ['-t', root.filesystem, '-o', 'noatime', deviceOf(target, root.on), mountPoint])
    try {
      const repo = Repo.open(join(mountPoint, 'ostree/repo'))
      if (!new UnfinishedNote(repo).exists) return false
      await makeBootless(host, target)
      await releaseDeployments(host, mountPoint)
      removeAllBut(mountPoint, KEPT)
      keepLayers(repo)
    } finally {
      await unmountAll(host, mountPoint)
    }
  } catch (error) {
    // Whatever it is that cannot be used, it can be made anew.
    say(`what an earlier attempt left cannot be used: ${(error as Error).message}`)
    return false
  }
  say('an earlier attempt at this install was cut off: the layers it had brought are kept, and verified')
  return true
}

async function isCarried(host: Host, target: Target, root: PlannedFilesystem): Promise<boolean> {
  for (const disk of target.plan.disks) {
    // It fails where there is no table at all.
    const table = await host.run('sfdisk', ['--json', deviceOf(target, disk.id)]).catch(() => undefined)
    if (table === undefined || !isTableOf(table.stdout, disk)) return false
  }
  const probe = ['--probe', '--output', 'export', deviceOf(target, root.on)]
  const lines = (await host.run('blkid', probe).catch(() => undefined))?.stdout.split('\n') ?? []
  return lines.includes(`TYPE=${root.filesystem}`) && lines.includes(`UUID=${root.uuid}`)
}

/** A BIOS starts what these hold; firmware that reads an ESP finds it made anew. */
async function makeBootless(host: Host, target: Target): Promise<void> {
  for (const { id } of target.plan.disks) await host.zero(deviceOf(target, id), 0, BOOT_CODE)
  for (const { partition } of partitionsWith(target.plan, 'bios-boot')) {
    await host.zero(deviceOf(target, partition.id), 0, partition.size)
  }
}

/** ostree makes the folder of a deployment immutable. */
async function releaseDeployments(host: Host, mountPoint: string): Promise<void> {
  const stateroots = join(mountPoint, 'ostree/deploy')
  for (const stateroot of await readdir(stateroots).catch(() => [])) {
    const folder = join(stateroots, stateroot, 'deploy')
    const found = await readdir(folder, { withFileTypes: true }).catch(() => [])
    const deployments = found.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name))
    if (deployments.length > 0) await host.run('chattr', ['-i', ...deployments])
  }
}
