// From the text of config.toml or config.json to a checked blueprint.
import { parse, TomlError } from 'smol-toml'
import type { z } from 'zod'
import { BlueprintError } from './errors.ts'
import { Blueprint } from './schema.ts'

export type BlueprintSyntax = 'toml' | 'json'

/** `config.json` is JSON; everything else is TOML. */
export function syntaxOf(file: string): BlueprintSyntax {
  return /\.json$/i.test(file) ? 'json' : 'toml'
}

/** Throws BlueprintError SYNTAX, UNKNOWN_KEY, INVALID_VALUE, CONTRADICTION; the message begins with the key. */
export function readBlueprint(source: string, syntax: BlueprintSyntax): Blueprint {
  const parsed = Blueprint.safeParse(syntax === 'json' ? unwrapped(parseJson(source)) : parseToml(source))
  if (!parsed.success) throw refusal(parsed.error)
  const { disk, filesystem } = parsed.data.customizations ?? {}
  if (disk !== undefined && filesystem !== undefined) {
    throw new BlueprintError('CONTRADICTION', 'customizations.disk and customizations.filesystem exclude each other')
  }
  return parsed.data
}

function parseToml(source: string): unknown {
  try {
    return parse(source)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const why = cause.message.split('\n')[0]?.replace('Invalid TOML document: ', '')
    throw new BlueprintError('SYNTAX', `line ${cause.line}: ${why}`, { cause })
  }
}

function parseJson(source: string): unknown {
  try {
    return JSON.parse(source)
  } catch (cause) {
    throw new BlueprintError('SYNTAX', `not JSON: ${(cause as Error).message}`, { cause })
  }
}

/** Older tools wrote `{ "blueprint": { ... } }`. */
function unwrapped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const keys = Object.keys(value)
  return keys.length === 1 && keys[0] === 'blueprint' ? (value as { blueprint: unknown }).blueprint : value
}

function refusal(error: z.ZodError): BlueprintError {
  const issue = deepest(error.issues[0]!)
  const where = keyOf(issue.path)
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => (where === '' ? key : `${where}.${key}`))
    return new BlueprintError('UNKNOWN_KEY', `${keys.join(', ')}: no such key`, { cause: error })
  }
  return new BlueprintError('INVALID_VALUE', `${where === '' ? '' : `${where}: `}${issue.message}`, { cause: error })
}

/** What a union complains of says less than the one of its members that came furthest. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue
  const inner = issue.errors.flat().toSorted((a, b) => b.path.length - a.path.length)[0]
  return inner === undefined || inner.code === 'invalid_type'
    ? issue
    : { ...inner, path: [...issue.path, ...inner.path] }
}

/** `customizations.user[0].key` */
function keyOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`))
    .join('')
}
