// Fetches what machines will need from repositories of other registries before they ask for it: one image after the other, since the line is
// shared with machines that are being installed.
import { setTimeout as sleep } from 'node:timers/promises'
import { CodedError } from '../contract/coded-error.ts'
import type { Image, ImageArrival } from '../contract/image.ts'
import { Architecture } from '../contract/common.ts'
import { trustHint } from '../contract/trust.ts'
import type { TrustPolicy } from '../contract/trust.ts'
import { CoreError } from '../core/errors.ts'
import type { ImageArrivals, ImageCatalog, ImageRecords } from '../core/images.ts'
import type { TrustCheck, TrustGate } from '../core/trust.ts'
import type { Arrival } from './arrival.ts'
import type { BlobStore } from './blob-store.ts'
import { OciError } from './errors.ts'
import type { OnProgress } from './image-service.ts'
import { MAX_MANIFEST_BYTES, parseManifest } from './manifest.ts'
import type { Descriptor } from './manifest.ts'
import type { PullThrough } from './pull-through.ts'
import { parseLocalReference } from './reference.ts'

/** Layers that are fetched at the same time. */
const AT_ONCE = 3
/** What failed and nobody asked for since then is given up. */
const PATIENCE_MS = 150_000
const PROGRESS_INTERVAL_MS = 250
/** Policies by which a signature can change the verdict. */
const SIGNED: ReadonlySet<TrustPolicy['require']> = new Set(['key', 'gpg', 'identity'])

export interface PrefetchOptions {
  images: ImageCatalog
  blobs: BlobStore
  records: Pick<ImageRecords, 'blob'>
  through: PullThrough
  trust: TrustGate
  /** What machines and profiles name. */
  demand: () => readonly { reference: string; architecture: string }[]
  onError: (reference: string | undefined, error: unknown) => void
  now?: () => Date
}

interface PlatformImage {
  repository: string
  digest: string
}

/** An image that somebody wants, of which something is missing. */
interface Wanted extends PlatformImage {
  wantedAt: number
  /** It is to be tried. */
  isDue: boolean
  /** Why it failed last. */
  failure: Error | undefined
  /** Layers on their way. */
  arriving: Set<Arrival>
}

export class Prefetch implements ImageArrivals {
  readonly #options: Required<PrefetchOptions>
  /** By repository and digest, in the order in which they were asked for. */
  readonly #wanted = new Map<string, Wanted>()
  #current: Wanted | undefined
  #running: Promise<void> | undefined
  #keepingUp: Promise<void> | undefined
  #settling = Promise.withResolvers<void>()
  #stopped = false

  constructor(options: PrefetchOptions) {
    this.#options = { now: () => new Date(), ...options }
  }

  /** How much of an image is here; undefined when all of it is. */
  async of(image: PlatformImage): Promise<ImageArrival | undefined> {
    const layers = await this.#layers(image)
    const missing = await this.#missing(image, layers)
    if (missing.length === 0) return undefined
    const wanted = this.#wanted.get(keyOf(image))
    const totalBytes = sum(layers)
    const arrived = wanted?.arriving.values().reduce((all, { length }) => all + length, 0) ?? 0
    return {
      state: !wanted ? 'later' : wanted.failure ? 'failed' : wanted === this.#current ? 'fetching' : 'waiting',
      layers: layers.length - missing.length,
      totalLayers: layers.length,
      bytes: totalBytes - sum(missing) + arrived,
      totalBytes,
      problem: wanted?.failure ? problemOf(wanted.failure) : null,
    }
  }

  async want(image: PlatformImage): Promise<ImageArrival | undefined> {
    if ((await this.of(image)) === undefined) return undefined
    const { repository, digest } = image
    const now = this.#options.now().getTime()
    const known = this.#wanted.get(keyOf(image))
    if (known) known.wantedAt = now
    else {
      const wanted = {
        repository,
        digest,
        wantedAt: now,
        isDue: true,
        failure: undefined,
        arriving: new Set<Arrival>(),
      }
      this.#wanted.set(keyOf(image), wanted)
      this.#wake()
    }
    return this.of(image)
  }

  settled(): Promise<void> {
    return this.#settling.promise
  }

  /**
   * Brings in all of an image, for the architectures that it has and machines can have. Throws CoreError or OciError: IMAGE_NOT_FOUND, why its
   * signatures do not suffice, or why its registry does not give it.
   */
  async fetch(reference: string, onProgress: OnProgress, signal?: AbortSignal): Promise<Image> {
    const { images, through } = this.#options
    const { repository, tag = 'latest', digest } = parseLocalReference(reference)
    if (digest !== undefined || through.registryBehind(repository) === undefined) {
      const message = `${reference} is no tag of a repository that is fetched from another registry`
      const hint = 'images of other registries come by `landfall image pull`; prefixes are set in images.upstreams'
      throw new OciError('REFERENCE_INVALID', message, { hint })
    }
    for (const architecture of Architecture.options) {
      const found = await images.resolve(reference, architecture)
      if (!('code' in found)) await this.#fetched(found, onProgress, signal)
      else if (found.code !== 'ARCHITECTURE_MISMATCH') {
        throw new OciError(found.code === 'IMAGE_NOT_FOUND' ? 'MANIFEST_UNKNOWN' : 'MANIFEST_INVALID', found.message)
      }
    }
    return (await images.get(repository, tag))!
  }

  /** Once a minute: what machines and profiles name is wanted, and what failed is tried again. Never rejects. */
  keepUp(): Promise<void> {
    this.#keepingUp ??= this.#keepUp()
      .catch((error: unknown) => this.#options.onError(undefined, error))
      .finally(() => {
        this.#keepingUp = undefined
      })
    return this.#keepingUp
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([this.#running, this.#keepingUp])
  }

  async #fetched(image: PlatformImage, onProgress: OnProgress, signal: AbortSignal | undefined): Promise<void> {
    this.#retry(image)
    for (let arrival = await this.want(image); arrival; arrival = await this.want(image)) {
      const failure = this.#wanted.get(keyOf(image))?.failure
      if (failure) throw failure
      const { state, layers, totalLayers, bytes, totalBytes } = arrival
      onProgress({
        type: 'progress',
        blob: image.digest,
        bytes,
        totalBytes,
        message: state === 'waiting' ? 'waiting for other images' : `${layers} of ${totalLayers} layers`,
      })
      await sleep(PROGRESS_INTERVAL_MS, undefined, signal && { signal })
    }
  }

  /** A person asks: not only when the minute is over. */
  #retry(image: PlatformImage): void {
    const wanted = this.#wanted.get(keyOf(image))
    if (!wanted?.failure) return
    Object.assign(wanted, { isDue: true, failure: undefined })
    this.#wake()
  }

  async #keepUp(): Promise<void> {
    const { demand, images, through, onError, now } = this.#options
    for (const { reference, architecture } of demand()) {
      if (this.#stopped) return
      try {
        if (through.registryBehind(parseLocalReference(reference).repository) === undefined) continue
        // What is here is not looked up again: the line is not for that.
        const here = await images.resolve(reference, architecture, { lookUp: false })
        const image = 'code' in here ? await images.resolve(reference, architecture) : here
        if (!('code' in image)) await this.want(image)
      } catch (error) {
        onError(reference, error)
      }
    }
    const longAgo = now().getTime() - PATIENCE_MS
    for (const [key, wanted] of this.#wanted) {
      if (wanted.failure && wanted.wantedAt < longAgo) this.#wanted.delete(key)
      else wanted.isDue = true
    }
    this.#wake()
  }

  #wake(): void {
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined
    })
  }

  async #work(): Promise<void> {
    for (let next = this.#next(); next; next = this.#next()) {
      next.isDue = false
      this.#current = next
      try {
        await this.#bring(next)
        this.#wanted.delete(keyOf(next))
      } catch (error) {
        if (!(error instanceof CodedError)) this.#options.onError(keyOf(next), error)
        next.failure = error as Error
      } finally {
        this.#current = undefined
        next.arriving.clear()
        this.#tell()
      }
    }
  }

  #next(): Wanted | undefined {
    return this.#stopped ? undefined : this.#wanted.values().find(({ isDue }) => isDue)
  }

  /** What its repository's policy does not let in costs no layers. Throws CoreError, OciError. */
  async #bring(image: Wanted): Promise<void> {
    const { verdict } = await this.#judged(image)
    if (verdict.code !== null) {
      const hint = trustHint(verdict.code)
      throw new CoreError(verdict.code, `the image is not trusted: ${verdict.message}`, { hint })
    }
    image.failure = undefined
    const queue = (await this.#missing(image, await this.#layers(image))).values()
    const work = async () => {
      for (const layer of queue) await this.#bringLayer(image, layer)
    }
    const outcomes = await Promise.allSettled(Array.from({ length: AT_ONCE }, work))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** Where signatures are missing, by those that came since the image did. Throws OciError. */
  async #judged(image: PlatformImage): Promise<TrustCheck> {
    const { trust, through } = this.#options
    const check = await trust.check(image)
    const { code, policy } = check.verdict
    if (code === null || !SIGNED.has(policy.require)) return check
    await through.signatures(image.repository, image.digest)
    return trust.check(image)
  }

  async #bringLayer({ repository, arriving }: Wanted, { digest, size }: Descriptor): Promise<void> {
    if (this.#stopped) throw new OciError('ABORTED', 'the server stops')
    const arrival = await this.#options.through.blob(repository, digest, size)
    arriving.add(arrival)
    await arrival.whole()
    arriving.delete(arrival)
    this.#tell()
  }

  /** Each once; none of an image that is only here, or whose manifest is not. */
  async #layers({ repository, digest }: PlatformImage): Promise<Descriptor[]> {
    const { blobs, through } = this.#options
    if (through.registryBehind(repository) === undefined || (await blobs.size(digest)) === undefined) return []
    const parsed = parseManifest(await blobs.read(digest, MAX_MANIFEST_BYTES))
    if (parsed.kind !== 'manifest') return []
    return [...new Map(parsed.manifest.layers.map((layer) => [layer.digest, layer])).values()]
  }

  async #missing({ repository }: PlatformImage, layers: readonly Descriptor[]): Promise<Descriptor[]> {
    const { blobs, records } = this.#options
    const sizes = await Promise.all(layers.map(({ digest }) => blobs.size(digest)))
    return layers.filter(({ digest }, at) => sizes[at] === undefined || !records.blob(repository, digest))
  }

  #tell(): void {
    this.#settling.resolve()
    this.#settling = Promise.withResolvers()
  }
}

function problemOf(failure: Error): NonNullable<ImageArrival['problem']> {
  return { code: failure instanceof CodedError ? String(failure.code) : 'INTERNAL', message: failure.message }
}

function keyOf({ repository, digest }: PlatformImage): string {
  return `${repository}@${digest}`
}

function sum(blobs: readonly Descriptor[]): number {
  return blobs.reduce((all, { size }) => all + size, 0)
}
