// The API client of the command line. Answers are checked against the shared schemas, problems become CliError.
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createInterface } from 'node:readline'
import type { Agent, Dispatcher } from 'undici'
import { z } from 'zod'
import { Session } from '../contract/access.ts'
import { formatBytes } from '../contract/bytes.ts'
import { Problem } from '../contract/system.ts'
import { undici } from '../host/undici.ts'
import type { Access } from './access.ts'
import { CliError } from './errors.ts'

/** What is sent: JSON, or a stream of so many bytes, as far as that is known. */
type RequestBody = { json?: unknown } | { stream: Readable; type: string; length?: number }

/** Lines that an operation answers with. */
type OperationLine =
  { type: 'progress' } | { type: 'done' } | { type: 'failed'; code: string; message: string; hint?: string | undefined }

const MAX_ANSWER_BYTES = 64 * 2 ** 20
const MAX_PROBLEM_BYTES = 64 * 1024

export class ApiClient {
  readonly #access: Omit<Access, 'token'> & { token?: string }
  readonly #agent: Agent

  /** Without a token it can only log in. */
  constructor(access: Omit<Access, 'token'> & { token?: string }) {
    this.#access = access
    const { Agent } = undici()
    this.#agent = new Agent({ connect: access.ca ? { ca: access.ca } : {}, headersTimeout: 0, bodyTimeout: 0 })
  }

  async close(): Promise<void> {
    await this.#agent.close()
  }

  /** Calls `/api/v1<path>` and checks the answer's shape. */
  async call<T>(
    method: Dispatcher.HttpMethod,
    path: string,
    answer: z.ZodType<T>,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const response = await this.#send(method, path, body === undefined ? {} : { json: body }, headers)
    const bytes = await bytesOf(response, MAX_ANSWER_BYTES)
    return answer.parse(bytes.length === 0 ? undefined : JSON.parse(bytes.toString()))
  }

  /** The items that `/api/v1<path>` lists. */
  async list<T>(path: string, item: z.ZodType<T>): Promise<T[]> {
    return (await this.call('GET', path, z.object({ items: z.array(item) }))).items
  }

  /** Fetches what is no JSON, whole. */
  async download(path: string): Promise<Buffer> {
    const response = await this.#send('GET', path, {})
    return bytesOf(response, MAX_ANSWER_BYTES)
  }

  /** Writes an answer of any length out as it comes. */
  async copy(path: string, to: Writable): Promise<void> {
    const response = await this.#send('GET', path, {})
    await pipeline(response.body, to, { end: false })
  }

  /** Reads an answer that goes on and on, as text. */
  async *follow(path: string): AsyncGenerator<string> {
    const response = await this.#send('GET', path, {})
    response.body.setEncoding('utf8')
    try {
      for await (const text of response.body) yield text as string
    } catch (cause) {
      throw new CliError(`reading from ${this.#access.url}: ${(cause as Error).message}`, { exitCode: 3, cause })
    }
  }

  /** Opens a session; its secret is good as a token. */
  async logIn(name: string, password: string): Promise<{ secret: string; session: Session }> {
    const response = await this.#send('POST', '/login', { json: { name, password } })
    const [secret] = [response.headers['set-cookie'] ?? []].flat().map((cookie) => /=(lfu_[\w-]+);/.exec(cookie)?.[1])
    if (secret === undefined) throw new CliError('the server opened no session', { exitCode: 3 })
    return { secret, session: Session.parse(await response.body.json()) }
  }

  /** Fetches what may be large; the caller reads or destroys it. */
  async open(path: string): Promise<{ stream: Readable; headers: Dispatcher.ResponseData['headers'] }> {
    const { body, headers } = await this.#send('GET', path, {})
    return { stream: body, headers }
  }

  /** Calls an operation that answers with lines of this schema (NDJSON) and returns the `done` ones it ended with. */
  async operate<Line extends OperationLine>(
    path: string,
    body: RequestBody,
    schema: z.ZodType<Line>,
    onProgress: (progress: Extract<Line, { type: 'progress' }>) => void,
  ): Promise<Extract<Line, { type: 'done' }>[]> {
    const response = await this.#send('POST', path, body)
    const done: Extract<Line, { type: 'done' }>[] = []
    for await (const text of createInterface({ input: response.body as Readable })) {
      if (text.trim() === '') continue
      const line: OperationLine = schema.parse(JSON.parse(text))
      if (line.type === 'failed') {
        const { message, code, hint } = line
        throw new CliError(message, { code, ...(hint !== undefined && { hint }) })
      }
      if (line.type === 'progress') onProgress(line as Extract<Line, { type: 'progress' }>)
      else done.push(line as Extract<Line, { type: 'done' }>)
    }
    if (done.length === 0) throw new CliError('the server ended the operation without a result', { exitCode: 3 })
    return done
  }

  async #send(
    method: Dispatcher.HttpMethod,
    path: string,
    body: RequestBody,
    headers: Record<string, string> = {},
  ): Promise<Dispatcher.ResponseData> {
    const payload = payloadOf(body)
    let response: Dispatcher.ResponseData
    try {
      response = await undici().request(`${this.#access.url}/api/v1${path}`, {
        method,
        dispatcher: this.#agent,
        headers: {
          ...(this.#access.token !== undefined && { authorization: `Bearer ${this.#access.token}` }),
          accept: 'application/json, application/x-ndjson, application/problem+json',
          ...payload?.headers,
          ...headers,
        },
        ...(payload && { body: payload.body }),
      })
    } catch (cause) {
      const code = (cause as { code?: string }).code ?? (cause as Error).message
      throw new CliError(`reaching ${this.#access.url}: ${code}`, {
        exitCode: 3,
        cause,
        hint: 'is the server running? `landfall serve` starts it',
      })
    }
    if (response.statusCode < 400) return response
    throw await problemOf(response, `${method} ${path}`)
  }
}

/** For changes made of what was read before: refused if people have changed it since. */
export function ifUnchanged({ revision }: { revision: number }): Record<string, string> {
  return { 'if-match': `"${revision}"` }
}

function payloadOf(body: RequestBody): { body: Readable | string; headers: Record<string, string> } | undefined {
  if ('stream' in body) {
    const { stream, type, length } = body
    const headers = { 'content-type': type, ...(length !== undefined && { 'content-length': String(length) }) }
    return { body: stream, headers }
  }
  if (body.json === undefined) return undefined
  return { body: JSON.stringify(body.json), headers: { 'content-type': 'application/json' } }
}

/** The whole of an answer. Throws CliError for one that is longer, and reads no further. */
async function bytesOf({ body }: Dispatcher.ResponseData, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > limit) {
      throw new CliError(`the server answers with more than ${formatBytes(limit)}`, { hint: 'ask for less' })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function problemOf(response: Dispatcher.ResponseData, what: string): Promise<CliError> {
  const text = await bytesOf(response, MAX_PROBLEM_BYTES).then(String, () => '')
  const exitCode = response.statusCode === 401 || response.statusCode === 403 ? 4 : response.statusCode === 400 ? 2 : 1
  const parsed = Problem.safeParse(safeJson(text))
  if (!parsed.success) return new CliError(`${what}: server answered ${response.statusCode}`, { exitCode })
  const { detail, hint, code, errors } = parsed.data
  const fields = (errors ?? []).map(({ path, message }) => `\n  ${path}: ${message}`).join('')
  return new CliError(detail + fields, { exitCode, code, ...(hint !== undefined && { hint }) })
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
