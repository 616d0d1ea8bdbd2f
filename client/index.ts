/** The API of a Landfall server, for programs: requests and answers by their types (docs/reference/api.md). */
import { isContents } from './contents.ts'
import type { Operations, Schemas } from './operations.ts'

export type { Operations, Schemas }

/** What a request of an operation has. */
export type Request<Name extends keyof Operations> = Omit<Operations[Name], 'answer'> & { signal?: AbortSignal }
export type Answer<Name extends keyof Operations> = Operations[Name]['answer']

/** Nothing has to be said where nothing of a request is needed. */
type Optional<T> = {} extends T ? [request?: T] : [request: T]

export interface ClientOptions {
  /** Origin of the server: `https://landfall.example:8443`. */
  url: string
  /** An API token. */
  token: string
  /** By default Node's own, which trusts Landfall's CA when NODE_EXTRA_CA_CERTS names its certificate. */
  fetch?: typeof fetch
}

/** A refusal of the server: problem details (RFC 9457). */
export class LandfallError extends Error {
  override readonly name = 'LandfallError'
  readonly status: number
  /** What to decide by: it stays the same when words change. */
  readonly code: string
  /** What to do about it. */
  readonly hint: string | undefined
  /** What the server said, whole. */
  readonly problem: Partial<Schemas['Problem']>

  constructor(status: number, problem: Partial<Schemas['Problem']>) {
    super(problem.detail ?? problem.title ?? `the server answered ${status}`)
    this.status = status
    this.code = problem.code ?? 'UNKNOWN'
    this.hint = problem.hint
    this.problem = problem
  }
}

export interface Client {
  /**
   * Carries out one operation. Rejects with LandfallError when the server refuses, with a TypeError of `fetch` when it cannot be reached. A
   * stream (NDJSON, events, files) resolves to the response, to be read or cancelled by the caller.
   */
  <Name extends keyof Operations>(name: Name, ...request: Optional<Request<Name>>): Promise<Answer<Name>>
  /** The items of a list that comes in pages, over all of them. */
  items<Name extends Paged>(name: Name, ...request: Optional<Request<Name>>): AsyncGenerator<Item<Name>>
}

/** Operations that answer with a page and the cursor of the next one. */
type Paged = {
  [Name in keyof Operations]: Answer<Name> extends { items: unknown[]; nextCursor: string | null } ? Name : never
}[keyof Operations]
type Item<Name extends Paged> = Answer<Name> extends { items: (infer T)[] } ? T : never

/** What any request may have; which of it one has to have, `Operations` says. */
interface AnyRequest {
  path?: Record<string, string | number>
  query?: Record<string, unknown>
  header?: Record<string, string | undefined>
  body?: unknown
  signal?: AbortSignal
}

/** A client of one server, by one token. Nothing is asked before the first operation. */
export function createClient({ url, token, fetch: send = fetch }: ClientOptions): Client {
  const base = new URL('/api/v1', url).href

  async function call(
    name: string,
    { path = {}, query = {}, header = {}, body, signal }: AnyRequest = {},
  ): Promise<unknown> {
    const [method, template] = name.split(' ') as [string, string]
    const place = template.replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(String(path[key])))
    const isJson = body !== undefined && !isContents(body)
    const headers = new Headers({ Authorization: `Bearer ${token}` })
    if (isJson) headers.set('Content-Type', 'application/json')
    for (const [key, value] of Object.entries(header)) if (value !== undefined) headers.set(key, value)
    const response = await send(`${base}${place}${queryText(query)}`, {
      method,
      headers,
      ...(body !== undefined && {
        body: isJson ? JSON.stringify(body) : (body as NonNullable<RequestInit['body']>),
        duplex: 'half',
      }),
      ...(signal && { signal }),
    })
    if (!response.ok) throw new LandfallError(response.status, await problemOf(response))
    if (response.status === 204) return undefined
    return response.headers.get('content-type')?.startsWith('application/json') ? response.json() : response
  }

  async function* items(name: string, request: AnyRequest = {}): AsyncGenerator {
    for (let cursor: string | null | undefined; cursor !== null;) {
      const query = { ...request.query, ...(cursor !== undefined && { cursor }) }
      const page = (await call(name, { ...request, query })) as { items: unknown[]; nextCursor: string | null }
      yield* page.items
      cursor = page.nextCursor
    }
  }

  return Object.assign(call, { items }) as Client
}

/** Lists repeat their name; what is undefined is left out. */
function queryText(query: Record<string, unknown>): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [value].flat().map((one): [string, string] => [key, String(one)]),
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

async function problemOf(response: Response): Promise<Partial<Schemas['Problem']>> {
  const text = await response.text()
  try {
    return JSON.parse(text) as Partial<Schemas['Problem']>
  } catch {
    return {}
  }
}
