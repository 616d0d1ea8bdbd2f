// Reading from a registry: distribution specification 1.1, "pull". Anonymous, by password, or by the bearer token the registry hands out.
import type { Dispatcher } from 'undici'
import { undici } from '../host/undici.ts'
import { OciError } from './errors.ts'
import { MAX_MANIFEST_BYTES, parseManifest } from './manifest.ts'
import { ACCEPTED_MANIFESTS, OCI_INDEX } from './media-types.ts'
import { digestOf, readAll } from './verify.ts'

/** Error bodies and token answers are read up to here. */
const SMALL_BODY = 64 * 1024
const BLOB_TRIES = 6
const REDIRECTS = 5

export interface RegistryOptions {
  /** Speak plain HTTP. Loopback registries are tried that way without being told. */
  insecure?: boolean
  /** Certificates (PEM) trusted besides the system's. */
  ca?: string
  userAgent?: string
  credentials?: Credentials
  /** URL of an HTTP proxy that connections go through. */
  proxy?: string
  /** How often a blob is asked for in a row before it counts as out of reach. */
  blobTries?: number
}

/** For the registry or the token service it names, and nobody else. */
export interface Credentials {
  username: string
  password: string
}

export interface FetchedManifest {
  bytes: Buffer
  digest: string
  mediaType: string
}

/** A client of one registry. `close()` ends its connections. */
export class RegistryClient {
  readonly #base: string
  readonly #registry: string
  readonly #agent: Dispatcher
  readonly #userAgent: string
  readonly #credentials: Credentials | undefined
  readonly #blobTries: number
  /** Values of the header Authorization by scope. */
  readonly #authorizations = new Map<string, string>()

  constructor(registry: string, options: RegistryOptions = {}) {
    this.#registry = registry
    this.#base = `${options.insecure ? 'http' : 'https'}://${registry}`
    const { Agent, ProxyAgent } = undici()
    this.#userAgent = options.userAgent ?? 'landfall'
    this.#credentials = options.credentials
    this.#blobTries = options.blobTries ?? BLOB_TRIES
    const tls = options.ca ? { ca: options.ca } : {}
    const timeouts = { headersTimeout: 30_000, bodyTimeout: 60_000 }
    this.#agent = options.proxy
      ? new ProxyAgent({ uri: options.proxy, requestTls: tls, proxyTls: tls, ...timeouts })
      : new Agent({ connect: tls, ...timeouts })
  }

  async close(): Promise<void> {
    await this.#agent.close()
  }

  /** A manifest or index by tag or digest; a digest is verified. Throws MANIFEST_UNKNOWN, REGISTRY_UNREACHABLE, UNAUTHORIZED... */
  async manifest(repository: string, tagOrDigest: string, signal?: AbortSignal): Promise<FetchedManifest> {
    const what = `manifest ${tagOrDigest} of ${this.#registry}/${repository}`
    const response = await this.#get(repository, `/v2/${repository}/manifests/${tagOrDigest}`, what, {
      headers: { accept: ACCEPTED_MANIFESTS },
      ...(signal && { signal }),
    })
    if (response.statusCode === 404) {
      await response.body.dump()
      throw new OciError('MANIFEST_UNKNOWN', `${what}: not there`, { hint: 'check repository and tag' })
    }
    await this.#expect(response, [200], what)
    const bytes = await readAll(response.body, MAX_MANIFEST_BYTES, what)
    const digest = digestOf(bytes)
    if (tagOrDigest.startsWith('sha256:') && digest !== tagOrDigest) {
      throw new OciError('DIGEST_MISMATCH', `${what}: got ${digest}`)
    }
    return { bytes, digest, mediaType: header(response, 'content-type')?.split(';')[0]?.trim() ?? '' }
  }

  /** Digests of the manifests that refer to this one, of the first page; none where the registry has no such list. */
  async referrers(repository: string, digest: string, signal?: AbortSignal): Promise<string[]> {
    const what = `referrers of ${digest} of ${this.#registry}/${repository}`
    const response = await this.#get(repository, `/v2/${repository}/referrers/${digest}`, what, {
      headers: { accept: OCI_INDEX },
      ...(signal && { signal }),
    })
    if (response.statusCode === 404) {
      await response.body.dump()
      return []
    }
    await this.#expect(response, [200], what)
    const bytes = await readAll(response.body, MAX_MANIFEST_BYTES, what)
    const parsed = parseManifest(bytes, OCI_INDEX)
    return parsed.kind === 'index' ? parsed.index.manifests.map(({ digest }) => digest) : []
  }

  /**
   * A blob as a stream of chunks. A connection that breaks is resumed by range; the caller verifies digest and size. Throws BLOB_UNKNOWN,
   * or REGISTRY_UNREACHABLE when several tries in a row brought nothing.
   */
  async *blob(repository: string, digest: string, size: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const what = `blob ${digest} of ${this.#registry}/${repository}`
    let offset = 0
    for (let failures = 0; ;) {
      try {
        const response = await this.#get(repository, `/v2/${repository}/blobs/${digest}`, what, {
          headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
          ...(signal && { signal }),
        })
        if (response.statusCode === 404) {
          await response.body.dump()
          throw new OciError('BLOB_UNKNOWN', `${what}: not there`)
        }
        await this.#expect(response, [200, 206], what)
        let skip = response.statusCode === 200 ? offset : 0 // a server without ranges starts over
        for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
          const fresh = chunk.subarray(Math.min(skip, chunk.length))
          skip -= chunk.length - fresh.length
          if (fresh.length === 0) continue
          offset += fresh.length
          failures = 0
          yield fresh
        }
        if (offset >= size) return
        throw new OciError('REGISTRY_UNREACHABLE', `${what}: ended after ${offset} of ${size} bytes`, {
          temporary: true,
        })
      } catch (error) {
        const known = error instanceof OciError ? error : unreachable(what, error, signal)
        if (!known.temporary || ++failures >= this.#blobTries) throw known
        await pause(250 * 2 ** failures, signal)
      }
    }
  }

  async #get(
    repository: string,
    path: string,
    what: string,
    options: { headers: Record<string, string>; signal?: AbortSignal },
  ): Promise<Dispatcher.ResponseData> {
    const scope = `repository:${repository}:pull`
    const first = await this.#request(new URL(path, this.#base), options, what, this.#authorizations.get(scope))
    if (first.statusCode !== 401) return first
    await first.body.dump()
    const authorization = await this.#authorization(
      header(first, 'www-authenticate') ?? '',
      scope,
      what,
      options.signal,
    )
    this.#authorizations.set(scope, authorization)
    return this.#request(new URL(path, this.#base), options, what, authorization)
  }

  /** What the registry's challenge asks for. */
  async #authorization(challenge: string, scope: string, what: string, signal?: AbortSignal): Promise<string> {
    if (/^bearer /i.test(challenge)) return `Bearer ${await this.#token(challenge, scope, what, signal)}`
    if (/^basic /i.test(challenge) && this.#credentials) return basic(this.#credentials)
    throw new OciError('UNAUTHORIZED', `${what}: the registry wants credentials`, {
      hint: 'give username and passwordFile in images.upstreams of the configuration',
    })
  }

  async #request(
    url: URL,
    options: { headers: Record<string, string>; signal?: AbortSignal },
    what: string,
    authorization: string | undefined,
  ): Promise<Dispatcher.ResponseData> {
    let target = url
    for (let hop = 0; hop <= REDIRECTS; hop++) {
      // The credentials are for the registry, not for the storage it redirects to.
      const own = authorization && target.origin === url.origin ? { authorization } : {}
      let response: Dispatcher.ResponseData
      try {
        response = await undici().request(target, {
          dispatcher: this.#agent,
          headers: { 'user-agent': this.#userAgent, ...options.headers, ...own },
          ...(options.signal && { signal: options.signal }),
        })
      } catch (cause) {
        throw unreachable(what, cause, options.signal)
      }
      const location = header(response, 'location')
      if (![301, 302, 303, 307, 308].includes(response.statusCode) || !location) return response
      await response.body.dump()
      target = new URL(location, target)
      if (target.protocol === 'http:' && url.protocol === 'https:') {
        throw new OciError('REGISTRY_ERROR', `${what}: redirected from HTTPS to plain HTTP, refused`)
      }
    }
    throw new OciError('REGISTRY_ERROR', `${what}: more than ${REDIRECTS} redirects`)
  }

  /** The token dance: https://distribution.github.io/distribution/spec/auth/token/ */
  async #token(challenge: string, scope: string, what: string, signal?: AbortSignal): Promise<string> {
    const fields = new Map([...challenge.matchAll(/([a-z]+)="([^"]*)"/gi)].map((m) => [m[1]!.toLowerCase(), m[2]!]))
    const realm = fields.get('realm') ?? ''
    const url = URL.canParse(realm) ? new URL(realm) : undefined
    if (!url) throw new OciError('UNAUTHORIZED', `${what}: the registry names no token service`)
    if (this.#credentials && url.protocol === 'http:' && this.#base.startsWith('https:')) {
      throw new OciError('UNAUTHORIZED', `${what}: the token service ${url.host} speaks plain HTTP, no password for it`)
    }
    if (fields.has('service')) url.searchParams.set('service', fields.get('service')!)
    url.searchParams.set('scope', fields.get('scope') ?? scope)
    const authorization = this.#credentials && basic(this.#credentials)
    const response = await this.#request(url, { headers: {}, ...(signal && { signal }) }, what, authorization)
    if (response.statusCode !== 200) {
      await response.body.dump()
      throw new OciError('UNAUTHORIZED', `${what}: token service answered ${response.statusCode}`)
    }
    const answer = JSON.parse((await readAll(response.body, SMALL_BODY, what)).toString()) as Record<string, unknown>
    const token = answer['token'] ?? answer['access_token']
    if (typeof token !== 'string') throw new OciError('UNAUTHORIZED', `${what}: token service sent no token`)
    return token
  }

  async #expect(response: Dispatcher.ResponseData, statuses: number[], what: string): Promise<void> {
    if (statuses.includes(response.statusCode)) return
    const body = await readAll(response.body, SMALL_BODY, what).then(String, () => '')
    const code = response.statusCode === 401 || response.statusCode === 403 ? 'UNAUTHORIZED' : 'REGISTRY_ERROR'
    const temporary = response.statusCode >= 500 || response.statusCode === 429
    throw new OciError(code, `${what}: registry answered ${response.statusCode} ${body.slice(0, 300)}`.trim(), {
      temporary,
    })
  }
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function header(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = response.headers[name]
  return Array.isArray(value) ? value[0] : value
}

function unreachable(what: string, cause: unknown, signal: AbortSignal | undefined): OciError {
  if (signal?.aborted) return new OciError('ABORTED', `${what}: cancelled`, { cause })
  const text = cause instanceof Error ? cause.message || (cause as { code?: string }).code || cause.name : String(cause)
  return new OciError('REGISTRY_UNREACHABLE', `${what}: ${text}`, { cause, temporary: true })
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  const { setTimeout } = await import('node:timers/promises')
  await setTimeout(ms, undefined, signal ? { signal } : {}).catch(() => {
    throw new OciError('ABORTED', 'cancelled while waiting to try again')
  })
}
