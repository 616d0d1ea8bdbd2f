// Where settings come from, each source read into the same shape: a value by path, and the place it was written.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { ConfigError } from './errors.ts'
import { keyLines } from './key-lines.ts'
import { networkFile } from './network-file.ts'
import { similar } from './similar.ts'
import { settingAt, settings, VARIABLE_PREFIX } from './settings.ts'
import type { Setting } from './settings.ts'

/** A value as it was written, and where: `/etc/landfall.toml:12`, `LANDFALL_HTTP_PORT`, `--http-port`. */
export interface Sourced {
  path: string
  value: unknown
  origin: string
}

/** Variables of the same prefix that other parts of Landfall read. */
const OTHER_VARIABLES = new Set(
  [
    'CONFIG',
    'URL',
    'TOKEN',
    'CA',
    'CONTEXT',
    'CACHE',
    'DEBUG',
    'REFRESH',
    'PART',
    'RUNS',
    'FIRMWARE',
    'DEBIAN_MIRROR',
    'DEBIAN_SECURITY_MIRROR',
  ].map((name) => VARIABLE_PREFIX + name),
)

/**
 * The file and its drop-ins, `<file>.d/*.toml` in the order of their names. A missing file without drop-ins is an error when `required`.
 * Throws ConfigError FILE_UNREADABLE, SYNTAX, UNKNOWN_KEY.
 */
export function readFiles(file: string, required: boolean): { values: Sourced[]; files: string[] } {
  const dropIns = listDropIns(`${file}.d`).map((path) => ({ path, text: readText(path, true)! }))
  const main = readText(file, required && dropIns.length === 0)
  const texts = [...(main === undefined ? [] : [{ path: file, text: main }]), ...dropIns]
  return { values: texts.flatMap(({ path, text }) => parseFile(path, text)), files: texts.map(({ path }) => path) }
}

/**
 * What the set-up page wrote into the data folder. Nothing but DHCP may stand there: the service's user can write it, and root reads it.
 * Throws ConfigError FILE_UNREADABLE, SYNTAX, UNKNOWN_KEY, INVALID_VALUE.
 */
export function readNetworkFile(dataDir: string): Sourced[] {
  const file = networkFile(dataDir)
  const text = readText(file, false)
  const values = text === undefined ? [] : parseFile(file, text)
  const stranger = values.find(({ path }) => !isDhcp(path))
  if (stranger) {
    const hint = 'put it into the configuration file instead'
    throw new ConfigError('INVALID_VALUE', `${stranger.origin}: only settings of dhcp may stand here`, { hint })
  }
  return values
}

export function isDhcp(path: string): boolean {
  return path.startsWith('dhcp.')
}

/** All settings in a file's text. Throws ConfigError SYNTAX, UNKNOWN_KEY. */
function parseFile(file: string, text: string): Sourced[] {
  let tree: Record<string, unknown>
  try {
    tree = parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const [reason] = cause.message.replace(/^Invalid TOML document: /, '').split('\n')
    throw new ConfigError('SYNTAX', `reading ${file}:${cause.line}: ${reason}`, { cause })
  }
  const lines = keyLines(text)
  return [...leaves(tree, [])].map(([path, value]) => {
    const origin = placeOf(file, lines, path)
    if (!settingAt(path))
      throw unknown(
        `${origin}: there is no setting ${path}`,
        path,
        settings.map((one) => one.path),
      )
    return { path, value, origin }
  })
}

/** `LANDFALL_*` variables. Throws ConfigError UNKNOWN_KEY, INVALID_VALUE. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Sourced[] {
  const byVariable = new Map(settings.map((setting) => [setting.variable, setting]))
  return Object.entries(env).flatMap(([name, text]) => {
    if (!name.startsWith(VARIABLE_PREFIX) || OTHER_VARIABLES.has(name) || text === undefined) return []
    const setting = byVariable.get(name)
    if (!setting) throw unknown(`environment: there is no variable ${name}`, name, [...byVariable.keys()])
    return [{ path: setting.path, value: parseText(setting, text, name), origin: name }]
  })
}

/** Flags by commander's attribute names; those that are no settings are left to their command. Throws ConfigError INVALID_VALUE. */
export function readFlags(flags: Readonly<Record<string, unknown>>): Sourced[] {
  return settings.flatMap((setting) => {
    const value = flags[setting.attribute]
    if (value === undefined) return []
    const { path, flag: origin } = setting
    return [{ path, value: typeof value === 'string' ? parseText(setting, value, origin) : value, origin }]
  })
}

/** A value from a place where everything is text. */
function parseText(setting: Setting, text: string, origin: string): unknown {
  const wrong = (want: string) =>
    new ConfigError('INVALID_VALUE', `${origin}: got ${JSON.stringify(text)}, want ${want}`)
  switch (setting.type) {
    case 'text':
      return text
    case 'number':
      if (!/^-?\d+$/.test(text.trim())) throw wrong('a whole number')
      return Number(text)
    case 'flag':
      if (!/^(true|false|1|0|yes|no|on|off)$/i.test(text.trim())) throw wrong('true or false')
      return /^(true|1|yes|on)$/i.test(text.trim())
    case 'list':
      // JSON for values that hold a comma themselves.
      if (text.trim().startsWith('[')) return parseJson(text, () => wrong('a JSON list'))
      return text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
    case 'tables':
      return parseJson(text, () => wrong('a JSON list'))
  }
}

function parseJson(text: string, wrong: () => ConfigError): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong()
  }
}

/** Every value of a tree that is a setting or stands where one should. Tables inside a list belong to the list's setting. */
function* leaves(tree: Record<string, unknown>, path: string[]): Generator<[path: string, value: unknown]> {
  for (const [key, value] of Object.entries(tree)) {
    const here = [...path, key]
    const isTable = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
    if (isTable && !settingAt(here.join('.'))) {
      if (!isGroup(here)) yield [here.join('.'), value]
      yield* leaves(value as Record<string, unknown>, here)
    } else yield [here.join('.'), value]
  }
}

function isGroup(path: string[]): boolean {
  const prefix = `${path.join('.')}.`
  return settings.some((setting) => setting.path.startsWith(prefix))
}

function placeOf(file: string, lines: ReadonlyMap<string, number>, path: string): string {
  const line = lines.get(path)
  return line === undefined ? file : `${file}:${line}`
}

function unknown(message: string, got: string, known: readonly string[]): ConfigError {
  const near = similar(got, known)
  return new ConfigError('UNKNOWN_KEY', message, { hint: near && `did you mean ${near}?` })
}

function readText(file: string, required: boolean): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if (!required && hasCode(cause, 'ENOENT')) return undefined
    const hint = hasCode(cause, 'EACCES') ? 'run this as root, or as a user who may read it' : undefined
    throw new ConfigError('FILE_UNREADABLE', `reading ${file}: ${(cause as Error).message}`, { cause, hint })
  }
}

function listDropIns(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.toml') && !basename(name).startsWith('.'))
    return names.sort().map((name) => join(folder, name))
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return []
    throw new ConfigError('FILE_UNREADABLE', `reading ${folder}: ${(cause as Error).message}`, { cause })
  }
}

function hasCode(error: unknown, code: 'ENOENT' | 'EACCES'): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
