// Unpacked Debian root folders, made from packages by mmdebstrap and kept in the cache.
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buildOnce, cacheKey } from '../cache.ts'
import { DebianError } from './error.ts'
import { ensureHostPackages } from './host-packages.ts'
import { findKeyring, networkOptions, readMirror } from './mirror.ts'
import { run } from './run.ts'
import type { Log } from './run.ts'

export type Suite = 'trixie' | 'forky'

export interface DebianRootRequest {
  suite: Suite
  packages: readonly string[]
  /**
   * `extract` unpacks the packages and what they depend on without installing them (no scripts run, no dpkg database);
   * the others are mmdebstrap's variants and give an installed system. Default: `extract`.
   */
  variant?: 'extract' | 'custom' | 'essential' | 'minbase'
  /** Shell snippets run at the end with the root as `$1` (mmdebstrap's --customize-hook, or --extract-hook for `extract`). */
  hooks?: readonly string[]
  /** Archive areas. Default: `main` only. */
  components?: readonly string[]
  /** Another processor than this host's; only for `extract`, which runs nothing of what it unpacks. */
  architecture?: 'arm64' | undefined
  log?: Log
}

/** Timestamps that tools write into roots when they honour SOURCE_DATE_EPOCH: 2025-08-09, the release of Debian 13. */
export const SOURCE_DATE_EPOCH = 1754697600

/** When this process started: with `LANDFALL_REFRESH=1` anything older is made again. */
const startedAt = Date.now() - process.uptime() * 1000

/** Raised when the way roots are made changes their content. */
const FORMAT = 1

/**
 * Path of a root folder with the packages, made with mmdebstrap from this host's Debian mirror (updates and security
 * updates included for a released suite) and cached by the request: it stays as it is until the request changes or
 * `LANDFALL_REFRESH=1` asks for today's packages. Callers only read it. Needs root. Throws DebianError.
 */
export async function debianRoot(request: DebianRootRequest): Promise<string> {
  const { suite, variant = 'extract', hooks = [], components = ['main'], architecture, log = () => {} } = request
  const packages = [...new Set(request.packages)].toSorted()
  const key = [
    FORMAT,
    suite,
    variant,
    packages,
    hooks,
    components,
    ...(architecture === undefined ? [] : [architecture]),
  ]
  const entry = await buildOnce(
    'debian',
    key,
    async (dir) => {
      const kind = [variant, ...(architecture === undefined ? [] : [architecture])].join(', ')
      log(`making a Debian ${suite} root (${kind}) with ${packages.length} packages: ${packages.join(' ')}`)
      await bootstrap(dir, { suite, packages, variant, hooks, components, architecture, log })
    },
    {
      onWait: () => log(`waiting for another build of Debian root ${cacheKey(key).slice(0, 12)}`),
      ...(process.env['LANDFALL_REFRESH'] === '1' ? { notBefore: startedAt } : {}),
    },
  )
  return join(entry, 'root')
}

/** Versions of the packages in a root made by `debianRoot`: name -> version, in name order. */
export async function packageVersions(root: string): Promise<Map<string, string>> {
  const list = await readFile(join(dirname(root), 'packages'), 'utf8')
  const pairs = list
    .split('\n')
    .filter((line) => line !== '')
    .map((line): [string, string] => {
      const [name = '', version = ''] = line.split(' ')
      return [name, version]
    })
  return new Map(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

async function bootstrap(dir: string, request: Required<DebianRootRequest>): Promise<void> {
  const { suite, packages, variant, hooks, components, architecture, log } = request
  if (process.getuid?.() !== 0) {
    throw new DebianError('NOT_ROOT', `making a Debian ${suite} root needs root: run this as root`)
  }
  await ensureHostPackages(['mmdebstrap', 'debian-archive-keyring'], log)
  const keyring = await findKeyring(log)
  const hook = variant === 'extract' ? '--extract-hook' : '--customize-hook'
  const target = join(dir, 'root')
  await mkdir(target)
  const args = [
    '--mode=root',
    '--format=directory',
    `--variant=${variant}`,
    ...(architecture === undefined ? [] : [`--architectures=${architecture}`]),
    `--include=${packages.join(',')}`,
    `--keyring=${keyring}`,
    ...(await networkOptions()).map((option) => `--aptopt=${option}`),
    ...hooks.map((snippet) => `${hook}=${snippet}`),
    `${hook}=${recordPackages(variant, join(dir, 'packages'))}`,
    // How this host reaches its mirror is nobody else's business.
    `${hook}=rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap"`,
    suite,
    target,
    ...(await sources(suite, components, log)),
  ]
  try {
    await run('mmdebstrap', args, { log, env: { SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH), TMPDIR: '/tmp' } })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new DebianError('ROOT_FAILED', `making a Debian ${suite} root: ${reason}`, { cause })
  }
}

/** Lines of sources.list for the suite; a suite that is still moving has its updates in itself. */
async function sources(suite: Suite, components: readonly string[], log: Log): Promise<string[]> {
  const { archive, security } = await readMirror(log)
  const areas = components.join(' ')
  const lines = [`deb ${archive} ${suite} ${areas}`]
  if (suite === 'trixie')
    lines.push(`deb ${archive} ${suite}-updates ${areas}`, `deb ${security} ${suite}-security ${areas}`)
  return lines
}

/** A hook that writes `name version` lines: from the dpkg database, or where nothing is installed, from the packages' names. */
function recordPackages(variant: string, file: string): string {
  if (variant === 'extract') {
    return `for deb in "$1"/var/cache/apt/archives/*.deb; do dpkg-deb --show --showformat='\${Package} \${Version}\\n' "$deb"; done > '${file}'`
  }
  return `dpkg-query --admindir="$1/var/lib/dpkg" --show --showformat='\${Package} \${Version}\\n' > '${file}'`
}
