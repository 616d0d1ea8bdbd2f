// The configuration, from all its sources: file, drop-ins, environment, flags, each overriding those before; DHCP, where none of them sets it, as the
// set-up page wrote it.
import type { z } from 'zod'
import { checkConfig } from './checks.ts'
import { defaultDataDir, thisHost, withDefaults } from './defaults.ts'
import type { Config, Host } from './defaults.ts'
import { ConfigError } from './errors.ts'
import { ConfigInput } from './schema.ts'
import { settings } from './settings.ts'
import { isDhcp, readEnvironment, readFiles, readFlags, readNetworkFile } from './sources.ts'
import type { Sourced } from './sources.ts'

export type { Config } from './defaults.ts'

export interface LoadOptions {
  /** Named by the user, so that it must exist; otherwise `LANDFALL_CONFIG`, `./landfall.toml` or, as root, `/etc/landfall/landfall.toml`. */
  file?: string | undefined
  env?: Readonly<Record<string, string | undefined>>
  /** Commander's options; those that are no settings are ignored. */
  flags?: Readonly<Record<string, unknown>>
  host?: Host
}

export interface LoadedConfig {
  config: Config
  /** Each setting's place: `file:line`, variable, flag, or `default`. */
  origins: Record<string, string>
  /** The file that was looked for and had something to say, itself or by its drop-ins. */
  file: string | undefined
  /** Files that were read. */
  files: string[]
}

const DEFAULT_FILES = { root: '/etc/landfall/landfall.toml', user: 'landfall.toml' }

/** Reads, checks and completes the configuration. Throws ConfigError, which names the place at fault. */
export function loadConfig({ file, env = process.env, flags = {}, host = thisHost() }: LoadOptions = {}): LoadedConfig {
  const named = file ?? env['LANDFALL_CONFIG']
  const fromFiles = named === undefined ? readDefaultFile(host) : { file: named, ...readFiles(named, true) }
  const written = [...fromFiles.values, ...readEnvironment(env), ...readFlags(flags)]
  const sourced = written.some(({ path }) => isDhcp(path))
    ? written
    : [...written, ...readNetworkFile(dataDirOf(written, host))]
  const origins = Object.fromEntries(settings.map(({ path }) => [path, 'default']))
  for (const { path, origin } of sourced) origins[path] = origin

  const parsed = ConfigInput.safeParse(toTree(sourced))
  if (!parsed.success) throw invalid(parsed.error, origins)
  const config = inPlace(origins, () => {
    const complete = withDefaults(parsed.data, host)
    checkConfig(complete)
    return complete
  })
  const { files } = fromFiles
  return { config, origins, file: files.length === 0 ? undefined : fromFiles.file, files }
}

function dataDirOf(sourced: readonly Sourced[], host: Host): string {
  const wanted = sourced.findLast(({ path }) => path === 'dataDir')?.value
  return typeof wanted === 'string' ? wanted : defaultDataDir(host)
}

function readDefaultFile(host: Host): ReturnType<typeof readFiles> & { file: string } {
  const local = { file: DEFAULT_FILES.user, ...readFiles(DEFAULT_FILES.user, false) }
  if (local.files.length > 0 || !host.isRoot) return local
  return { file: DEFAULT_FILES.root, ...readFiles(DEFAULT_FILES.root, false) }
}

function toTree(sourced: readonly Sourced[]): Record<string, unknown> {
  const tree: Record<string, unknown> = {}
  for (const { path, value } of sourced) {
    const keys = path.split('.')
    const last = keys.pop()!
    let node = tree
    for (const key of keys) node = (node[key] ??= {}) as Record<string, unknown>
    node[last] = value
  }
  return tree
}

function invalid(error: z.ZodError, origins: Record<string, string>): ConfigError {
  const [issue] = error.issues
  const path = issue?.path.map(String) ?? []
  // `dhcp.subnet.reservations.0.mac` belongs to the setting dhcp.subnet.reservations.
  const setting = path.map((_, end) => path.slice(0, path.length - end).join('.')).find((part) => origins[part])
  const origin = setting === undefined || origins[setting] === 'default' ? undefined : origins[setting]
  const message = [origin, path.join('.'), issue?.message].filter(Boolean).join(': ')
  return new ConfigError('INVALID_VALUE', message, { cause: error })
}

/** Puts the place of the named setting before a message like `dhcp.mode: ...`. */
function inPlace<T>(origins: Record<string, string>, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const setting = error.message.slice(0, error.message.indexOf(':'))
    const origin = origins[setting]
    if (origin === undefined || origin === 'default') throw error
    throw new ConfigError(error.code, `${origin}: ${error.message}`, { hint: error.hint, cause: error })
  }
}
