// Which QEMU makes disk images on this host: its own where that is new enough, else the one from Debian's packages.
import { existsSync } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { run } from '../debian/run.ts'
import type { Log } from '../debian/run.ts'
import { qemuPackage } from './package.ts'
import type { Qemu } from './package.ts'

const PROGRAMS = ['qemu-system-x86_64', 'qemu-img'] as const

/** QEMU 7 double-faults current kernels when it emulates the processor. */
const OLDEST = 8

/** No usable QEMU on this host, and none can be had: the message names what to install. */
export class QemuError extends Error {
  override readonly name = 'QemuError'
  readonly code = 'QEMU_MISSING'
  readonly hint =
    'install it: `apt-get install qemu-system-x86 qemu-utils` (Debian, Ubuntu), `dnf install qemu-system-x86-core qemu-img` (Fedora)'
}

export interface FindOptions {
  log: Log
  /** Folders to look in, as in PATH. */
  path?: string
  /** Whether Debian's packages can be unpacked here. */
  canUnpack?: boolean
}

/** The host's own programs from its PATH, or as root on Debian the package's, unpacked into the cache. Throws QemuError, DebianError. */
export async function findQemu(options: FindOptions): Promise<Qemu> {
  const { log, path = process.env['PATH'] ?? '', canUnpack = canUnpackHere() } = options
  const found = await Promise.all(PROGRAMS.map((name) => which(name, path)))
  const missing = PROGRAMS.filter((_, at) => found[at] === undefined)
  if (missing.length === 0) {
    const files = new Map(PROGRAMS.map((name, at) => [name as string, found[at]!]))
    const version = await versionOf(files.get('qemu-system-x86_64')!)
    if (version >= OLDEST) return { command: (name) => [files.get(name) ?? name], env: {} }
    if (!canUnpack) throw new QemuError(`this host has QEMU ${version}, at least version ${OLDEST} is needed`)
    log(`this host has QEMU ${version}, at least ${OLDEST} is needed: using the one of Debian 13`)
  } else if (!canUnpack) {
    throw new QemuError(`making a disk image needs QEMU, and this host has no ${missing.join(' and no ')}`)
  }
  return qemuPackage(log)
}

function canUnpackHere(): boolean {
  return process.getuid?.() === 0 && process.arch === 'x64' && existsSync('/etc/debian_version')
}

async function which(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const file = join(folder, name)
    const usable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (usable) return file
  }
  return undefined
}

async function versionOf(file: string): Promise<number> {
  return Number(/version (\d+)\./.exec(await run(file, ['--version']))?.[1] ?? 0)
}
