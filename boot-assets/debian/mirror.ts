// Where this host gets Debian from: read from its own apt configuration, never fixed here.
import { readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { DebianError } from './error.ts'
import { upgradeHostPackage } from './host-packages.ts'
import { run } from './run.ts'
import type { Log } from './run.ts'

export interface Mirror {
  archive: string
  security: string
}

/** One line of `apt-get indextargets` in the format `readMirror` asks for. */
interface IndexTarget {
  uri: string
  release: string
  origin: string
}

/**
 * The host's Debian mirror: `LANDFALL_DEBIAN_MIRROR` (and `LANDFALL_DEBIAN_SECURITY_MIRROR`), else what its apt uses.
 * Throws DebianError NO_MIRROR.
 */
export async function readMirror(log: Log): Promise<Mirror> {
  const archive = process.env['LANDFALL_DEBIAN_MIRROR']
  if (archive) return { archive, security: process.env['LANDFALL_DEBIAN_SECURITY_MIRROR'] || securityBeside(archive) }
  let mirror = pickMirror(await indexTargets())
  if (!mirror && process.getuid?.() === 0) {
    // apt lists only what it has fetched: a fresh container has nothing yet.
    log('fetching package lists of this host')
    await run('apt-get', ['--quiet=2', 'update'], { log }).catch((cause: unknown) => {
      throw new DebianError('MIRROR_UNREACHABLE', 'apt-get update on this host failed', { cause })
    })
    mirror = pickMirror(await indexTargets())
  }
  if (!mirror) {
    throw new DebianError(
      'NO_MIRROR',
      'no Debian mirror in the apt sources of this host: set LANDFALL_DEBIAN_MIRROR to its URL',
    )
  }
  return { archive: await resolveList(mirror.archive), security: await resolveList(mirror.security) }
}

/** The archive and security mirrors among apt's index targets; undefined if there is no Debian archive among them. */
export function pickMirror(targets: readonly IndexTarget[]): Mirror | undefined {
  const debian = targets.filter((target) => target.origin === 'Debian')
  const archive = debian.find((target) => !target.release.includes('-'))?.uri
  if (archive === undefined) return undefined
  const security = debian.find((target) => target.release.endsWith('-security'))?.uri
  return { archive, security: security ?? securityBeside(archive) }
}

async function indexTargets(): Promise<IndexTarget[]> {
  const format = '$(SITE)\t$(RELEASE)\t$(ORIGIN)'
  const output = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'])
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [uri = '', release = '', origin = ''] = line.split('\t')
      return { uri, release, origin }
    })
}

/** Cloud images of Debian name a file of mirrors instead of a mirror (apt-transport-mirror(1)): the first one is used. */
async function resolveList(uri: string): Promise<string> {
  const file = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1]
  if (file === undefined) return uri
  const first = (await readFile(file, 'utf8')).split('\n').find((line) => /^\s*[^#\s]/.test(line))
  if (first === undefined) throw new DebianError('NO_MIRROR', `mirror list ${file} of this host's apt is empty`)
  return first.trim().split(/\s+/)[0]!
}

/** Debian's mirrors that carry security updates have them in a sibling folder of that name. */
function securityBeside(archive: string): string {
  return archive.replace(/\/debian\/?$/, '/debian-security')
}

const KEYRINGS = ['/usr/share/keyrings/debian-archive-keyring.pgp', '/usr/share/keyrings/debian-archive-keyring.gpg']

/** A file that `debian-archive-keyring` has since it knows the keys of Debian 13, which also sign later suites. */
const TRIXIE_KEYS = [
  '/usr/share/keyrings/debian-archive-trixie-automatic.pgp',
  '/usr/share/keyrings/debian-archive-trixie-automatic.gpg',
]

/** Path of a keyring of this host that knows the keys of Debian 13; as root, updates one that is too old. */
export async function findKeyring(log: Log): Promise<string> {
  const knowsTrixie = (): boolean => TRIXIE_KEYS.some((file) => existsSync(file))
  if (!knowsTrixie() && process.getuid?.() === 0) await upgradeHostPackage('debian-archive-keyring', log)
  const keyring = KEYRINGS.find((file) => existsSync(file))
  if (keyring === undefined || !knowsTrixie()) {
    throw new DebianError(
      'NO_KEYRING',
      'debian-archive-keyring on this host has no keys of Debian 13: update that package',
    )
  }
  return keyring
}

/** How the host's apt reaches mirrors (proxies, certificates, clock checks), as options for another apt. */
export async function networkOptions(): Promise<string[]> {
  const output = await run('apt-config', ['dump'])
  return output
    .split('\n')
    .filter((line) => /^Acquire::(https?|Check-|Max-ValidTime|Min-ValidTime|Retries|ForceIPv)/.test(line))
    .filter((line) => !line.endsWith(' "";'))
    .map((line) => line.replace(/;$/, ''))
}
