// Debian packages that the build host itself must have.
import { DebianError } from './error.ts'
import { CommandError, run } from './run.ts'
import type { Log } from './run.ts'

/**
 * Makes sure the named Debian packages are installed on this host: as root it installs what is missing and says so, else
 * it throws DebianError HOST_PACKAGE_MISSING with the command to type.
 */
export async function ensureHostPackages(names: readonly string[], log: Log): Promise<void> {
  const missing = await missingPackages(names)
  if (missing.length === 0) return
  const advice = `run: apt-get install --no-install-recommends ${missing.join(' ')}`
  if (process.getuid?.() !== 0) {
    throw new DebianError('HOST_PACKAGE_MISSING', `missing on this host: ${missing.join(', ')}; as root, ${advice}`)
  }
  log(`installing on this host: ${missing.join(' ')}`)
  try {
    await installWithUpdate(missing, log)
  } catch (cause) {
    throw new DebianError(
      'HOST_PACKAGE_MISSING',
      `installing ${missing.join(', ')} on this host: ${text(cause)}; ${advice}`,
      {
        cause,
      },
    )
  }
}

/** Updates a package that is installed already to the newest version the host's apt offers. */
export async function upgradeHostPackage(name: string, log: Log): Promise<void> {
  log(`updating on this host: ${name}`)
  await aptGet(['update'], log)
  await aptGet(['install', '--yes', '--no-install-recommends', name], log)
}

async function missingPackages(names: readonly string[]): Promise<string[]> {
  let output: string
  try {
    output = await run('dpkg-query', ['--show', '--showformat=${Package} ${db:Status-Status}\n'])
  } catch (cause) {
    throw new DebianError('HOST_PACKAGE_MISSING', `this host is not a Debian system: ${text(cause)}`, { cause })
  }
  const installed = new Set(
    output
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  )
  return names.filter((name) => !installed.has(name))
}

/** apt's lists may be absent (fresh container) or name versions the mirror no longer has: then update and try again. */
async function installWithUpdate(names: readonly string[], log: Log): Promise<void> {
  const install = ['install', '--yes', '--no-install-recommends', ...names]
  try {
    await aptGet(install, () => {})
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    await aptGet(['update'], log)
    await aptGet(install, log)
  }
}

async function aptGet(args: readonly string[], log: Log): Promise<void> {
  await run('apt-get', ['--quiet=2', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    log,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  })
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
