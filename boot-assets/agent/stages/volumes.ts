// Gives the machine's own volumes what the image has for them: /var of the deployment, and folders below it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ownVolumes } from '../disk/target.ts'
import type { Target } from '../disk/target.ts'
import type { Host } from '../sys/host.ts'
import { STATEROOT } from './deploy.ts'

/**
 * As ostree seeds a /var that is empty, and only then: what was kept stays. The copy below the stateroot stays as well; it is what the
 * machine shows should the volume be gone. Throws CommandError.
 */
export async function seedVolumes(
  host: Host,
  { plan, mountPoint, volumes }: Target,
  say: (text: string) => void,
): Promise<void> {
  const own = ownVolumes(plan)
  for (const { mountPoint: path, filesystem } of own) {
    const seed = join(mountPoint, 'ostree/deploy', STATEROOT, path)
    // Copied with the volume that it lies in.
    const within = own.some((other) => !other.filesystem.kept && path.startsWith(`${other.mountPoint}/`))
    if (filesystem.kept || within || !existsSync(seed)) continue
    say(`copying what the image has for ${path}`)
    await host.run('cp', ['--archive', `${seed}/.`, join(volumes, path)], { timeout: 3_600_000 })
  }
}
