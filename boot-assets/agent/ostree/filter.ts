// Which entries of a layer become part of the commit, and where (specification item 2.4, after ostree-ext's tar filter).
import { OstreeError } from './errors.ts'

// Kernel and systemd fill these at boot; the directories themselves stay.
const API_FILE_SYSTEMS = new Set(['run', 'tmp', 'proc', 'sys', 'dev'])

// The image's own, those that systemd fills, and what OSTree has special support for.
const ALWAYS_KEPT = new Set(['usr', 'etc', 'var', ...API_FILE_SYSTEMS])

/** The repository inside of commit and chunk layers; layers built on top of these repeat objects that a build tool touched. */
export const REPO_PREFIX = 'sysroot/ostree/repo/'

export interface FilterOptions {
  /** libostree from 2024.3 on seeds /var from the commit; for older ones its content goes to /usr/share/factory. */
  retainVar: boolean
  /** Whether the system shows top-level folders besides /usr, /etc and /var: those of other commits would never be seen. */
  allowNonUsr: boolean
}

export const FILTER_DEFAULTS: FilterOptions = { retainVar: true, allowNonUsr: true }

/**
 * Where an entry goes, relative and normalised, `''` for the root directory; null if it is dropped. Throws PATH_INVALID for a
 * path with `..`.
 */
export function mapPath(path: string, options: FilterOptions = FILTER_DEFAULTS): string | null {
  const parts = split(path)
  const top = parts[0]
  if (top === undefined) return ''
  if (parts.length > 1 && API_FILE_SYSTEMS.has(top)) return null
  if (!options.allowNonUsr && !ALWAYS_KEPT.has(top)) return null
  const normal = remapEtc(parts)
  return top === 'var' && !options.retainVar ? `usr/share/factory/${normal}` : normal
}

/** Where a hardlink's target went. The target is an entry of the same layer. */
export function mapHardlinkTarget(path: string, options: FilterOptions = FILTER_DEFAULTS): string {
  const normal = remapEtc(split(path))
  return normal.startsWith('var/') && !options.retainVar ? `usr/share/factory/${normal}` : normal
}

/** A path without what means nothing in it: `./a//b/` is `a/b`. Throws PATH_INVALID. */
export function normalise(path: string): string {
  return split(path).join('/')
}

/** First component of a path, to count what was dropped by it. */
export function topLevel(path: string): string {
  return split(path)[0] ?? ''
}

function remapEtc(parts: string[]): string {
  return parts[0] === 'etc' ? `usr/${parts.join('/')}` : parts.join('/')
}

function split(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  for (const part of parts) {
    if (part === '..') throw new OstreeError('PATH_INVALID', `layer has an entry with "..": ${JSON.stringify(path)}`)
    // Longer ones can't be checked out; a byte count suffices where the string is short.
    if (part.length > 255 || (part.length > 85 && Buffer.byteLength(part) > 255)) {
      throw new OstreeError('PATH_INVALID', `layer has a name longer than 255 bytes: ${JSON.stringify(part)}`)
    }
  }
  return parts
}
