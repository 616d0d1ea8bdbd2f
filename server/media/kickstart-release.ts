// Which kickstart language the installer of a release reads.
import type { KickstartRelease } from '../contract/kickstart-release.ts'
import { MediaError } from './errors.ts'

/** Fedora, and RHEL with what is rebuilt from it or becomes it. */
export type ReleaseLine = 'fedora' | 'enterprise'

interface Supported {
  name: string
  /** Oldest first. */
  releases: readonly { major: number; release: KickstartRelease }[]
  /** Why what is older is refused. */
  tooOld: string
}

const SUPPORTED: Record<ReleaseLine, Supported> = {
  fedora: {
    name: 'Fedora',
    releases: [41, 42, 43, 44, 45].map((major) => ({ major, release: `F${major}` as KickstartRelease })),
    tooOld: 'it is out of support',
  },
  enterprise: {
    name: 'RHEL',
    releases: [
      { major: 9, release: 'RHEL9' },
      { major: 10, release: 'RHEL10' },
    ],
    tooOld: 'its installer cannot deploy container images',
  },
}

/**
 * The language for a version such as `43`, `9.6` or `Rawhide`. What is newer than all known ones gets the newest, with a warning. Throws
 * MEDIA_UNSUPPORTED for what is older.
 *
 * @example kickstartRelease('enterprise', '9.6') // { release: 'RHEL9' }
 */
export function kickstartRelease(line: ReleaseLine, version: string): { release: KickstartRelease; warning?: string } {
  const { name, releases, tooOld } = SUPPORTED[line]
  const oldest = releases[0]!
  const newest = releases.at(-1)!
  const major = /^rawhide$/i.test(version) ? Infinity : Number(/^\d+/.exec(version)?.[0])
  const known = releases.find((one) => one.major === major)
  if (known) return { release: known.release }
  if (major > newest.major) {
    const warning = `${name} ${version} is newer than this Landfall: its kickstart is written for ${name} ${newest.major}`
    return { release: newest.release, warning }
  }
  const reason = Number.isNaN(major) ? 'its version is not understood' : tooOld
  throw new MediaError('MEDIA_UNSUPPORTED', `${name} ${version} cannot be used: ${reason}`, {
    hint: `take ${name} ${oldest.major} to ${newest.major}`,
  })
}
