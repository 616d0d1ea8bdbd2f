// The registries that images come from: those of the configuration, and any other one without further ado.
import { Lookaside } from './lookaside.ts'
import { RegistryClient } from './registry-client.ts'
import type { Credentials, RegistryOptions } from './registry-client.ts'
import { UpstreamSource } from './upstream-source.ts'
import type { UpstreamPlace } from './upstream-source.ts'

/** How to reach a registry. */
export interface Upstream {
  registry: string
  /** `host:port/path`, tried in this order before the registry. */
  mirrors: readonly string[]
  /** Our repositories below it are those of the registry. */
  prefix?: string
  credentials?: Credentials
  /** Certificates (PEM) that are trusted. */
  ca?: string
  proxy?: string
  /** URL below which its GPG signatures lie. */
  lookaside?: string
  insecure: boolean
}

/** A repository of ours that is one of a registry. */
export interface UpstreamRepository {
  upstream: Upstream
  /** Its name there. */
  repository: string
}

/** With a mirror at hand nobody waits long for another one. */
const BLOB_TRIES_WITH_MIRRORS = 2

export class Upstreams {
  readonly #upstreams: readonly Upstream[]
  readonly #common: Pick<RegistryOptions, 'userAgent' | 'ca'>

  /** `common` counts for registries that nothing else is said of. */
  constructor(upstreams: readonly Upstream[] = [], common: Pick<RegistryOptions, 'userAgent' | 'ca'> = {}) {
    this.#upstreams = upstreams
    this.#common = common
  }

  /** The registry and its mirrors, for the caller to close. `insecure` adds to what is configured for the registry itself. */
  open(registry: string, insecure = false): UpstreamSource {
    const { mirrors = [], lookaside } = this.#settingsOf(registry) ?? {}
    const blobTries = mirrors.length > 0 ? { blobTries: BLOB_TRIES_WITH_MIRRORS } : {}
    const places = [
      ...mirrors.map((mirror) => this.#place(mirror, blobTries)),
      this.#place(registry, { ...blobTries, ...(insecure && { insecure }) }),
    ]
    const line = this.#lineTo(registry)
    return new UpstreamSource(places, lookaside === undefined ? undefined : new Lookaside(lookaside, line))
  }

  /** Which registry's repository this one of ours stands for; undefined for one that is only here. */
  behind(repository: string): UpstreamRepository | undefined {
    const upstream = this.#upstreams
      .filter(({ prefix }) => prefix !== undefined && repository.startsWith(`${prefix}/`))
      .toSorted((a, b) => b.prefix!.length - a.prefix!.length)[0]
    return upstream && { upstream, repository: repository.slice(upstream.prefix!.length + 1) }
  }

  /** What is said of a mirror's host in a table of its own counts for the mirror. */
  #place(name: string, options: RegistryOptions): UpstreamPlace {
    const slash = name.indexOf('/')
    const host = slash < 0 ? name : name.slice(0, slash)
    const path = slash < 0 ? '' : `${name.slice(slash + 1)}/`
    const { credentials, insecure = false } = this.#settingsOf(host) ?? {}
    const client = new RegistryClient(host, {
      ...this.#lineTo(host),
      insecure,
      ...(credentials && { credentials }),
      ...options,
    })
    return { client, nameOf: (repository) => path + repository }
  }

  #lineTo(host: string): Pick<RegistryOptions, 'userAgent' | 'ca' | 'proxy'> {
    const { ca, proxy } = this.#settingsOf(host) ?? {}
    return { ...this.#common, ...(ca !== undefined && { ca }), ...(proxy !== undefined && { proxy }) }
  }

  #settingsOf(host: string): Upstream | undefined {
    return this.#upstreams.find(({ registry }) => registry === host)
  }
}
