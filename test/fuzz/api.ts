// The API: requests made from its own description, at the whole HTTPS side over a database in memory. No answer may be the server's fault, and
// what is refused must have changed nothing.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Compilable } from 'kysely'
import { OciError } from '../../server/oci/errors.ts'
import { memoryServer } from '../server/http/memory-server.ts'
import { ApiRequests } from './api-requests.ts'
import type { ApiDocument, ApiRequest } from './api-requests.ts'
import type { FuzzTarget } from './campaign.ts'
import { pick, seeded, type Random } from './mutate.ts'

/** Of what is kept of the things that answers named. */
const MAX_KNOWN = 200
/** A refused login is an event. */
const LEAVES_EVENT = /^\/(login|session\/password)\b/
/** Between two honest requests. */
const HONEST_MS = 50
const READ_ONLY = new Set(['GET', 'HEAD', 'OPTIONS'])

export const api: FuzzTarget = {
  name: 'api',
  batch: 20,
  inputs: 10_000,
  // What is there decides what is asked for, so each input is a seed, and the request is made when its turn has come.
  hostile: (random) => {
    const seed = Buffer.alloc(4)
    seed.writeUInt32LE(Math.floor(random() * 2 ** 32))
    return seed
  },

  async start() {
    const folder = await mkdtemp(join(tmpdir(), 'landfall-fuzz-'))
    const server = await memoryServer(folder, { outside: unreachable })
    const document = (await (await server.call('GET', '/api/v1/openapi.json')).json()) as ApiDocument
    let random: Random = seeded(1)
    const known = new Known(() => random)
    const requests = new ApiRequests(document, { random: () => random(), known: (name) => known.of(name) })
    const state = new State(server.store.transactions)
    let turn: Promise<unknown> = Promise.resolve()
    /** One at a time: whose change it was must be plain. */
    const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
      const result = turn.then(work)
      turn = result.catch(() => {})
      return result
    }

    let secret = server.secrets.admin
    /** Requests may revoke any token, that of whoever makes them too. */
    const admin = () => {
      if (!server.tokens.authenticate(secret)) {
        const name = `fuzz ${server.tokens.listApiTokens().length}-${Date.now()}`
        secret = server.tokens.createApiToken({ name, role: 'admin' }, 'system').secret
        server.tokens.authenticate(secret) // its first use is written down
      }
      return secret
    }

    async function fireOne(seed: number): Promise<string[]> {
      random = seeded(seed)
      const request = requests.next()
      const as = admin()
      const before = state.now()
      const { status, text, type } = await send(request, as)
      await server.tracks.runDue()
      const problems: string[] = []
      if (status >= 500) problems.push(`answered ${status} ${text.slice(0, 200)}`)
      if (status >= 400 && request.method !== 'HEAD' && type !== 'application/problem+json')
        problems.push(`${status} without a problem`)
      if (status >= 400 && !LEAVES_EVENT.test(request.path) && state.now() !== before)
        problems.push(`${status}, and changed something`)
      if (READ_ONLY.has(request.method) && state.now() !== before) problems.push('changed something by reading')
      if (status < 400) known.learn(text)
      return problems.map((problem) => `${problem}: ${JSON.stringify(request).slice(0, 1000)}`)
    }

    async function send({ method, path, headers, body }: ApiRequest, as: string) {
      const response = await server.call(method, `/api/v1${path}`, {
        as,
        headers: { ...headers, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) },
        ...(body !== undefined && !READ_ONLY.has(method) && { init: { body } }),
      })
      const type = response.headers.get('content-type') ?? ''
      const isEndless = type.startsWith('text/event-stream')
      if (isEndless) await response.body?.cancel()
      return { status: response.status, type, text: isEndless ? '' : await response.text() }
    }

    return {
      pid: process.pid,
      async fire(inputs) {
        const problems = []
        for (const input of inputs) problems.push(...(await inTurn(() => fireOne(input.readUInt32LE()))))
        return problems
      },
      async work() {
        // Everything else here is done without a turn of the event loop, which others wait for.
        await sleep(HONEST_MS)
        await inTurn(async () => {
          const made = await server.call('POST', '/api/v1/machines', {
            as: admin(),
            json: { macs: ['52:54:00:0a:0b:0c'] },
          })
          if (made.status !== 201) throw new Error(`an honest client got ${made.status} ${await made.text()}`)
          const { id } = (await made.json()) as { id: string }
          const gone = await server.call('DELETE', `/api/v1/machines/${id}?forget=true`, { as: admin() })
          if (gone.status !== 204) throw new Error(`an honest client got ${gone.status} ${await gone.text()}`)
        })
      },
      async [Symbol.asyncDispose]() {
        await server.tracks.stop()
        server.store.close()
        await rm(folder, { recursive: true })
      },
    }
  },
}

function unreachable(): Promise<never> {
  return Promise.reject(new OciError('REGISTRY_UNREACHABLE', 'there is no network here'))
}

/** Ids and names of what is there, as answers tell them. */
class Known {
  readonly #random: () => Random
  readonly #ids: string[] = []

  constructor(random: () => Random) {
    this.#random = random
  }

  learn(text: string): void {
    for (const [, id] of text.matchAll(/"(?:id|installId|machineId)":"([\da-f-]{36})"/g)) {
      if (this.#ids.length < MAX_KNOWN) this.#ids.push(id!)
      else this.#ids[Math.floor(this.#random()() * MAX_KNOWN)] = id!
    }
  }

  of(name: string): string | undefined {
    if (name === 'reference' || name === 'image' || name === 'as')
      return pick(this.#random(), ['os/web:stable', 'os/web:next', 'os/web'])
    const isId = ['id', 'machines', 'machine'].includes(name)
    return isId && this.#ids.length > 0 ? pick(this.#random(), this.#ids) : undefined
  }
}

/** What the database holds but for the audit trail, which refusals belong into. Tables are read only when something was written. */
class State {
  readonly #db: { all<T>(query: Compilable<T>): T[] }
  #changes = -1
  #dump = ''

  constructor(db: { all<T>(query: Compilable<T>): T[] }) {
    this.#db = db
  }

  now(): string {
    const [{ changes } = { changes: 0 }] = this.#select<{ changes: number }>('SELECT total_changes() AS changes')
    if (changes === this.#changes) return this.#dump
    const tables = this.#select<{ name: string }>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('audit', 'sqlite_sequence') AND name NOT LIKE 'machine_trigrams%'`,
    )
    // Events only ever come after one another, and most of what is there are they.
    const contents = (name: string) => (name === 'events' ? 'max(seq)' : '*')
    this.#dump = JSON.stringify(tables.map(({ name }) => [name, this.#select(`SELECT ${contents(name)} FROM ${name}`)]))
    this.#changes = changes
    return this.#dump
  }

  #select<T>(sql: string): T[] {
    return this.#db.all<T>({
      compile: () => ({ sql, parameters: [], query: undefined as never, queryId: undefined as never }),
    })
  }
}
