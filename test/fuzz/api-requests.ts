// Requests made from the OpenAPI document: such as it allows, such with something wrong, and garbage.
import { bend, Values } from './api-values.ts'
import type { Json, Schema, ValueOptions } from './api-values.ts'
import { pick, type Random } from './mutate.ts'

export interface ApiRequest {
  method: string
  /** Below `/api/v1`, with the query. */
  path: string
  headers: Record<string, string>
  body?: string
}

interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  schema: Schema
}

interface Operation {
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: Schema }> }
}

export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']
/** In the address, where they are read as something else than they are. */
const ODD_PARTS = [
  '%00',
  '%2e%2e%2f',
  '%',
  '%zz',
  '..',
  'a'.repeat(3000),
  '%F0%9F%92%A5',
  "'",
  '*',
  '%0d%0aX: y',
  '-1',
  '1e99',
  'NaN',
  'null',
]
const ODD_TYPES = [
  'text/plain',
  'application/json; charset=utf-16',
  'application/x-www-form-urlencoded',
  '',
  'application/jsonx',
]
/** Of those that parameters stand in: tags, keys. */
const ODD_HEADERS = ['"1"', '*', '"1.x", W/"2"', 'job-17', 'job-18', '"', ',', 'a b', 'x'.repeat(2000), 'ß']
const ODD_BODIES = [
  '{',
  '',
  'null',
  '[]',
  '"',
  '{"a":',
  '\u0000',
  `${'['.repeat(2000)}${']'.repeat(2000)}`,
  '{"__proto__":{"role":"admin"}}',
  '1e999',
]

/** Makes requests, the same for the same random numbers. */
export class ApiRequests {
  readonly #values: Values
  readonly #random: Random
  readonly #operations: { method: string; path: string; operation: Operation }[]

  constructor({ paths, components: { schemas } }: ApiDocument, options: Omit<ValueOptions, 'schemas'>) {
    this.#random = options.random
    this.#values = new Values({ ...options, schemas })
    this.#operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    )
  }

  /** Four in ten as allowed, four in ten bent, the rest garbage. */
  next(): ApiRequest {
    const kind = this.#random()
    const { method, path, operation } = pick(this.#random, this.#operations)
    if (kind < 0.4) return this.#request(method, path, operation, (value) => value)
    if (kind < 0.8)
      return this.#request(method, path, operation, (value) =>
        this.#random() < 0.6 ? bend(value, this.#random) : value,
      )
    return this.#garbage(method, path)
  }

  #request(
    method: string,
    path: string,
    { parameters = [], requestBody }: Operation,
    change: (value: Json) => Json,
  ): ApiRequest {
    const query = new URLSearchParams()
    const headers: Record<string, string> = {}
    let address = path
    for (const { name, in: place, required = false, schema } of parameters) {
      if (place === 'path') {
        address = address.replace(
          `{${name}}`,
          encodeURIComponent(textOf(change(this.#values.of(schema, name))).toWellFormed()),
        )
      } else if (place === 'query' && (required || this.#random() < 0.3)) {
        for (const one of [change(this.#values.of(schema, name))].flat()) query.append(name, textOf(one))
      } else if (place === 'header' && this.#random() < 0.2) {
        headers[name] = pick(this.#random, ODD_HEADERS)
      }
    }
    const [type, media] = Object.entries(requestBody?.content ?? {})[0] ?? []
    const search = query.size > 0 ? `?${query}` : ''
    if (type === undefined || media === undefined) return { method, path: address + search, headers }
    const body =
      type === 'application/json'
        ? JSON.stringify(change(this.#values.of(media.schema)))
        : pick(this.#random, ODD_BODIES)
    return { method, path: address + search, headers: { ...headers, 'content-type': type }, body }
  }

  #garbage(method: string, path: string): ApiRequest {
    const random = this.#random
    const address = path.replaceAll(/\{\w+\}/g, () => pick(random, ODD_PARTS))
    const search =
      random() < 0.5
        ? `?${pick(random, ['limit', 'cursor', 'after', 'before', 'state', 'x', '__proto__'])}=${pick(random, ODD_PARTS)}`
        : ''
    const other = random() < 0.2 ? pick(random, METHODS) : method
    if (other === 'GET' || other === 'HEAD') return { method: other, path: address + search, headers: {} }
    const type = random() < 0.5 ? 'application/json' : pick(random, ODD_TYPES)
    return { method: other, path: address + search, headers: { 'content-type': type }, body: pick(random, ODD_BODIES) }
  }
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
