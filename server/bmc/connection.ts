// HTTPS to one management controller: known by its certificate before it is told anything, of bounded size and time, no redirects.
import { lookup } from 'node:dns'
import type { TLSSocket } from 'node:tls'
import type { Agent, Dispatcher } from 'undici'
import type { BmcAccess } from '../core/bmc.ts'
import { undici } from '../host/undici.ts'
import { BmcError } from './errors.ts'

/** A picture of 8 MiB in base64, and what is around it. */
const MAX_ANSWER_BYTES = 12 * 2 ** 20
const CONNECT_MS = 10_000
const MAX_SHOWN_PATH = 200

export interface ConnectionOptions {
  /** Whether a controller may have this address. */
  isAllowed: (address: string) => boolean
  /** Ends what is under way. */
  signal: AbortSignal
}

export interface Answer {
  status: number
  headers: Dispatcher.ResponseData['headers']
  body: Buffer
}

interface Asking {
  token?: string | undefined
  json?: unknown
  /** Instead of that of the connection. */
  signal?: AbortSignal
}

/** Disposing it closes it. */
export class BmcConnection implements AsyncDisposable {
  readonly #url: URL
  readonly #agent: Agent
  readonly #signal: AbortSignal

  constructor({ url, certificate }: Pick<BmcAccess, 'url' | 'certificate'>, { isAllowed, signal }: ConnectionOptions) {
    this.#url = new URL(url)
    this.#signal = signal
    const { Agent, buildConnector } = undici()
    const secure = buildConnector({
      // Judged below: controllers sign their certificates themselves, so that most are good by their fingerprint alone.
      rejectUnauthorized: false,
      // A session that is taken up again shows no certificate.
      maxCachedSessions: 0,
      timeout: CONNECT_MS,
    })
    this.#agent = new Agent({
      connections: 1,
      maxResponseSize: MAX_ANSWER_BYTES,
      connect: (options, done) =>
        // Looked up once, so that the address which is connected to is the one that was checked.
        lookup(nameOf(this.#url), (error, address) => {
          if (error) return done(error, null)
          if (!isAllowed(address)) return done(refusedAddress(this.#url, address), null)
          secure({ ...options, hostname: address }, (...outcome) => {
            const [failure, socket] = outcome
            if (failure !== null) return done(failure, null)
            const refusal = judge(socket as TLSSocket, this.#url, certificate)
            if (refusal === undefined) return done(null, socket)
            socket.destroy()
            done(refusal, null)
          })
        }),
    })
  }

  /**
   * Asks for a path as the controller named it. Throws BmcError: BMC_ADDRESS_REFUSED, BMC_UNREACHABLE, both of the certificate, and BMC_INVALID
   * for a path that leads elsewhere, a redirect, and an answer that is too large.
   */
  async request(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    { token, json, signal }: Asking = {},
  ): Promise<Answer> {
    const target = this.#own(path)
    try {
      const { statusCode, headers, body } = await undici().request(target, {
        method,
        dispatcher: this.#agent,
        signal: signal ?? this.#signal,
        headers: {
          accept: 'application/json, image/*',
          // What DSP0266 asks of clients: the version of OData that is spoken.
          'odata-version': '4.0',
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { 'x-auth-token': token }),
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      })
      const bytes = Buffer.from(await body.arrayBuffer())
      if (statusCode >= 300 && statusCode < 400)
        throw this.#invalid(`sends ${shortPath(path)} elsewhere, which is not followed`)
      return { status: statusCode, headers, body: bytes }
    } catch (error) {
      throw this.#explain(error as Error & { code?: string })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }

  #own(path: string): URL {
    const target = path.startsWith('/') && URL.canParse(path, this.#url.origin) ? new URL(path, this.#url) : undefined
    if (target?.origin === this.#url.origin) return target
    throw this.#invalid('names a place that is not its own')
  }

  #explain(error: Error & { code?: string }): BmcError {
    if (error instanceof BmcError) return error
    if (error.code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return this.#invalid('answers with more than any picture needs')
    const why = this.#signal.aborted ? 'no answer in time' : error.message
    return new BmcError('BMC_UNREACHABLE', `the management controller at ${this.#url.host} cannot be reached: ${why}`, {
      hint: 'see whether its own page opens from the network of this server, and whether the address is right',
    })
  }

  #invalid(what: string): BmcError {
    return invalidAnswer(this.#url.host, what)
  }
}

/** For people: controllers name paths of any length. */
export function shortPath(path: string): string {
  return path.replaceAll(/[^\x21-\x7e]/g, '?').slice(0, MAX_SHOWN_PATH)
}

/** The controller answers, but not as it should. */
export function invalidAnswer(host: string, what: string): BmcError {
  return new BmcError('BMC_INVALID', `the management controller at ${host} ${what}`, {
    hint: 'is it a management controller that has Redfish? its own page says; newer firmware may help',
  })
}

function refusedAddress(url: URL, address: string): BmcError {
  const message = `${nameOf(url)} is ${address}, where no management controller is looked for`
  return new BmcError('BMC_ADDRESS_REFUSED', message, {
    hint: 'give the address of the controller in its network; those of this server itself and of one link alone are refused',
  })
}

/** Without the brackets of an IPv6 address. */
function nameOf({ hostname }: URL): string {
  return hostname.replaceAll(/[[\]]/g, '')
}

function judge(socket: TLSSocket, { host }: URL, wanted: string | undefined): BmcError | undefined {
  const certificate = socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase()
  if (wanted === undefined) {
    if (socket.authorized) return undefined
    return new BmcError(
      'BMC_CERTIFICATE_UNKNOWN',
      `nobody vouches for the certificate of ${host}: SHA-256 ${certificate}`,
      {
        certificate,
        hint: 'compare the fingerprint with the one on its own page or screen, and confirm it',
      },
    )
  }
  if (wanted === certificate) return undefined
  return new BmcError(
    'BMC_CERTIFICATE_CHANGED',
    `${host} has another certificate than the one that was confirmed: SHA-256 ${certificate}`,
    {
      certificate,
      hint: 'was it given a new one? then set the fingerprint anew, with the password; else something else answers there',
    },
  )
}
