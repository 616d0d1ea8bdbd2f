// A lookaside: a web server with the GPG signatures of a registry's images ("signature-protocols" of containers/image).
import type { Dispatcher } from 'undici'
import { MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from '../contract/trust.ts'
import { undici } from '../host/undici.ts'
import { OciError } from './errors.ts'
import { readAll } from './verify.ts'

const REDIRECTS = 5

export interface LookasideOptions {
  /** Certificates (PEM) that are trusted. */
  ca?: string
  proxy?: string
  userAgent?: string
}

/** No credentials: signatures are no secret, and prove themselves. `close()` ends the connections. */
export class Lookaside {
  readonly #base: string
  readonly #agent: Dispatcher
  readonly #userAgent: string

  constructor(url: string, { ca, proxy, userAgent = 'landfall' }: LookasideOptions = {}) {
    this.#base = url.replace(/\/+$/, '')
    const { Agent, interceptors, ProxyAgent } = undici()
    this.#userAgent = userAgent
    const tls = ca === undefined ? {} : { ca }
    const timeouts = { headersTimeout: 30_000, bodyTimeout: 30_000 }
    const agent = proxy
      ? new ProxyAgent({ uri: proxy, requestTls: tls, proxyTls: tls, ...timeouts })
      : new Agent({ connect: tls, ...timeouts })
    this.#agent = agent.compose(interceptors.redirect({ maxRedirections: REDIRECTS }))
  }

  async close(): Promise<void> {
    await this.#agent.close()
  }

  /** Those of the manifest, by its repository's name in the registry; nothing is verified. Throws REGISTRY_UNREACHABLE, REGISTRY_ERROR. */
  async signatures(repository: string, digest: string, signal?: AbortSignal): Promise<Buffer[]> {
    const found: Buffer[] = []
    while (found.length < MAX_SIGNATURES) {
      const url = `${this.#base}/${repository}@${digest.replace(':', '=')}/signature-${found.length + 1}`
      const signature = await this.#get(url, signal)
      if (signature === undefined) break
      found.push(signature)
    }
    return found
  }

  async #get(url: string, signal?: AbortSignal): Promise<Buffer | undefined> {
    try {
      const { statusCode, body } = await undici().request(url, {
        dispatcher: this.#agent,
        headers: { 'user-agent': this.#userAgent },
        ...(signal && { signal }),
      })
      if (statusCode === 200) return await readAll(body, MAX_SIGNATURE_BYTES, `signature ${url}`)
      await body.dump()
      // S3 says 403 of what is missing to whoever may not list.
      if (statusCode === 404 || statusCode === 403) return undefined
      const temporary = statusCode >= 500 || statusCode === 429
      throw new OciError('REGISTRY_ERROR', `signature ${url}: the server answered ${statusCode}`, { temporary })
    } catch (cause) {
      if (cause instanceof OciError) throw cause
      if (signal?.aborted) throw new OciError('ABORTED', `signature ${url}: cancelled`, { cause })
      const hint = 'check lookaside in images.upstreams of the configuration'
      const message = `signature ${url}: ${(cause as Error).message || (cause as { code?: string }).code}`
      throw new OciError('REGISTRY_UNREACHABLE', message, { cause, hint, temporary: true })
    }
  }
}
