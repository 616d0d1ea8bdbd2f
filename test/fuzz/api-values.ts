// Values made from the schemas of an OpenAPI document: such as follow them, and such as nearly do.
import fc from 'fast-check'
import { pick, type Random } from './mutate.ts'

export interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  default?: unknown
  pattern?: string
  format?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  minItems?: number
  maxItems?: number
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export interface ValueOptions {
  schemas: Record<string, Schema>
  random: Random
  /** Something that is there, for a property of this name; undefined: anything that follows the schema. */
  known: (name: string) => string | undefined
}

const MAX_DEPTH = 8
const SAMPLES = 6
/** Of a text made from a pattern: no shorter than the longest that one asks for. */
const MAX_TEXT = 130
const KNOWN_SHARE = 0.7
const OPTIONAL_SHARE = 0.35

/** Makes values that follow a schema, as far as a schema can say it. */
export class Values {
  readonly #options: ValueOptions
  /** Texts that match a pattern, made once. */
  readonly #matching = new Map<string, readonly string[]>()

  constructor(options: ValueOptions) {
    this.#options = options
  }

  of(schema: Schema, name = '', depth = 0): Json {
    const { random, schemas } = this.#options
    if (schema.$ref !== undefined) return this.of(schemas[schema.$ref.split('/').at(-1)!] ?? {}, name, depth)
    const choices = schema.anyOf ?? schema.oneOf
    if (choices) return this.of(pick(random, choices), name, depth)
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => this.of(part, name, depth))) as Json
    if (schema.enum) return pick(random, schema.enum) as Json
    if (schema.const !== undefined) return schema.const as Json
    if (schema.default !== undefined && random() < 0.3) return schema.default as Json
    switch (pick(random, [schema.type ?? 'string'].flat())) {
      case 'null':
        return null
      case 'boolean':
        return random() < 0.5
      case 'integer':
      case 'number':
        return this.#number(schema)
      case 'array':
        return this.#array(schema, name, depth)
      case 'object':
        return this.#object(schema, depth)
      default:
        return this.#text(schema, name)
    }
  }

  #number({ minimum, exclusiveMinimum, maximum }: Schema): number {
    const { random } = this.#options
    const low = Math.max(minimum ?? 0, exclusiveMinimum === undefined ? 0 : exclusiveMinimum + 1)
    const high = Math.min(maximum ?? low + 1000, low + 100_000)
    return pick(random, [low, high, low + Math.floor(random() * (high - low))])
  }

  #array({ items = {}, minItems = 0, maxItems = 3 }: Schema, name: string, depth: number): Json[] {
    const { random } = this.#options
    const length =
      depth > MAX_DEPTH
        ? minItems
        : minItems + Math.floor(random() * Math.max(1, Math.min(maxItems, minItems + 3) - minItems + 1))
    return Array.from({ length }, () => this.of(items, name, depth + 1))
  }

  #object({ properties = {}, required = [], additionalProperties }: Schema, depth: number): Json {
    const { random } = this.#options
    const wanted = Object.keys(properties).filter(
      (key) => required.includes(key) || (depth <= MAX_DEPTH && random() < OPTIONAL_SHARE),
    )
    const made: Record<string, Json> = {}
    for (const key of wanted) made[key] = this.of(properties[key]!, key, depth + 1)
    if (typeof additionalProperties === 'object' && random() < 0.7) {
      made[pick(random, ['rack', 'row', 'team'])] = this.of(additionalProperties, '', depth + 1)
    }
    return made
  }

  #text({ pattern, format, minLength = 0, maxLength = 40 }: Schema, name: string): string {
    const { random, known } = this.#options
    const there = random() < KNOWN_SHARE ? known(name) : undefined
    if (there !== undefined) return there
    if (format === 'date-time') return new Date(1_770_000_000_000 + random() * 1e10).toISOString()
    if (format === 'uri') return 'http://127.0.0.1:9/hook'
    if (pattern !== undefined) return pick(random, this.#samples(pattern))
    const length = minLength + Math.floor(random() * Math.min(20, maxLength - minLength + 1))
    return Array.from({ length }, () => pick(random, [...'abcxyz019 -_./:=ü'])).join('')
  }

  #samples(pattern: string): readonly string[] {
    const made = this.#matching.get(pattern) ?? this.#sample(pattern)
    this.#matching.set(pattern, made)
    return made
  }

  #sample(pattern: string): readonly string[] {
    // Of all characters but a few, which takes fast-check many seconds to sort out.
    if (/\\p\{/i.test(pattern)) return ['a text', '/etc/motd', '']
    const seed = Math.floor(this.#options.random() * 2 ** 31)
    const matching = fc.stringMatching(new RegExp(pattern, 'u'), { maxLength: MAX_TEXT })
    return fc.sample(matching, { numRuns: SAMPLES, seed })
  }
}

/** What breaks programs that are not careful. */
const JUNK: readonly Json[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  2 ** 53,
  '',
  ' ',
  '\u0000',
  '\ud800',
  '../../etc/passwd',
  "'; DROP TABLE machines; --",
  '{{constructor}}',
  'ß'.repeat(5000),
  '💥',
  [],
  [[[[[]]]]],
  {},
  { __proto__: null, toString: 1 },
  'os/web@sha256:0',
  '9999-99-99T99:99:99.999Z',
]

const KEYS = ['__proto__', 'constructor', 'toString', 'length', '', 'id', 'a'.repeat(300), '\u0000']

/** The value with one to three things wrong: a part replaced, left out, doubled, or one too many. */
export function bend(value: Json, random: Random): Json {
  let bent = structuredClone(value)
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) bent = bendOnce(bent, random)
  return bent
}

function bendOnce(value: Json, random: Random): Json {
  const isInside = typeof value === 'object' && value !== null && Object.keys(value).length > 0 && random() < 0.85
  if (!isInside) {
    if (typeof value === 'string' && random() < 0.5)
      return pick(random, [value + value, value.slice(1), `${value}\n`, value.toUpperCase()])
    if (typeof value === 'number' && random() < 0.5)
      return pick(random, [-value, value + 0.5, String(value), value * 1e12])
    return structuredClone(pick(random, JUNK))
  }
  const holder = value as Record<string, Json>
  const key = pick(random, Object.keys(holder))
  const change = random()
  if (Array.isArray(value)) {
    if (change < 0.2) value.push(...structuredClone(value))
    else if (change < 0.3) value.length = 0
    else holder[key] = bendOnce(holder[key]!, random)
  } else if (change < 0.2) delete holder[key]
  else if (change < 0.35)
    Object.defineProperty(holder, pick(random, KEYS), {
      value: pick(random, JUNK),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  else holder[key] = bendOnce(holder[key]!, random)
  return value
}
