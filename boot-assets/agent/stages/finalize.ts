// Leaves the target complete on the disk and unmounted.
import { join } from 'node:path'
import { findPartition } from '../disk/target.ts'
import type { Target } from '../disk/target.ts'
import type { Host } from '../sys/host.ts'
import { unmountAll } from './partition.ts'

/** As bootc's finalize (ostree-container-deploy 3.1, step 14), then unmounts. Throws CommandError. */
export async function finalize(host: Host, target: Target, say: (text: string) => void): Promise<void> {
  say('syncing all file systems')
  await host.run('sync', [])
  const own = (['boot', 'root'] as const).flatMap((role) => findPartition(target, role)?.partition ?? [])
  for (const { mountPoint } of own) {
    const path = join(target.mountPoint, mountPoint ?? '/')
    await host.run('fstrim', ['--quiet-unsupported', '-v', path])
    // Freezing empties the journal: GRUB reads file systems without replaying one.
    await host.run('mount', ['-o', 'remount,ro', path])
    await host.run('fsfreeze', ['-f', path])
    await host.run('fsfreeze', ['-u', path])
  }
  await unmountAll(host, target.mountPoint)
}
