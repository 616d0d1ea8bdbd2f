// Leaves the target complete on its disks, unmounted and closed.
import { join } from 'node:path'
import { unmountAll } from '../disk/mounts.ts'
import { takeDown } from '../disk/take-down.ts'
import { filesystemAt, ownVolumes } from '../disk/target.ts'
import type { Target } from '../disk/target.ts'
import type { Host } from '../sys/host.ts'

/** As bootc's finalize (ostree-container-deploy 3.1, step 14), then unmounts and stops arrays and volumes. Throws CommandError. */
export async function finalize(host: Host, target: Target, say: (text: string) => void): Promise<void> {
  say('syncing all file systems')
  await host.run('sync', [])
  for (const path of onePathEach(target)) {
    await host.run('fstrim', ['--quiet-unsupported', '-v', path])
    // Freezing empties the journal: GRUB reads file systems without replaying one.
    await host.run('mount', ['-o', 'remount,ro', path])
    await host.run('fsfreeze', ['-f', path])
    await host.run('fsfreeze', ['-u', path])
  }
  await release(host, target)
}

/** A file system with several subvolumes is mounted several times. */
function onePathEach({ plan, mountPoint, volumes }: Target): string[] {
  const paths = new Map(ownVolumes(plan).map((own) => [own.filesystem.id, join(volumes, own.mountPoint)]))
  for (const path of ['/boot', '/']) paths.set(filesystemAt(plan, path).id, join(mountPoint, path))
  return [...paths.values()]
}

/** Unmounts everything of a target and stops what lies below. Throws CommandError. */
export async function release(host: Host, { plan, mountPoint, volumes }: Omit<Target, 'devices'>): Promise<void> {
  await unmountAll(host, mountPoint)
  await unmountAll(host, volumes)
  // An array that is not stopped in order is synchronised anew at the next start.
  for (const { disk } of plan.disks) await takeDown(host, disk.name)
}
