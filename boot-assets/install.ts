// Puts built boot files where a server keeps them for as long as it runs: the cache they come from forgets old builds.
import { constants } from 'node:fs'
import { copyFile, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BootAssets } from './build.ts'

/**
 * Makes `folder` hold exactly the boot files, by their names below /boot/: `installer/vmlinuz`, `installer/initrd.img`, `loaders/...`. Links
 * where it can and copies elsewhere. A crash leaves the old files or the new ones; files that are the same stay untouched.
 */
export async function installBootFiles(
  { installer, loaders }: Pick<BootAssets, 'installer' | 'loaders'>,
  folder: string,
): Promise<void> {
  const loaderNames = (await readdir(loaders)).filter((name) => name !== 'manifest.json')
  const files: [name: string, source: string][] = [
    ['installer/vmlinuz', installer.vmlinuz],
    ['installer/initrd.img', installer.initrd],
    ...loaderNames.map((name): [string, string] => [`loaders/${name}`, join(loaders, name)]),
  ]
  if (await holds(folder, files)) return
  const fresh = `${folder}.new`
  const old = `${folder}.old`
  for (const dir of [fresh, old]) await rm(dir, { recursive: true, force: true })
  for (const name of ['installer', 'loaders']) await mkdir(join(fresh, name), { recursive: true })
  for (const [name, source] of files) await linkOrCopy(source, join(fresh, name))
  await rename(folder, old).catch(ignoreMissing)
  await rename(fresh, folder)
  await rm(old, { recursive: true, force: true })
}

async function holds(folder: string, files: readonly [string, string][]): Promise<boolean> {
  const same = await Promise.all(
    files.map(async ([name, source]) => {
      const [here, there] = await Promise.all([stat(join(folder, name)).catch(() => undefined), stat(source)])
      // What was copied has another inode, but keeps no reason to differ in size and be older.
      return here?.ino === there.ino || (here?.size === there.size && here.mtimeMs >= there.mtimeMs)
    }),
  )
  return same.every(Boolean)
}

async function linkOrCopy(source: string, target: string): Promise<void> {
  try {
    await link(source, target)
  } catch {
    await copyFile(source, target, constants.COPYFILE_FICLONE)
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
