// A blob's bytes from where they are: HTTPS with a pinned CA, resumed by Range after a break, or a local file.
import { createReadStream } from 'node:fs'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freeChunk } from '../../../server/oci/free-chunk.ts'
import { StreamError } from './errors.ts'

/** A place that may have a blob, and need not be right about it. */
export interface BlobCache {
  url: string
  /** PEM of the only CA trusted; without it the system's. */
  ca?: string
}

export interface BlobSource {
  /** Asked before all others, once each; whoever finds wrong bytes asks again without them. */
  caches?: readonly BlobCache[]
  /** Same blob at several places, tried in turn: `https:`, `http:` or `file:`. At least one. */
  urls: readonly string[]
  /** Sent to the origin of the URL only, not to where it redirects. */
  headers?: Readonly<Record<string, string>>
  /** PEM of the only CA trusted; without it the system's. */
  ca?: string
  /** Media type by which the first URL may have the blob in another wrapping: see {@link BlobFetcher.offer}. */
  offers?: string
  /** Entity tag of what is wanted: an answer with another one counts as refused. */
  etag?: string
  /** Keep trying for this long without a single new byte, then FETCH_FAILED. Milliseconds; default five minutes. */
  patience?: number
  /** An open connection that is silent for this long counts as broken. Milliseconds; default 30 seconds. */
  idle?: number
}

/** What a server has instead of a blob: the bytes differ, and so do size and digest. Nobody vouches for the digest but the server: it is not asked. */
export interface BlobOffer {
  size: number
  source: BlobSource
}

/** Somebody else has it, too. */
const CACHE_IDLE = 5_000
/** So long one that failed is not asked: not every layer shall wait for it. */
const CACHE_AWAY = 60_000
const MAX_REDIRECTS = 5
const FIRST_PAUSE = 200
const LONGEST_PAUSE = 5_000

/** Fetches blobs over kept-alive connections. */
export class BlobFetcher {
  readonly #agents = new Map<string, { http: HttpAgent; https: HttpsAgent }>()
  /** When caches failed last, by origin. */
  readonly #failed = new Map<string, number>()

  /**
   * The whole blob in order; each chunk is valid until the next is asked for. A broken connection is resumed at the next byte, at the next
   * URL; a server that ignores Range costs reading the start again. `onSource` hears where bytes come from: a host, or `medium` for a file.
   * Throws FETCH_REFUSED (4xx, bad redirect), READ_FAILED (a file; read once), FETCH_FAILED, ABORTED.
   */
  async *fetch(
    source: BlobSource,
    size: number,
    signal?: AbortSignal,
    onSource: (name: string) => void = () => {},
  ): AsyncGenerator<Buffer> {
    const { urls, patience = 300_000 } = source
    const caches = (source.caches ?? []).filter(({ url }) => !this.#isAway(url))
    let offset = 0
    let pause = FIRST_PAUSE
    let lastProgress = performance.now()
    for (let attempt = -caches.length; ; attempt++) {
      const cache = caches.at(attempt)
      const isCache = attempt < 0 && cache !== undefined
      const url = isCache ? cache.url : urls[attempt % urls.length]!
      let isTold = false
      try {
        // What is for the server, as its token is, is for nobody else.
        const from: BlobSource = isCache ? { urls: [url], idle: CACHE_IDLE, ...(cache.ca && { ca: cache.ca }) } : source
        for await (const chunk of this.#open(url, from, offset, signal)) {
          if (!isTold) onSource(sourceName(url))
          isTold = true
          offset += chunk.length
          pause = FIRST_PAUSE
          lastProgress = performance.now()
          yield chunk
          freeChunk(chunk)
        }
        if (offset >= size) return
        const code = url.startsWith('file:') ? 'READ_FAILED' : 'FETCH_FAILED'
        throw new StreamError(code, `fetching ${redact(url)}: ended after ${offset} of ${size} bytes`)
      } catch (error) {
        if (signal?.aborted === true)
          throw new StreamError('ABORTED', `fetching ${redact(url)}: cancelled`, { cause: error })
        const final = error instanceof StreamError && (error.code === 'FETCH_REFUSED' || error.code === 'READ_FAILED')
        // The next mirror may still have it.
        if (final && attempt + 1 >= urls.length) throw error
        if (isCache) {
          if (!final) this.#failed.set(new URL(url).origin, performance.now())
          continue
        }
        if (performance.now() - lastProgress > patience) {
          throw new StreamError('FETCH_FAILED', `fetching ${redact(url)}: ${(error as Error).message}; gave up`, {
            cause: error,
          })
        }
        await sleep(pause, undefined, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
          throw new StreamError('ABORTED', `fetching ${redact(url)}: cancelled`, { cause })
        })
        pause = Math.min(pause * 2, LONGEST_PAUSE)
      }
    }
  }

  /** What the server has instead, no longer than `size`; undefined where it says of none, or says nothing: then there is the blob itself. */
  async offer(source: BlobSource, size: number, signal?: AbortSignal): Promise<BlobOffer | undefined> {
    const { offers, ...rest } = source
    const [url] = source.urls
    if (offers === undefined || url === undefined) return undefined
    try {
      const headers = { ...rest.headers, accept: offers }
      const answer = await this.#ask('HEAD', new URL(url), source, headers, signal)
      answer.resume()
      const { 'content-type': type, 'content-length': length, etag } = answer.headers
      if (answer.statusCode !== 200 || type !== offers || etag === undefined) return undefined
      const offered = Number(length)
      if (!Number.isSafeInteger(offered) || offered < 1 || offered > size) return undefined
      return { size: offered, source: { ...rest, urls: [url], headers, etag } }
    } catch (error) {
      if (signal?.aborted === true)
        throw new StreamError('ABORTED', `asking ${redact(url)}: cancelled`, { cause: error })
      return undefined
    }
  }

  /** Closes idle connections. */
  close(): void {
    for (const { http, https } of this.#agents.values()) {
      http.destroy()
      https.destroy()
    }
    this.#agents.clear()
  }

  #isAway(url: string): boolean {
    return performance.now() - (this.#failed.get(new URL(url).origin) ?? -Infinity) < CACHE_AWAY
  }

  async *#open(url: string, source: BlobSource, offset: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
    if (url.startsWith('file:')) {
      return yield* readFrom(fileURLToPath(url), offset)
    }
    const response = await this.#request(url, source, offset, signal)
    if (source.etag !== undefined && response.headers.etag !== source.etag) {
      response.destroy()
      throw new StreamError('FETCH_REFUSED', `fetching ${redact(url)}: the server has something else there now`)
    }
    let skip = offset
    if (response.statusCode === 206) {
      const start = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1]
      if (Number(start) !== offset) {
        response.destroy()
        throw new StreamError(
          'FETCH_FAILED',
          `fetching ${redact(url)}: asked for bytes from ${offset}, got from ${start}`,
        )
      }
      skip = 0
    }
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (skip === 0) yield chunk
      else if (chunk.length <= skip) skip -= chunk.length
      else {
        const rest = chunk.subarray(skip)
        skip = 0
        yield rest
      }
    }
    if (!response.complete) throw new StreamError('FETCH_FAILED', `fetching ${redact(url)}: the connection broke`)
  }

  /** Follows redirects and sorts status codes into usable, refused and try again. */
  async #request(url: string, source: BlobSource, offset: number, signal?: AbortSignal): Promise<IncomingMessage> {
    const origin = new URL(url).origin
    let location = new URL(url)
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const headers: Record<string, string> = location.origin === origin ? { ...source.headers } : {}
      if (offset > 0) headers['range'] = `bytes=${offset}-`
      if (offset > 0 && source.etag !== undefined) headers['if-range'] = source.etag
      const response = await this.#ask('GET', location, source, headers, signal)
      const status = response.statusCode ?? 0
      if (status === 200 || status === 206) return response
      response.destroy()
      if (status >= 300 && status < 400 && response.headers.location !== undefined) {
        location = new URL(response.headers.location, location)
        if (location.protocol !== 'https:' && location.protocol !== new URL(url).protocol) {
          throw new StreamError(
            'FETCH_REFUSED',
            `fetching ${redact(url)}: redirected from HTTPS to ${location.protocol}`,
          )
        }
        continue
      }
      const retryable = status === 408 || status === 429 || status >= 500
      throw new StreamError(
        retryable ? 'FETCH_FAILED' : 'FETCH_REFUSED',
        `fetching ${redact(location.href)}: the server answered ${status}`,
      )
    }
    throw new StreamError('FETCH_REFUSED', `fetching ${redact(url)}: more than ${MAX_REDIRECTS} redirects`)
  }

  #ask(
    method: 'GET' | 'HEAD',
    url: URL,
    source: BlobSource,
    headers: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const { idle = 30_000, ca } = source
    const agents = this.#agentsFor(ca)
    const options = { method, headers, timeout: idle, ...(signal === undefined ? {} : { signal }) }
    return new Promise((resolve, reject) => {
      const request =
        url.protocol === 'https:'
          ? httpsRequest(url, { ...options, agent: agents.https }, resolve)
          : httpRequest(url, { ...options, agent: agents.http }, resolve)
      request.on('error', reject)
      request.on('timeout', () => request.destroy(new Error(`no byte for ${idle / 1000} s`)))
      request.end()
    })
  }

  #agentsFor(ca: string | undefined): { http: HttpAgent; https: HttpsAgent } {
    let agents = this.#agents.get(ca ?? '')
    if (agents === undefined) {
      agents = {
        http: new HttpAgent({ keepAlive: true }),
        https: new HttpsAgent({ keepAlive: true, ...(ca && { ca }) }),
      }
      this.#agents.set(ca ?? '', agents)
    }
    return agents
  }
}

async function* readFrom(path: string, start: number): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { start, highWaterMark: 256 * 1024 })
  } catch (cause) {
    throw new StreamError('READ_FAILED', `reading ${path}: ${(cause as Error).message}`, { cause })
  }
}

function sourceName(url: string): string {
  return url.startsWith('file:') ? 'medium' : new URL(url).host
}

/** A URL fit for messages: no credentials, no query (registries redirect to signed URLs). */
function redact(url: string): string {
  const { origin, pathname, protocol } = new URL(url)
  return protocol === 'file:' ? pathname : origin + pathname
}
