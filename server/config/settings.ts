// The schema as a flat list of settings, each with the name it has in the file, the environment and on the command line.
import { z } from 'zod'
import { ConfigInput } from './schema.ts'

type SettingType = 'text' | 'number' | 'flag' | 'list' | 'tables'

export interface Setting {
  /** `http.port`, as in the file. */
  path: string
  /** `LANDFALL_HTTP_PORT`. */
  variable: string
  /** `--http-port`. */
  flag: string
  /** Key of the flag in commander's options: `httpPort`. */
  attribute: string
  type: SettingType
  /** What to write: `number`, `off|server|proxy`. */
  placeholder: string
  description: string
  /** For people; empty when the setting has none. */
  defaultText: string
}

export const VARIABLE_PREFIX = 'LANDFALL_'

/** All settings in the schema's order. */
export const settings: readonly Setting[] = [...settingsOf(ConfigInput, [])]

const byPath = new Map(settings.map((setting) => [setting.path, setting]))

export function settingAt(path: string): Setting | undefined {
  return byPath.get(path)
}

function* settingsOf(schema: z.ZodObject, path: string[]): Generator<Setting> {
  for (const [key, field] of Object.entries(schema.shape)) {
    const inner = unwrap(field as z.ZodType)
    const here = [...path, key]
    if (inner instanceof z.ZodObject) yield* settingsOf(inner, here)
    else yield describe(here, field as z.ZodType, inner)
  }
}

function describe(path: string[], field: z.ZodType, inner: z.ZodType): Setting {
  const words = path.flatMap((key) => key.replace(/[A-Z]/g, ' $&').toLowerCase().split(' '))
  const { description, defaultText } = field.meta() ?? {}
  if (!description) throw new TypeError(`setting ${path.join('.')} has no description`)
  return {
    path: path.join('.'),
    variable: VARIABLE_PREFIX + words.join('_').toUpperCase(),
    flag: `--${words.join('-')}`,
    attribute: words.map((word, index) => (index === 0 ? word : word[0]!.toUpperCase() + word.slice(1))).join(''),
    ...typeOf(inner),
    description,
    defaultText: defaultText ?? fixedDefault(field),
  }
}

function typeOf(schema: z.ZodType): Pick<Setting, 'type' | 'placeholder'> {
  if (schema instanceof z.ZodNumber) return { type: 'number', placeholder: 'number' }
  if (schema instanceof z.ZodBoolean) return { type: 'flag', placeholder: 'true|false' }
  if (schema instanceof z.ZodEnum) return { type: 'text', placeholder: schema.options.join('|') }
  if (schema instanceof z.ZodArray) {
    return unwrap(schema.element as z.ZodType) instanceof z.ZodObject
      ? { type: 'tables', placeholder: 'json' }
      : { type: 'list', placeholder: 'value,...' }
  }
  return { type: 'text', placeholder: 'text' }
}

function fixedDefault(field: z.ZodType): string {
  if (!(field instanceof z.ZodDefault)) return ''
  const value = field.def.defaultValue
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((one) => `\`${one}\``).join(', ')
  return `\`${value}\``
}

function unwrap(schema: z.ZodType): z.ZodType {
  let inner = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
    inner = inner.unwrap() as z.ZodType
  }
  return inner
}
