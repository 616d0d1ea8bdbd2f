// Puts unit files where systemd reads them, in place of those of an earlier configuration.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { SystemdError } from './errors.ts'
import { UNITS } from './units.ts'
import type { UnitFile } from './units.ts'

export interface InstalledUnits {
  written: string[]
  unchanged: string[]
  /** Sockets of listeners that are switched off by now. */
  removed: string[]
}

/** In every file that is ours. */
const MARK = 'Made by `landfall systemd`'
const TIMEOUT_MS = 60_000
const run = promisify(execFile)

/**
 * Writes the files below `root` and removes sockets that none of them is for. Changes nothing when one of them would replace a file that is not
 * Landfall's: throws SystemdError FOREIGN_UNIT.
 */
export async function writeUnits(files: readonly UnitFile[], root = '/'): Promise<InstalledUnits> {
  const before = await Promise.all(files.map(({ path }) => textOf(join(root, path))))
  files.forEach(({ path }, index) => {
    if (before[index] !== undefined && !before[index].includes(MARK)) {
      const hint = 'move it away, or keep it and take what you need from `landfall systemd print`'
      throw new SystemdError('FOREIGN_UNIT', `installing units: ${join(root, path)} was not made by Landfall`, { hint })
    }
  })
  const removed = await staleSockets(files, root)
  const changed = files.filter(({ text }, index) => text !== before[index])
  if (root === '/') await disable(removed)
  for (const path of removed) await rm(join(root, path))
  for (const { path, text } of changed) await replace(join(root, path), text)
  const written = changed.map(({ path }) => path)
  return { written, unchanged: files.map(({ path }) => path).filter((path) => !written.includes(path)), removed }
}

/** Makes systemd know the user; rejects with COMMAND_FAILED. */
export async function createUsers(files: readonly UnitFile[]): Promise<void> {
  const paths = files.map(({ path }) => path).filter((path) => !path.startsWith(UNITS))
  await command('systemd-sysusers', paths)
}

/** Makes a running systemd read the files. */
export async function reloadUnits(): Promise<void> {
  if (isBooted()) await command('systemctl', ['daemon-reload'])
}

async function staleSockets(files: readonly UnitFile[], root: string): Promise<string[]> {
  const folder = join(root, UNITS)
  const names = await readdir(folder).catch(() => [])
  const stale: string[] = []
  for (const name of names) {
    const path = `${UNITS}/${name}`
    if (!/^landfall-.*\.socket$/.test(name) || files.some((file) => file.path === path)) continue
    if ((await textOf(join(folder, name)))?.includes(MARK)) stale.push(path)
  }
  return stale
}

async function disable(paths: readonly string[]): Promise<void> {
  if (isBooted() && paths.length > 0) {
    await command('systemctl', ['disable', '--now', ...paths.map((path) => basename(path))])
  }
}

function isBooted(): boolean {
  return existsSync('/run/systemd/system')
}

async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.new`, text, { mode: 0o644 })
  await rename(`${path}.new`, path)
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function command(program: string, args: readonly string[]): Promise<void> {
  try {
    await run(program, args, { timeout: TIMEOUT_MS })
  } catch (cause) {
    const { stderr = '', message } = cause as Error & { stderr?: string }
    throw new SystemdError('COMMAND_FAILED', `installing units: ${program}: ${stderr.trim() || message}`, {
      hint: 'the unit files are in place; mend what it says and install them again',
      cause,
    })
  }
}
