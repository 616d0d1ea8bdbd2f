// Fills lib/modules with the installer's kernel modules, and lib/firmware with the files they may ask for.
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { existsSync } from 'node:fs'
import { runFromRoot } from '../debian/root-tools.ts'
import { firmwareNames, parseModulesDep, parseSoftDependencies, selectModules } from './kernel-modules.ts'

/** Firmware that would cost more than it helps: application firmware of Netronome's SmartNICs, 140 MB. */
const FIRMWARE_TOO_LARGE = /^netronome\//

export interface ModulesSummary {
  modules: number
  firmware: number
  /** Files that carried drivers may ask for and that are not in the image. */
  missingFirmware: string[]
}

/** The version of the root's kernel as `uname -r` prints it: its package leaves exactly one folder. */
async function kernelRelease(root: string): Promise<string> {
  const releases = await readdir(join(root, 'usr/lib/modules'))
  if (releases.length !== 1) throw new Error(`want one kernel in ${root}, got ${releases.join(', ') || 'none'}`)
  return releases[0]!
}

/** The root's kernel, where Debian 13 and where Debian 14 has it. */
export async function kernelFile(root: string): Promise<string> {
  const release = await kernelRelease(root)
  const inBoot = join(root, 'boot', `vmlinuz-${release}`)
  return existsSync(inBoot) ? inBoot : join(root, 'usr/lib/modules', release, 'vmlinuz')
}

/** Kernel modules of a root for any processor, the programs of another root that this host can run, and a folder for the index. */
export interface ModulesSource {
  root: string
  tools: string
  scratch: string
}

/** The kernel package leaves the index of its modules to its installation script. Returns the folder of the index. */
async function indexModules({ root, tools, scratch }: ModulesSource): Promise<string> {
  const release = await kernelRelease(root)
  const index = join(scratch, 'lib/modules', release)
  if (existsSync(join(index, 'modules.dep'))) return index
  await mkdir(index, { recursive: true })
  for (const list of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    await copyFile(join(root, 'usr/lib/modules', release, list), join(index, list))
  }
  await runFromRoot(tools, 'bin/kmod', ['--basedir', root, '--outdir', scratch, release], { name: 'depmod' })
  return index
}

/** The modules matched by `wanted` and their dependencies, as paths below `usr/lib/modules/<release>` without suffix. */
export async function resolveModules(source: ModulesSource, wanted: readonly string[]): Promise<string[]> {
  const index = await indexModules(source)
  return selectModules(
    wanted,
    parseModulesDep(await readFile(join(index, 'modules.dep'), 'utf8')),
    parseSoftDependencies(await readFile(join(index, 'modules.softdep'), 'utf8')),
  )
}

/**
 * Copies modules out of the root, unpacked (Debian ships .ko.xz): the image around them compresses better than each
 * file alone, and the signatures at their ends stay as they are. Returns the paths of the copies, in the same order.
 */
export async function unpackModules(
  { root, tools }: ModulesSource,
  paths: readonly string[],
  target: string,
): Promise<string[]> {
  const source = join(root, 'usr/lib/modules', await kernelRelease(root))
  const copies = paths.map((path) => join(target, path))
  for (const [index, path] of paths.entries()) {
    await mkdir(dirname(copies[index]!), { recursive: true })
    await copyFile(join(source, `${path}.xz`), `${copies[index]}.xz`)
  }
  await runFromRoot(tools, 'bin/xz', ['--decompress', ...copies.map((copy) => `${copy}.xz`)])
  return copies
}

/** Stages modules, their index and their firmware below `stage/usr`. `stage/lib` must lead to `stage/usr/lib`. */
export async function stageModules(
  source: ModulesSource,
  wanted: readonly string[],
  stage: string,
): Promise<ModulesSummary> {
  const { root, tools } = source
  const release = await kernelRelease(root)
  const folder = join('usr/lib/modules', release)
  const modules = await unpackModules(source, await resolveModules(source, wanted), join(stage, folder))
  for (const index of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    await copyFile(join(root, folder, index), join(stage, folder, index))
  }
  await runFromRoot(tools, 'bin/kmod', ['--basedir', stage, release], { name: 'depmod' })
  return { modules: modules.length, ...(await stageFirmware(root, stage, modules)) }
}

async function stageFirmware(
  root: string,
  stage: string,
  modules: readonly string[],
): Promise<Pick<ModulesSummary, 'firmware' | 'missingFirmware'>> {
  const names = new Set<string>()
  for (const module of modules) for (const name of firmwareNames(await readFile(module))) names.add(name)
  const missingFirmware: string[] = []
  for (const name of [...names].toSorted()) {
    const target = join(stage, 'usr/lib/firmware', name)
    if (FIRMWARE_TOO_LARGE.test(name) || !(await copyIfThere(join(root, 'usr/lib/firmware', name), target))) {
      missingFirmware.push(name)
    }
  }
  return { firmware: names.size - missingFirmware.length, missingFirmware }
}

async function copyIfThere(source: string, target: string): Promise<boolean> {
  await mkdir(dirname(target), { recursive: true })
  try {
    await copyFile(source, target)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
