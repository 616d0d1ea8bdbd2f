// What is taken out of an ISO: the files of the installer, never packages, and nothing that could reach outside of its folder.
import { MediaError } from './errors.ts'

export interface IsoEntry {
  /** From the root, without a slash at its begin: `images/install.img`. */
  path: string
  type: 'file' | 'directory' | 'other'
  size: number
}

/** What of the root belongs to the installer. */
const WANTED = ['.treeinfo', '.discinfo', 'images', 'EFI', 'boot']
/** Where every installer has its second stage, and no live system. */
const STAGE2 = 'images/install.img'
/** An installer's tree has some three hundred. */
const MAX_ENTRIES = 10_000
/** `unicode.pf2`, `gcry_sha256.mod`; begins that are special to shells or file systems are not among them. */
const SAFE_NAME = /^[A-Za-z0-9._][A-Za-z0-9._+@~-]*$/

/** The part of the root that is wanted. */
export function wantedOf(root: readonly IsoEntry[]): string[] {
  const names = new Set(root.map(({ path }) => path))
  return WANTED.filter((name) => names.has(name))
}

/** Throws MEDIA_UNSUPPORTED for live systems, and for what has nothing to do with Anaconda. */
export function requireInstaller(root: readonly IsoEntry[], entries: readonly IsoEntry[]): void {
  const has = (path: string, where = root) => where.some((entry) => entry.path === path)
  if (has('LiveOS') && !has(STAGE2, entries)) throw liveSystem()
  if (has('images')) return
  throw new MediaError('MEDIA_UNSUPPORTED', 'the ISO has no folder images: it is no installer of this kind', {
    hint: 'take the boot, netinst or DVD ISO',
  })
}

/** A live system starts a desktop, and its installer reads no kickstart. */
export function liveSystem(): MediaError {
  return new MediaError('MEDIA_UNSUPPORTED', 'the ISO is a live system: its installer cannot run unattended', {
    hint: 'take the boot, netinst or DVD ISO (for Fedora: Everything or Server)',
  })
}

/** Throws MEDIA_INVALID for entries that no installer has: links, devices, odd names, more than the ISO itself can hold. */
export function requireSafe(entries: readonly IsoEntry[], isoBytes: number): void {
  if (entries.length > MAX_ENTRIES) {
    throw new MediaError(
      'MEDIA_INVALID',
      `the ISO's tree has ${entries.length} entries, at most ${MAX_ENTRIES} are taken`,
    )
  }
  for (const { path, type } of entries) {
    const names = path.split('/')
    if (names.some((name) => !SAFE_NAME.test(name) || /^\.+$/.test(name))) {
      throw new MediaError(
        'MEDIA_INVALID',
        `the ISO's tree has an entry ${JSON.stringify(path)}: no installer has such a name`,
      )
    }
    if (type === 'other') {
      throw new MediaError('MEDIA_INVALID', `the ISO's tree has ${path}, which is neither a file nor a folder`)
    }
  }
  const bytes = bytesOf(entries)
  // Files may share their bytes (the EFI partition's image does); twice all of them is still far from a bomb.
  if (bytes > 2 * isoBytes) {
    throw new MediaError('MEDIA_INVALID', `the ISO's tree claims ${bytes} bytes in an image of ${isoBytes}`)
  }
}

export function bytesOf(entries: readonly IsoEntry[]): number {
  return entries.reduce((sum, { type, size }) => sum + (type === 'file' ? size : 0), 0)
}
