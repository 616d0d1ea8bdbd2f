// Puts built boot files where a server keeps them for as long as it runs: the cache they come from forgets old builds.
import { createWriteStream } from 'node:fs'
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { BootAssets } from './build.ts'

/**
 * Makes `folder` hold exactly the boot files, by their names below /boot/: `installer/vmlinuz`, `installer/initrd.img`, `loaders/...`. Links
 * where it can and copies elsewhere. A crash leaves the old files or the new ones; files that are the same stay untouched. Whatever touches
 * `folder` happens inside of `asOwner`, for a folder of somebody who need not be able to reach the cache.
 */
export async function installBootFiles(
  { installer, arm64, loaders }: Pick<BootAssets, 'installer' | 'arm64' | 'loaders'>,
  folder: string,
  asOwner: (work: () => Promise<void>) => Promise<void> = (work) => work(),
): Promise<void> {
  const loaderNames = (await readdir(loaders)).filter((name) => name !== 'manifest.json')
  const paths: [name: string, path: string][] = [
    ['installer/vmlinuz', installer.vmlinuz],
    ['installer/initrd.img', installer.initrd],
    ...(arm64
      ? ([
          ['installer/arm64/vmlinuz', arm64.vmlinuz],
          ['installer/arm64/initrd.img', arm64.initrd],
        ] as [string, string][])
      : []),
    ...loaderNames.map((name): [string, string] => [`loaders/${name}`, join(loaders, name)]),
  ]
  await using opened = new AsyncDisposableStack()
  const files: BootFile[] = []
  for (const [name, path] of paths) files.push({ name, path, handle: opened.use(await open(path)) })
  await asOwner(() => install(files, folder))
}

/** Opened beforehand, so that its content can be read by who may not follow its path. */
interface BootFile {
  name: string
  path: string
  handle: FileHandle
}

async function install(files: readonly BootFile[], folder: string): Promise<void> {
  if (await holds(folder, files)) return
  const fresh = `${folder}.new`
  const old = `${folder}.old`
  for (const dir of [fresh, old]) await rm(dir, { recursive: true, force: true })
  for (const file of files) {
    await mkdir(dirname(join(fresh, file.name)), { recursive: true })
    await linkOrCopy(file, join(fresh, file.name))
  }
  await rename(folder, old).catch(ignoreMissing)
  await rename(fresh, folder)
  await rm(old, { recursive: true, force: true })
}

async function holds(folder: string, files: readonly BootFile[]): Promise<boolean> {
  const same = await Promise.all(
    files.map(async ({ name, handle }) => {
      const [here, there] = await Promise.all([stat(join(folder, name)).catch(() => undefined), handle.stat()])
      // What was copied has another inode, but keeps no reason to differ in size and be older.
      return here?.ino === there.ino || (here?.size === there.size && here.mtimeMs >= there.mtimeMs)
    }),
  )
  return same.every(Boolean)
}

async function linkOrCopy({ path, handle }: BootFile, target: string): Promise<void> {
  try {
    await link(path, target)
  } catch {
    await pipeline(handle.createReadStream({ start: 0, autoClose: false }), createWriteStream(target))
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
