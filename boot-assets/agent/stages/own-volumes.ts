// The machine's own volumes where its /var is, for as long as something is written there.
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ownVolumes } from '../disk/target.ts'
import type { Target } from '../disk/target.ts'
import type { Host } from '../sys/host.ts'

/**
 * Shows /var, and volumes below it, as the installed system will see them: what is written during `work` to the stateroot's /var (`state`)
 * is on the volume and not hidden below it. Throws CommandError, and whatever the work throws.
 */
export async function withVolumes<T>(
  host: Host,
  { plan, volumes }: Pick<Target, 'plan' | 'volumes'>,
  state: string,
  work: () => Promise<T>,
): Promise<T> {
  const shown: string[] = []
  try {
    // Parents first.
    for (const { mountPoint } of ownVolumes(plan)) {
      const where = join(dirname(state), mountPoint)
      await mkdir(where, { recursive: true, mode: 0o755 })
      await host.run('mount', ['--bind', join(volumes, mountPoint), where])
      shown.push(where)
    }
    return await work()
  } finally {
    for (const where of shown.toReversed()) await host.run('umount', [where])
  }
}
