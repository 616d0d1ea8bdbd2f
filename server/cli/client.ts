// The API client of the command line. Answers are checked against the shared schemas, problems become CliError.
import type { Readable } from 'node:stream'
import { createInterface } from 'node:readline'
import { Agent, request } from 'undici'
import type { Dispatcher } from 'undici'
import type { z } from 'zod'
import { ImageProgress } from '../contract/image.ts'
import type { Image } from '../contract/image.ts'
import { Problem } from '../contract/system.ts'
import type { Access } from './access.ts'
import { CliError } from './errors.ts'

const MAX_ANSWER_BYTES = 64 * 2 ** 20

export class ApiClient {
  readonly #access: Access
  readonly #agent: Agent

  constructor(access: Access) {
    this.#access = access
    this.#agent = new Agent({ connect: access.ca ? { ca: access.ca } : {}, headersTimeout: 0, bodyTimeout: 0 })
  }

  async close(): Promise<void> {
    await this.#agent.close()
  }

  /** Calls `/api/v1<path>` and checks the answer's shape. */
  async call<T>(method: Dispatcher.HttpMethod, path: string, answer: z.ZodType<T>, body?: unknown): Promise<T> {
    const response = await this.#send(method, path, body === undefined ? {} : { json: body })
    const text = await response.body.text()
    return answer.parse(text === '' ? undefined : JSON.parse(text.slice(0, MAX_ANSWER_BYTES)))
  }

  /** Calls an operation that answers with progress lines (NDJSON) and returns the images it ended with. */
  async operate(
    path: string,
    body: { json: unknown } | { stream: Readable; type: string },
    onProgress: (progress: Extract<ImageProgress, { type: 'progress' }>) => void,
  ): Promise<Image[]> {
    const response = await this.#send('POST', path, body)
    const images: Image[] = []
    for await (const line of createInterface({ input: response.body as Readable })) {
      if (line.trim() === '') continue
      const progress = ImageProgress.parse(JSON.parse(line))
      if (progress.type === 'progress') onProgress(progress)
      else if (progress.type === 'failed') throw new CliError(progress.message, { code: progress.code })
      else images.push(progress.image)
    }
    if (images.length === 0) throw new CliError('the server ended the operation without a result', { exitCode: 3 })
    return images
  }

  async #send(
    method: Dispatcher.HttpMethod,
    path: string,
    body: { json?: unknown } | { stream: Readable; type: string },
  ): Promise<Dispatcher.ResponseData> {
    const payload =
      'stream' in body
        ? { body: body.stream, type: body.type }
        : body.json === undefined
          ? undefined
          : { body: JSON.stringify(body.json), type: 'application/json' }
    let response: Dispatcher.ResponseData
    try {
      response = await request(`${this.#access.url}/api/v1${path}`, {
        method,
        dispatcher: this.#agent,
        headers: {
          authorization: `Bearer ${this.#access.token}`,
          accept: 'application/json, application/x-ndjson, application/problem+json',
          ...(payload && { 'content-type': payload.type }),
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

async function problemOf(response: Dispatcher.ResponseData, what: string): Promise<CliError> {
  const text = (await response.body.text()).slice(0, 64 * 1024)
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
