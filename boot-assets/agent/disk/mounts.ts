// Mounts the file systems of a plan, and unmounts whatever is below a folder.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PlannedFilesystem } from '../../../server/contract/plan.ts'
import type { Host } from '../sys/host.ts'
import { deviceOf, filesystemAt, ownVolumes, SYSTEM_MOUNTS } from './target.ts'
import type { Target } from './target.ts'

/** Root, boot and ESP at the target, the machine's own volumes and further ESPs off it. Parents first. */
export async function mountAll(host: Host, target: Target): Promise<void> {
  const { plan, mountPoint, volumes } = target
  for (const path of SYSTEM_MOUNTS) {
    const filesystem = filesystemAt(plan, path)
    const subvolume = filesystem.mounts.find((mount) => mount.mountPoint === path)?.subvolume
    await mount(host, target, filesystem, join(mountPoint, path), subvolume)
  }
  for (const { filesystem, mountPoint: path, subvolume } of ownVolumes(plan)) {
    await mount(host, target, filesystem, join(volumes, path), subvolume)
  }
  for (const [at, filesystem] of furtherEsps(plan).entries()) {
    await mount(host, target, filesystem, join(volumes, furtherEspFolder(at)))
  }
}

/** ESPs of the disks behind the first. */
export function furtherEsps({ filesystems }: Target['plan']): PlannedFilesystem[] {
  return filesystems.filter(({ filesystem, mounts }) => filesystem === 'vfat' && mounts.length === 0)
}

/** Below the volumes; no mount point of a machine has such a name. */
export function furtherEspFolder(at: number): string {
  return `.esp${at + 2}`
}

/** Makes the subvolumes of a new btrfs: they have to be there before they are mounted. */
export async function makeSubvolumes(host: Host, target: Target, filesystem: PlannedFilesystem): Promise<void> {
  const names = filesystem.mounts.flatMap(({ subvolume }) => subvolume ?? [])
  if (names.length === 0) return
  const top = join(target.volumes, '.top')
  await mount(host, target, filesystem, top)
  for (const name of names) await host.run('btrfs', ['subvolume', 'create', join(top, name)])
  await host.run('umount', [top])
}

async function mount(
  host: Host,
  target: Pick<Target, 'devices'>,
  { filesystem, on }: PlannedFilesystem,
  where: string,
  subvolume?: string,
): Promise<void> {
  await mkdir(where, { recursive: true, mode: 0o755 })
  const options = ['noatime', ...(subvolume === undefined ? [] : [`subvol=${subvolume}`])].join(',')
  await host.run('mount', ['-t', filesystem, '-o', options, deviceOf(target, on), where])
}

/** Unmounts what is mounted at or below a folder, deepest first; what is not mounted is skipped. */
export async function unmountAll(host: Host, folder: string): Promise<void> {
  for (const path of await mountsBelow(host, folder)) await host.run('umount', [path])
}

/** As {@link unmountAll}, for what an agent that was killed has left: a file system that it had frozen would hold its disk for ever. */
export async function unmountLeftovers(host: Host, folder: string): Promise<void> {
  // It says no where nothing is frozen.
  for (const path of await mountsBelow(host, folder)) await host.run('fsfreeze', ['-u', path]).catch(() => {})
  await unmountAll(host, folder)
}

/** Deepest first. */
async function mountsBelow(host: Host, folder: string): Promise<string[]> {
  const mounts = ((await host.read('/proc/self/mounts')) ?? '').split('\n').flatMap((line) => line.split(' ')[1] ?? [])
  const below = mounts.filter((path) => path === folder || path.startsWith(`${folder}/`))
  return below.sort((a, b) => b.length - a.length)
}
