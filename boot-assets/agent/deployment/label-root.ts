// SELinux labels of the physical root, which no policy knows (ostree-container-deploy 1.10).
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Checksum, DirectoryRef } from '../ostree/objects.ts'
import type { Repo } from '../ostree/repo.ts'
import { setXattrs } from '../ostree/xattrs.ts'

const LABEL = 'security.selinux'
const BATCH = 512

/**
 * Labels the physical root as `/`, `boot` and what is in it as `/boot`, `ostree` as `/usr`, with what the commit's own folders have; does
 * nothing if they have no labels. Objects have labels already, libostree sees to deployments and /var, and with /boot on the root file system the kernels there are
 * objects, too: whatever has a second name stays as it is.
 */
export async function labelRoot(repo: Repo, commit: Checksum, root: string): Promise<void> {
  const { root: tree } = repo.readCommit(commit)
  const { directories } = repo.readDirtree(tree.tree)
  const label = (folder: DirectoryRef | undefined): Buffer | undefined =>
    folder && repo.readDirmeta(folder.meta).xattrs.find(({ name }) => name === LABEL)?.value
  const [ofRoot, ofBoot, ofUsr] = [label(tree), label(directories.get('boot')), label(directories.get('usr'))]
  const set = (paths: readonly string[], value: Buffer | undefined): void => {
    if (value === undefined) return
    for (let start = 0; start < paths.length; start += BATCH) {
      const batch = paths.slice(start, start + BATCH)
      setXattrs(batch.map((path) => ({ path, xattrs: [{ name: LABEL, value }] })))
    }
  }
  set([root], ofRoot)
  // The EFI system partition is FAT: no labels there.
  set(await pathsBelow(join(root, 'boot'), (path) => path === join(root, 'boot/efi')), ofBoot)
  const ostree = join(root, 'ostree')
  const labelled = new RegExp(`^${RegExp.escape(ostree)}/(repo/objects/../|deploy/[^/]+/(deploy/|backing/|var(/|$)))`)
  set(await pathsBelow(ostree, (path) => labelled.test(path)), ofUsr)
}

/** A folder and what is below it, without what has more names than one. */
async function pathsBelow(path: string, without: (path: string) => boolean): Promise<string[]> {
  if (without(path)) return []
  const stat = await lstat(path)
  if (!stat.isDirectory()) return stat.nlink > 1 ? [] : [path]
  const found = [path]
  for (const name of await readdir(path)) found.push(...(await pathsBelow(join(path, name), without)))
  return found
}
