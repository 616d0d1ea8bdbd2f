// Programs to be measured against, unpacked instead of installed: the scripts of their packages would start them on this host.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildOnce } from '../../boot-assets/cache.ts'
import { run } from '../e2e/lab/command.ts'

/** The root of what these Debian packages hold, in the cache. */
export async function unpackedPackages(...names: [string, ...string[]]): Promise<string> {
  const { stdout: versions } = await run(['apt-get', '--quiet=2', '--print-uris', 'download', ...names])
  return buildOnce('bench-programs', [versions], async (root) => {
    await run(['apt-get', '--quiet=2', 'download', ...names], { cwd: root })
    const packages = (await readdir(root)).filter((name) => name.endsWith('.deb'))
    for (const name of packages) {
      await run(['dpkg-deb', '--extract', name, '.'], { cwd: root })
      await rm(join(root, name))
    }
  })
}
