// Makes the installer's /usr: programs, libraries, kernel modules, firmware and Node, as one compressed file system.
import { chmod, copyFile, cp, lstat, mkdir, readFile, realpath, symlink } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { runFromRoot } from '../debian/root-tools.ts'
import { run } from '../debian/run.ts'
import type { Log } from '../debian/run.ts'
import { BootAssetError } from '../error.ts'
import { DATA, LINKS, OPENED_LIBRARIES, PROGRAMS } from './contents.ts'
import type { Platform } from './contents.ts'
import { isElf, neededLibraries } from './elf.ts'
import { WANTED_MODULES } from './kernel-modules.ts'
import { stageModules } from './modules-folder.ts'
import type { ModulesSource } from './modules-folder.ts'

export interface SystemInputs {
  platform: Platform
  /** Unpacked Debian roots (see contents.ts): what everything is taken from, and the tools. */
  source: ModulesSource
  /** Node's program file, where Debian's is not used; it is stripped of symbols on the way. */
  node: string | undefined
  /** Files of our own: `etc` and `usr` as they shall appear. */
  overlay: string
  log: Log
}

/** Fills `stage/usr` and packs it into the squashfs file `image`. The same inputs give the same bytes. */
export async function buildSystem(inputs: SystemInputs, stage: string, image: string): Promise<void> {
  const { platform, source, node, overlay, log } = inputs
  const { root, tools } = source
  await mkdir(join(stage, 'usr/bin'), { recursive: true })
  await mkdir(join(stage, 'usr/sbin'))
  await mkdir(join(stage, 'usr/lib64'))
  await symlink('usr/lib', join(stage, 'lib'))

  const programs = await Promise.all(PROGRAMS.map((name) => copyProgram(root, stage, name)))
  if (node === undefined) await copyProgram(root, stage, 'node')
  else await runFromRoot(tools, 'bin/strip', ['-o', join(stage, 'usr/bin/node'), node])
  await chmod(join(stage, 'usr/bin/node'), 0o755)
  await copyData(root, stage, [...DATA, ...platform.data])
  await cp(join(overlay, 'usr'), join(stage, 'usr'), { recursive: true })
  await cp(join(overlay, 'etc'), join(stage, 'usr/share/landfall/etc'), { recursive: true })
  await copyLibraries(root, platform, stage, [...programs, join(stage, 'usr/bin/node'), ...udevHelpers(stage)])
  await linkNames(stage, tools)
  const wanted = [...WANTED_MODULES, ...platform.modules]
  const { modules, firmware, missingFirmware } = await stageModules(source, wanted, stage)
  log(
    `${modules} kernel modules, ${firmware} firmware files (${missingFirmware.length} that drivers also name are not packaged)`,
  )

  // Larger blocks are smaller on the wire, but many small files share one and each read unpacks all of it: with 1 MiB
  // instead of 256 KiB the image loses 6 %, and starting devices takes twice as long.
  const settings = [
    '-comp',
    'zstd',
    '-Xcompression-level',
    '22',
    '-b',
    '256K',
    '-no-xattrs',
    '-all-root',
    '-no-exports',
  ]
  // No progress bar; times come from SOURCE_DATE_EPOCH.
  const quiet = ['-noappend', '-no-progress', '-quiet']
  await runFromRoot(tools, 'bin/mksquashfs', [join(stage, 'usr'), image, ...settings, ...quiet])
}

async function copyProgram(root: string, stage: string, name: string): Promise<string> {
  for (const folder of ['usr/bin', 'usr/sbin']) {
    const source = join(root, folder, name)
    if (!existsSync(source)) continue
    const target = join(stage, folder, name)
    await copyFile(await insideRoot(root, source), target)
    await chmod(target, 0o755)
    return target
  }
  throw new BootAssetError('CONTENT_MISSING', `no program ${name} in the packages of the installer (contents.ts)`)
}

async function copyData(root: string, stage: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const source = join(root, 'usr', path)
    if (!existsSync(source)) {
      throw new BootAssetError('CONTENT_MISSING', `no /usr/${path} in the packages of the installer (contents.ts)`)
    }
    await mkdir(dirname(join(stage, 'usr', path)), { recursive: true })
    await cp(source, join(stage, 'usr', path), { recursive: true })
  }
  await mkdir(join(stage, 'usr/share/landfall/etc'), { recursive: true })
  await copyFile(join(root, 'etc/mke2fs.conf'), join(stage, 'usr/share/landfall/etc/mke2fs.conf'))
}

function udevHelpers(stage: string): string[] {
  return DATA.filter((path) => path.endsWith('_id')).map((path) => join(stage, 'usr', path))
}

/** Copies all libraries the programs need, and the libraries these need, under the names they are looked up by. */
async function copyLibraries(
  root: string,
  { libraries, loader }: Platform,
  stage: string,
  programs: readonly string[],
): Promise<void> {
  // The second is where systemd keeps those of its own.
  const folders = [libraries, join(libraries, 'systemd')]
  const waiting = [...programs]
  const seen = new Set<string>()
  const take = async (library: string): Promise<void> => {
    if (seen.has(library)) return
    seen.add(library)
    const folder = folders.find((path) => existsSync(join(root, path, library)))
    if (folder === undefined) {
      throw new BootAssetError(
        'CONTENT_MISSING',
        `no library ${library} in the packages of the installer (contents.ts)`,
      )
    }
    const target = join(stage, folder, library)
    await mkdir(dirname(target), { recursive: true })
    await copyFile(await insideRoot(root, join(root, folder, library)), target)
    waiting.push(target)
  }
  for (const library of OPENED_LIBRARIES) await take(library)
  while (waiting.length > 0) {
    const content = await readFile(waiting.pop()!)
    if (!isElf(content)) continue
    for (const library of neededLibraries(content)) await take(library)
  }
  const link = join('usr', loader)
  await symlink(join(relative(dirname(link), libraries), basename(link)), join(stage, link))
}

/** Every BusyBox of Debian has the same applets; that among the tools can be asked for them here. */
async function linkNames(stage: string, tools: string): Promise<void> {
  for (const [link, target] of Object.entries(LINKS)) {
    await mkdir(dirname(join(stage, 'usr', link)), { recursive: true })
    await symlink(target, join(stage, 'usr', link))
  }
  const applets = (await run(join(tools, 'usr/bin/busybox'), ['--list'])).split('\n').filter((name) => name !== '')
  for (const applet of applets) {
    const taken = await Promise.all(['usr/bin', 'usr/sbin'].map((folder) => exists(join(stage, folder, applet))))
    if (!taken.includes(true)) await symlink('busybox', join(stage, 'usr/bin', applet))
  }
}

/** Follows links of the root, none of which may lead to a file of this host. */
async function insideRoot(root: string, path: string): Promise<string> {
  const real = await realpath(path)
  if (real.startsWith(`${await realpath(root)}/`)) return real
  throw new BootAssetError('CONTENT_MISSING', `${path} leads out of its root, to ${real} (${basename(path)})`)
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
