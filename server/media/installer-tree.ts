// The unpacked tree of an installer: made safe to serve, completed where the ISO left something out, described file by file.
import { chmod, open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KickstartRelease } from '../contract/kickstart-release.ts'
import type { MediaBootFiles, MediaFile } from '../contract/media.ts'
import { MediaError, storeError } from './errors.ts'
import { syncFolder } from '../host/durable-files.ts'
import { digestOfFile, entriesBelow } from './files.ts'
import { bytesOf, liveSystem, requireSafe } from './iso-tree.ts'
import type { IsoEntry } from './iso-tree.ts'
import { kickstartRelease } from './kickstart-release.ts'
import { recognise } from './recognise.ts'
import type { Recognised } from './recognise.ts'
import { formatTreeInfo, parseDiscInfo, parseTreeInfo } from './tree-info.ts'
import type { TreeInfo } from './tree-info.ts'

export interface InstallerTree {
  recognised: Recognised
  release: KickstartRelease
  boot: MediaBootFiles
  files: MediaFile[]
  warnings: string[]
}

const TREE_INFO = '.treeinfo'
const DISC_INFO = '.discinfo'
/** Both are a few lines. */
const MAX_INFO_BYTES = 2 ** 20

/** Where lorax puts them (lorax, share/templates.d/99-generic). */
const DEFAULTS = { kernel: 'images/pxeboot/vmlinuz', initrd: 'images/pxeboot/initrd.img', stage2: 'images/install.img' }

/** Firmware names loaders by architecture (UEFI specification section 3.5.1.1). */
const LOADERS = {
  amd64: { shim: 'EFI/BOOT/BOOTX64.EFI', grub: 'EFI/BOOT/grubx64.efi' },
  arm64: { shim: 'EFI/BOOT/BOOTAA64.EFI', grub: 'EFI/BOOT/grubaa64.efi' },
} as const

/**
 * Reads a tree that was just unpacked into `folder`: finds out what it is, writes `.treeinfo` where there is none, makes every file durable and
 * everybody's to read, and checks what `.treeinfo` has checksums of. Throws MEDIA_UNSUPPORTED, MEDIA_INVALID, CHECKSUM_WRONG.
 */
export async function readInstallerTree(
  folder: string,
  volumeId: string,
  onBytes: (bytes: number, totalBytes: number) => void,
): Promise<InstallerTree> {
  const entries = await measured(folder)
  requireSafe(entries, Infinity)
  await settleRights(folder, entries)
  const paths = new Set(entries.filter(({ type }) => type === 'file').map(({ path }) => path))
  const treeInfo = paths.has(TREE_INFO) ? parseTreeInfo(await readInfo(folder, TREE_INFO)) : undefined
  const discInfo = paths.has(DISC_INFO) ? parseDiscInfo(await readInfo(folder, DISC_INFO)) : undefined
  const recognised = recognise({ treeInfo, discInfo, volumeId })
  const { release, warning } = kickstartRelease(recognised.line, recognised.version)
  const boot = bootFilesOf(recognised, treeInfo, paths)
  if (!treeInfo) {
    await writeFile(join(folder, TREE_INFO), treeInfoOf(recognised, boot))
    paths.add(TREE_INFO)
  }
  const files = await describeFiles(folder, [...paths].sort(), bytesOf(entries), onBytes)
  for (const { path, type } of entries) if (type === 'directory') await syncFolder(join(folder, path))
  await syncFolder(folder)
  const changed = compareChecksums(treeInfo, boot, files)
  const warnings = [warning, missingLoaders(recognised, paths), ...changed].filter((text) => text !== undefined)
  return { recognised, release, boot, files, warnings }
}

/** Opens every file to hash it. Files that changed or are gone since throw MEDIA_DAMAGED. */
export async function verifyFiles(
  folder: string,
  files: readonly MediaFile[],
  onBytes: (count: number) => void,
): Promise<void> {
  for (const { path, digest } of files) {
    const found = await digestAt(join(folder, path), onBytes)
    if (found !== digest) {
      throw new MediaError('MEDIA_DAMAGED', `checking ${path}: got ${found ?? 'no file'}, want ${digest}`, {
        hint: 'import the ISO again: it replaces the damaged files',
      })
    }
  }
}

/** Undefined when there is no such file. */
export async function digestAt(path: string, onBytes: (count: number) => void): Promise<string | undefined> {
  try {
    await using file = await open(path)
    return await digestOfFile(file, onBytes)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw storeError(`reading ${path}`, error)
  }
}

async function measured(folder: string): Promise<IsoEntry[]> {
  const entries = await entriesBelow(folder)
  return Promise.all(
    entries.map(async (entry) => ({
      ...entry,
      size: entry.type === 'file' ? (await stat(join(folder, entry.path))).size : 0,
    })),
  )
}

/** Unpacking kept the ISO's: some files nobody may read, and perhaps one that runs as somebody else. */
async function settleRights(folder: string, entries: readonly IsoEntry[]): Promise<void> {
  for (const { path, type } of entries) if (type === 'file') await chmod(join(folder, path), 0o644)
}

async function readInfo(folder: string, name: string): Promise<string> {
  const path = join(folder, name)
  if ((await stat(path)).size > MAX_INFO_BYTES) {
    throw new MediaError('MEDIA_INVALID', `the ISO's ${name} is larger than ${MAX_INFO_BYTES} bytes`)
  }
  return readFile(path, 'utf8')
}

function bootFilesOf(
  { architecture }: Recognised,
  treeInfo: TreeInfo | undefined,
  paths: ReadonlySet<string>,
): MediaBootFiles {
  const stage2 = treeInfo?.stage2 ?? DEFAULTS.stage2
  if (stage2.startsWith('LiveOS/')) throw liveSystem()
  const kernel = treeInfo?.kernel ?? DEFAULTS.kernel
  const initrd = treeInfo?.initrd ?? DEFAULTS.initrd
  const missing = [kernel, initrd, stage2].filter((path) => !paths.has(path))
  if (missing.length > 0) {
    throw new MediaError('MEDIA_INVALID', `the ISO lacks ${missing.join(', ')}, which its installer needs`, {
      hint: 'take the boot, netinst or DVD ISO',
    })
  }
  const { shim, grub } = LOADERS[architecture]
  return { kernel, initrd, stage2, shim: paths.has(shim) ? shim : null, grub: paths.has(grub) ? grub : null }
}

function treeInfoOf(
  { product: family, version, arch }: Recognised,
  { kernel, initrd, stage2 }: MediaBootFiles,
): string {
  return formatTreeInfo({ family, version, arch, kernel, initrd, stage2 })
}

function missingLoaders({ architecture }: Recognised, paths: ReadonlySet<string>): string | undefined {
  const missing = Object.values(LOADERS[architecture]).filter((path) => !paths.has(path))
  if (missing.length === 0) return undefined
  return `it lacks ${missing.join(' and ')}: machines with UEFI cannot boot it by its own loaders`
}

async function describeFiles(
  folder: string,
  paths: readonly string[],
  totalBytes: number,
  onBytes: (bytes: number, totalBytes: number) => void,
): Promise<MediaFile[]> {
  const files: MediaFile[] = []
  let sum = 0
  for (const path of paths) {
    await using file = await open(join(folder, path))
    const before = sum
    const digest = await digestOfFile(file, (count) => onBytes((sum += count), Math.max(totalBytes, sum)))
    await file.sync()
    files.push({ path, size: sum - before, digest })
  }
  return files
}

/**
 * Throws CHECKSUM_WRONG for a file that machines boot; returns a warning for any other: whoever makes an ISO patches boot images after .treeinfo was
 * written (xorriso eltorito.img, mkksiso efiboot.img). Files that were not taken, like lists of packages, are nobody's business here.
 */
function compareChecksums(
  treeInfo: TreeInfo | undefined,
  { kernel, initrd, stage2 }: MediaBootFiles,
  files: readonly MediaFile[],
): string[] {
  const warnings: string[] = []
  for (const { path, digest } of files) {
    const want = treeInfo?.checksums.get(path)
    if (want === undefined || digest === `sha256:${want}`) continue
    if (![kernel, initrd, stage2].includes(path)) {
      warnings.push(`${path} is not the one that .treeinfo has a checksum of`)
      continue
    }
    const message = `checking ${path}: got ${digest}, .treeinfo says sha256:${want}`
    throw new MediaError('CHECKSUM_WRONG', message, { hint: 'download the ISO again: it is damaged' })
  }
  return warnings
}
