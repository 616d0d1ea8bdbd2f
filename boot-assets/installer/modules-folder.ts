// Fills lib/modules with the installer's kernel modules, and lib/firmware with the files they may ask for.
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runFromRoot } from '../debian/root-tools.ts'
import {
  firmwareNames,
  parseModulesDep,
  parseSoftDependencies,
  selectModules,
  WANTED_MODULES,
} from './kernel-modules.ts'

/** Firmware that would cost more than it helps: application firmware of Netronome's SmartNICs, 140 MB. */
const FIRMWARE_TOO_LARGE = /^netronome\//

export interface ModulesSummary {
  modules: number
  firmware: number
  /** Files that carried drivers may ask for and that are not in the image. */
  missingFirmware: string[]
}

/** The version of the root's kernel as `uname -r` prints it: its package leaves exactly one folder. */
export async function kernelRelease(root: string): Promise<string> {
  const releases = await readdir(join(root, 'usr/lib/modules'))
  if (releases.length !== 1) throw new Error(`want one kernel in ${root}, got ${releases.join(', ') || 'none'}`)
  return releases[0]!
}

/** The modules matched by `wanted` and their dependencies, as paths below `usr/lib/modules/<release>` without suffix. */
export async function resolveModules(root: string, wanted: readonly string[]): Promise<string[]> {
  const index = join(root, 'usr/lib/modules', await kernelRelease(root))
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
export async function unpackModules(root: string, paths: readonly string[], target: string): Promise<string[]> {
  const source = join(root, 'usr/lib/modules', await kernelRelease(root))
  const copies = paths.map((path) => join(target, path))
  for (const [index, path] of paths.entries()) {
    await mkdir(dirname(copies[index]!), { recursive: true })
    await copyFile(join(source, `${path}.xz`), `${copies[index]}.xz`)
  }
  await runFromRoot(root, 'bin/xz', ['--decompress', ...copies.map((copy) => `${copy}.xz`)])
  return copies
}

/** Stages modules, their index and their firmware below `stage/usr`. `stage/lib` must lead to `stage/usr/lib`. */
export async function stageModules(root: string, stage: string): Promise<ModulesSummary> {
  const release = await kernelRelease(root)
  const folder = join('usr/lib/modules', release)
  const modules = await unpackModules(root, await resolveModules(root, WANTED_MODULES), join(stage, folder))
  for (const index of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    await copyFile(join(root, folder, index), join(stage, folder, index))
  }
  await runFromRoot(root, 'bin/kmod', ['--basedir', stage, release], { name: 'depmod' })
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
