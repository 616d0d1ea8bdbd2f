// Repositories of other registries, fetched when somebody asks: what is here already is served from here, and what many ask for is fetched once.
import type { ImageRecords } from '../core/images.ts'
import { Arrival } from './arrival.ts'
import type { BlobStore } from './blob-store.ts'
import { OciError } from './errors.ts'
import { MAX_MANIFEST_BYTES } from './manifest.ts'
import { readManifest } from './manifest-facts.ts'
import { OCI_CONFIG } from './media-types.ts'
import { isDigest, isTag } from './reference.ts'
import { keepSignatures } from './signature-keeping.ts'
import { storedSignatures, upstreamSignatures } from './signature-places.ts'
import { isDigestTag, readSignatures } from './signatures.ts'
import type { UpstreamSource } from './upstream-source.ts'
import type { UpstreamRepository, Upstreams } from './upstreams.ts'

export interface PullThroughOptions {
  upstreams: Upstreams
  blobs: BlobStore
  records: ImageRecords
  /** So long a tag counts as what it was found to be. */
  freshMs: number
  /** A tag stands for something else than before, or for something at all. */
  onMoved?: (move: { repository: string; tag: string; digest: string; registry: string }) => void
  /** A tag is served as it was last, because of this. */
  onStale?: (reference: string, error: OciError) => void
  now?: () => Date
}

export class PullThrough {
  readonly #options: Required<PullThroughOptions>
  readonly #sources = new Map<string, UpstreamSource>()
  readonly #lookups = new Map<string, Promise<void>>()
  readonly #arrivals = new Map<string, Arrival>()
  /** When tags that are here were looked up last. */
  readonly #looked = new Map<string, number>()
  readonly #stopping = new AbortController()

  constructor(options: PullThroughOptions) {
    this.#options = { onMoved: () => {}, onStale: () => {}, now: () => new Date(), ...options }
  }

  /** The registry whose repository this is; undefined for one that is only here. */
  registryBehind(repository: string): string | undefined {
    return this.#options.upstreams.behind(repository)?.upstream.registry
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#sources.values().map((source) => source.close()))
  }

  /**
   * Sees to it that the repository holds the manifest as its registry has it, or had it last when that is away. What the registry does not
   * know is not an error. Throws REGISTRY_UNREACHABLE...
   */
  async manifest(repository: string, reference: string): Promise<void> {
    const behind = this.#options.upstreams.behind(repository)
    if (!behind || (!isTag(reference) && !isDigest(reference))) return
    const key = `${repository}@${reference}`
    if (this.#isFresh(repository, reference, key)) return
    const running = this.#lookups.get(key)
    if (running) return running
    const lookup = this.#lookUp(behind, repository, reference, key).finally(() => this.#lookups.delete(key))
    this.#lookups.set(key, lookup)
    return lookup
  }

  /** Brings the signatures that a manifest has at its registry now. The manifest's file is here. Throws REGISTRY_UNREACHABLE... */
  async signatures(repository: string, digest: string): Promise<void> {
    const { upstreams, records, blobs, now } = this.#options
    const behind = upstreams.behind(repository)
    if (!behind) return
    const place = upstreamSignatures(this.#source(behind.upstream.registry), behind.repository, this.#stopping.signal)
    await keepSignatures(blobs, records, { repository, digest }, await readSignatures(place, digest), now())
  }

  /** Bytes of a blob that a manifest of the repository needs; undefined for any other one. Asks nobody. */
  async sizeOf(repository: string, digest: string): Promise<number | undefined> {
    const { upstreams, records, blobs } = this.#options
    if (!upstreams.behind(repository)) return undefined
    for (const parent of records.neededBy(repository, digest)) {
      if ((await blobs.size(parent)) === undefined) continue
      const facts = readManifest(await blobs.read(parent, MAX_MANIFEST_BYTES), undefined)
      const found = facts.blobs.find((blob) => blob.digest === digest)
      if (found) return found.size
    }
    return undefined
  }

  /**
   * The blob as it comes, once its first bytes are here; it is kept, whether or not those who asked for it stay. Throws BLOB_UNKNOWN,
   * REGISTRY_UNREACHABLE...
   */
  async blob(repository: string, digest: string, size: number): Promise<Arrival> {
    const arrival = this.#arrivals.get(`${repository}@${digest}`) ?? this.#fetch(repository, digest, size)
    await arrival.begun()
    return arrival
  }

  #isFresh(repository: string, reference: string, key: string): boolean {
    const { records, freshMs, now } = this.#options
    if (isDigest(reference)) return records.manifest(repository, reference) !== undefined
    const looked = this.#looked.get(key) ?? -Infinity
    return now().getTime() - looked < freshMs && records.tag(repository, reference) !== undefined
  }

  async #lookUp(behind: UpstreamRepository, repository: string, reference: string, key: string): Promise<void> {
    const { records, onStale, now } = this.#options
    try {
      await this.#take(behind, repository, reference)
    } catch (error) {
      if (!(error instanceof OciError)) throw error
      const isHere = isTag(reference) && records.tag(repository, reference) !== undefined
      if (!isHere && error.code === 'MANIFEST_UNKNOWN') return
      if (!isHere) throw error
      onStale(`${repository}:${reference}`, error)
    }
    // Also after a failure: not every client shall wait for it again.
    if (isTag(reference)) this.#looked.set(key, now().getTime())
  }

  async #take({ upstream, repository: name }: UpstreamRepository, repository: string, reference: string) {
    const { records, blobs, onMoved, now } = this.#options
    const { signal } = this.#stopping
    const source = this.#source(upstream.registry)
    const found = await source.any(name, (client, there) => client.manifest(there, reference, signal))
    const { digest, bytes } = found
    const facts = readManifest(bytes, found.mediaType)
    const { mediaType } = facts
    const addedAt = now().toISOString()
    const isImage = facts.subject === null && !isDigestTag(reference)
    if (records.manifest(repository, digest)) {
      if (isImage) await this.#takeLateSignatures(repository, [digest, ...facts.manifests])
    } else {
      await blobs.put(bytes)
      // Before whoever judges the image can see it.
      if (isImage) await this.signatures(repository, digest)
      await this.#takeConfig(repository, bytes)
      records.put([{ ...facts, repository, digest, addedAt, blobsLater: true }], [])
      blobs.settle([digest])
    }
    if (!isTag(reference) || records.tag(repository, reference)?.digest === digest) return
    records.put([], [{ repository, tag: reference, digest, mediaType, addedAt }])
    onMoved({ repository, tag: reference, digest, registry: upstream.registry })
  }

  /** Images are often signed after they were pushed: those that are here unsigned may have been meanwhile. */
  async #takeLateSignatures(repository: string, digests: readonly string[]): Promise<void> {
    const { blobs, records } = this.#options
    for (const digest of digests) {
      if (!records.manifest(repository, digest)) continue
      const { evidence } = await readSignatures(storedSignatures(blobs, records, repository), digest)
      if (evidence.length === 0) await this.signatures(repository, digest)
    }
  }

  /** Without it nobody could say what the image is: a manifest that is recorded is not looked at again. */
  async #takeConfig(repository: string, manifest: Buffer): Promise<void> {
    const { config } = JSON.parse(manifest.toString()) as {
      config?: { mediaType?: string; digest: string; size: number }
    }
    if (config?.mediaType !== OCI_CONFIG || config.size > MAX_MANIFEST_BYTES) return
    const arrival = await this.blob(repository, config.digest, config.size)
    await arrival.whole()
  }

  #fetch(repository: string, digest: string, size: number): Arrival {
    const { upstreams, blobs, records, now } = this.#options
    const { upstream, repository: name } = upstreams.behind(repository)!
    const { signal } = this.#stopping
    const key = `${repository}@${digest}`
    const arrival = new Arrival(size, blobs.file(digest))
    this.#arrivals.set(key, arrival)
    const expected = { what: `blob ${digest} of ${upstream.registry}/${name}`, digest, size }
    this.#source(upstream.registry)
      .any(name, (client, there) =>
        blobs.ingest(() => Promise.resolve(client.blob(there, digest, size, signal)), expected, { arrival }),
      )
      .then(() => {
        records.putBlob({ repository, digest, size, addedAt: now().toISOString() })
        arrival.end('stored')
      })
      .catch((error: unknown) => arrival.end(error as Error))
      .finally(() => this.#arrivals.delete(key))
    return arrival
  }

  #source(registry: string): UpstreamSource {
    const known = this.#sources.get(registry)
    if (known) return known
    const source = this.#options.upstreams.open(registry)
    this.#sources.set(registry, source)
    return source
  }
}
