// HTTPS to the Landfall server, trusting its CA and nothing else.
import { createHash, X509Certificate } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { AgentError } from '../errors.ts'

/** Answers other than blobs are small; more is not ours. */
const BODY_LIMIT = 8 * 2 ** 20

export type ServerErrorCode =
  /** No answer: connection refused, reset, timed out, name or certificate wrong. A retry can help. */
  | 'UNREACHABLE'
  /** 401: token or session unknown, replaced or expired. */
  | 'UNAUTHORIZED'
  /** Any other 4xx: asking again will not help. */
  | 'REFUSED'
  /** 5xx or 429: the server has a problem. A retry can help. */
  | 'BUSY'
  /** The answer is not what the protocol says. */
  | 'MALFORMED'

/** A call that did not work, and whether it is worth repeating. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly code: ServerErrorCode
  readonly status: number | undefined
  /** Stable code of the server's problem details, if it sent some. */
  readonly problem: string | undefined

  constructor(
    code: ServerErrorCode,
    message: string,
    options: ErrorOptions & { status?: number; problem?: string } = {},
  ) {
    super(message, options)
    this.code = code
    this.status = options.status
    this.problem = options.problem
  }

  get temporary(): boolean {
    return this.code === 'UNREACHABLE' || this.code === 'BUSY'
  }
}

export interface CallOptions {
  /** Sent as JSON. */
  body?: unknown
  /** Bearer token. */
  token?: string
  headers?: Record<string, string>
  /** Milliseconds without a byte from the server before giving up; 30 s by default. */
  timeout?: number
  signal?: AbortSignal | undefined
}

/** One server origin with one pinned CA. Connections are kept and reused. */
export class Server {
  readonly url: string
  readonly #agent: Agent

  /** `ca` is the PEM text of the only trusted certificate. */
  constructor(url: string, ca: string) {
    this.url = url
    this.#agent = new Agent({ ca, keepAlive: true, maxSockets: 16, minVersion: 'TLSv1.2' })
  }

  /** Answers the whole body, which may be empty, of a 2xx answer. Throws {@link ServerError}. */
  async bytes(method: string, path: string, options: CallOptions = {}): Promise<Buffer> {
    const response = await this.open(method, path, options)
    return readAll(response, `${method} ${path}`)
  }

  /** Bytes that a GET would bring, without bringing them. Throws {@link ServerError}. */
  async size(path: string, options: CallOptions = {}): Promise<number> {
    const response = await this.open('HEAD', path, options)
    response.resume()
    const length = response.headers['content-length']
    if (length !== undefined) return Number(length)
    throw new ServerError('MALFORMED', `HEAD ${path}: the answer does not say how long it is`)
  }

  /** Like {@link bytes}, as parsed JSON. */
  async json(method: string, path: string, options: CallOptions = {}): Promise<unknown> {
    const text = (await this.bytes(method, path, options)).toString('utf8')
    try {
      return text === '' ? undefined : JSON.parse(text)
    } catch (cause) {
      throw new ServerError('MALFORMED', `${method} ${path}: the answer is not JSON`, { cause })
    }
  }

  /** Answers a 2xx response whose body the caller reads or destroys. Throws {@link ServerError}. */
  async open(method: string, path: string, options: CallOptions = {}): Promise<IncomingMessage> {
    const { body, token, headers = {}, timeout = 30_000, signal } = options
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const what = `${method} ${path}`
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpsRequest(
        new URL(path, this.url),
        {
          method,
          agent: this.#agent,
          timeout,
          ...(signal === undefined ? {} : { signal }),
          headers: {
            ...headers,
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
            ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': payload.length }),
          },
        },
        resolve,
      )
      request.on('timeout', () => request.destroy(new Error(`no answer for ${timeout / 1000} s`)))
      request.on('error', reject)
      request.end(payload)
    }).catch((cause: Error) => {
      if (signal?.aborted) throw cause
      throw new ServerError('UNREACHABLE', `${what} at ${this.url}: ${cause.message}`, { cause })
    })
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return response
    throw await refusal(response, status, what)
  }

  close(): void {
    this.#agent.destroy()
  }
}

async function refusal(response: IncomingMessage, status: number, what: string): Promise<ServerError> {
  const text = (await readAll(response, what).catch(() => Buffer.alloc(0))).toString('utf8')
  const { code: problem, detail = `HTTP status ${status}` } = readProblem(text)
  const code = status === 401 ? 'UNAUTHORIZED' : status >= 500 || status === 429 || status === 408 ? 'BUSY' : 'REFUSED'
  return new ServerError(code, `${what}: ${detail}`, {
    status,
    ...(problem === undefined ? {} : { problem }),
  })
}

/** Reads an RFC 9457 problem, or the error list of the registry endpoints. Empty when the body is neither. */
function readProblem(text: string): { code?: string | undefined; detail?: string | undefined } {
  try {
    const body = JSON.parse(text)
    const first = body.errors?.[0]
    const string = (value: unknown) => (typeof value === 'string' ? value : undefined)
    return {
      code: string(body.code) ?? string(first?.code),
      detail: string(body.detail) ?? string(body.title) ?? string(first?.message),
    }
  } catch {
    // Not from Landfall itself, or cut off; the status has to do.
    return {}
  }
}

async function readAll(response: IncomingMessage, what: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > BODY_LIMIT)
        throw new ServerError('MALFORMED', `${what}: the answer is longer than ${BODY_LIMIT} bytes`)
      chunks.push(chunk)
    }
  } catch (cause) {
    if (cause instanceof ServerError) throw cause
    throw new ServerError('UNREACHABLE', `${what}: the answer broke off (${(cause as Error).message})`, { cause })
  }
  return Buffer.concat(chunks)
}

/** A CA certificate fetched without protection: useless until {@link checkCa} has passed it. */
interface FetchedCa {
  pem: string
  /** The server's clock at that moment, from the Date header; undefined when it sent none. */
  serverTime: Date | undefined
}

/** Fetches the CA certificate by plain HTTP. Throws {@link ServerError}. */
export async function fetchCa(httpOrigin: string): Promise<FetchedCa> {
  const what = `GET ${httpOrigin}/boot/ca.pem`
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest(`${httpOrigin}/boot/ca.pem`, { timeout: 10_000 }, resolve)
    request.on('timeout', () => request.destroy(new Error('no answer for 10 s')))
    request.on('error', reject)
    request.end()
  }).catch((cause: Error) => {
    throw new ServerError('UNREACHABLE', `${what}: ${cause.message}`, { cause })
  })
  if (response.statusCode !== 200) throw await refusal(response, response.statusCode ?? 0, what)
  const pem = (await readAll(response, what)).toString('utf8')
  return { pem, serverTime: parseDate(response.headers) }
}

function parseDate(headers: IncomingHttpHeaders): Date | undefined {
  const time = Date.parse(headers.date ?? '')
  return Number.isNaN(time) ? undefined : new Date(time)
}

/** Answers the PEM text when it holds the one certificate whose DER has this SHA-256; throws AgentError otherwise. */
export function checkCa(pem: string, fingerprint: string): string {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(pem)
  } catch (cause) {
    throw new AgentError('NETWORK', 'reading the CA certificate: it is not a certificate', { cause })
  }
  const got = createHash('sha256').update(certificate.raw).digest('hex')
  if (got !== fingerprint) {
    throw new AgentError('NETWORK', `checking the CA certificate: its fingerprint is ${got}, want ${fingerprint}`, {
      hint: 'another machine may be answering in the place of the Landfall server; do not go on in this network',
    })
  }
  // Only what was checked: further certificates in the same text would be trusted too.
  return certificate.toString()
}
