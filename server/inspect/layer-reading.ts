// Reads every blob that comes into the store, in the background: what is known of a layer then serves each image that has it. After a restart it
// goes on with what is not known yet.
import { mkdirSync, rmSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { layerHint } from '../contract/layer-facts.ts'
import type { LayerFacts, LayerProblemCode } from '../contract/layer-facts.ts'
import type { ContentGate, ContentVerdict, LayerRecords } from '../core/layers.ts'
import type { BlobStore } from '../oci/blob-store.ts'
import { OciError } from '../oci/errors.ts'
import { MAX_MANIFEST_BYTES, parseConfig, parseManifest } from '../oci/manifest.ts'
import type { ImageConfig, Manifest } from '../oci/manifest.ts'
import type { FileJob } from './layer-worker.ts'

/** Blobs asked for at once; newer ones come first in the next round. */
const ROUND = 64

export interface LayerReadingOptions {
  records: LayerRecords
  blobs: BlobStore
  /** A folder that is this one's alone. */
  folder: string
  maxLayerBytes: number
  /** Reads one layer, one at a time. */
  thread: {
    read(job: FileJob, onBytes: (bytes: number) => void): Promise<LayerFacts>
    end(): Promise<void>
  }
  /** A layer that cannot be read, for reasons that are not its own; undefined: nor can it be found out which ones are to be read. */
  onFailure?: (digest: string | undefined, error: unknown) => void
}

/** How far reading the layers of an image has come; bytes are those of the store. */
interface ReadingProgress {
  layers: number
  totalLayers: number
  bytes: number
  totalBytes: number
}

/** An image with what is known of its layers: none for those that are not here, or not read yet. */
export interface ReadImage {
  digest: string
  manifest: Manifest
  config: ImageConfig
  /** By digest. */
  layers: ReadonlyMap<string, LayerFacts>
  /** Null when all that is here was read. */
  progress: ReadingProgress | null
}

export class LayerReading implements ContentGate {
  readonly #options: LayerReadingOptions
  /** Somebody waits for these. */
  readonly #wanted = new Set<string>()
  /** The rest of the round. */
  readonly #queue = new Set<string>()
  /** Recorded, but not here now. */
  readonly #absent = new Set<string>()
  /** Not tried again before the next start. */
  readonly #failed = new Set<string>()
  #isDue = false
  #current: { digest: string; bytes: number } | undefined
  #running: Promise<void> | undefined
  #settling = Promise.withResolvers<void>()
  #stopped = false

  constructor(options: LayerReadingOptions) {
    this.#options = options
  }

  /** Begins with what is in the store already. */
  start(): void {
    const { folder, records } = this.#options
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    records.forgetStale()
    this.wake()
  }

  /** There may be something to read. */
  wake(): void {
    this.#isDue = true
    this.#running ??= this.#work()
      // The next blob, or whoever waits for one, begins anew.
      .catch((error: unknown) => this.#options.onFailure?.(undefined, error))
      .finally(() => {
        this.#running = undefined
        if (this.#isDue && !this.#stopped) this.wake()
      })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#options.thread.end()
    await this.#running
  }

  /** Resolves when nothing waits to be read. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  settled(): Promise<void> {
    return this.#settling.promise
  }

  async check(image: { digest: string }): Promise<ContentVerdict> {
    const read = await this.image(image.digest).catch((error: unknown) => {
      if (error instanceof OciError) return undefined
      throw error
    })
    // Without manifest and configuration there is nothing to hand out either.
    if (!read) return { state: 'read', layers: [] }
    const problem = problemOf(read)
    if (problem) {
      return { state: 'refused', ...problem, hint: layerHint(problem.code) }
    }
    if (!read.progress) return { state: 'read', layers: [...read.layers.keys()] }
    const { layers, totalLayers } = read.progress
    return { state: 'reading', layers, totalLayers }
  }

  /** What is known of the image that this manifest makes; the rest of it is read next. Throws OciError. */
  async image(digest: string): Promise<ReadImage> {
    const { blobs, records } = this.#options
    const parsed = parseManifest(await blobs.read(digest, MAX_MANIFEST_BYTES))
    if (parsed.kind !== 'manifest') {
      throw new OciError('MANIFEST_INVALID', `${digest} is an index, want the manifest of one architecture`)
    }
    const { manifest } = parsed
    const config = parseConfig(await blobs.read(manifest.config.digest, MAX_MANIFEST_BYTES))
    const distinct = new Map(manifest.layers.map((layer) => [layer.digest, layer.size]))
    const files = new Map<string, { time: number } | undefined>()
    for (const layer of distinct.keys()) files.set(layer, await this.#file(layer))
    // Nothing else runs between this question and what follows from it: no layer is read twice.
    const known = records.layers([...distinct.keys()])
    const layers = new Map<string, LayerFacts>()
    const progress: ReadingProgress = { layers: 0, totalLayers: 0, bytes: 0, totalBytes: 0 }
    for (const [layer, size] of distinct) {
      const file = files.get(layer)
      if (file === undefined || this.#failed.has(layer)) continue
      progress.totalLayers++
      progress.totalBytes += size
      const record = known.get(layer)
      if (record?.fileTime === file.time) {
        layers.set(layer, record.facts)
        progress.layers++
        progress.bytes += size
      } else {
        this.#wanted.add(layer)
        if (this.#current?.digest === layer) progress.bytes += this.#current.bytes
      }
    }
    const isRead = progress.layers === progress.totalLayers
    if (!isRead) this.wake()
    return { digest, manifest, config, layers, progress: isRead ? null : progress }
  }

  async #work(): Promise<void> {
    while (this.#isDue) {
      this.#isDue = false
      this.#absent.clear()
      for (let digest = this.#next(); digest !== undefined; digest = this.#next()) await this.#read(digest)
      await this.#options.thread.end()
    }
  }

  /** What somebody waits for comes before the rest. */
  #next(): string | undefined {
    if (this.#stopped) return undefined
    if (this.#wanted.size === 0 && this.#queue.size === 0) {
      const left = this.#failed.union(this.#absent)
      const unread = this.#options.records.unreadBlobs(ROUND + left.size)
      for (const digest of unread) if (!left.has(digest)) this.#queue.add(digest)
    }
    return [...this.#wanted, ...this.#queue][0]
  }

  async #read(digest: string): Promise<void> {
    const { blobs, folder, maxLayerBytes, thread, records, onFailure } = this.#options
    try {
      const file = await this.#file(digest)
      if (file === undefined) return void this.#absent.add(digest)
      // A thread that begins now would be ended by nobody.
      if (this.#stopped) return
      const current = { digest, bytes: 0 }
      this.#current = current
      const where = { file: blobs.file(digest), spoolFile: join(folder, 'database') }
      const job = { digest, size: file.size, maxBytes: maxLayerBytes, ...where }
      const facts = await thread.read(job, (bytes) => (current.bytes = bytes))
      records.putLayer({ digest, fileTime: file.time, facts })
    } catch (error) {
      if (this.#stopped) return
      // Removed while it was being read: it is read when it comes again.
      if ((await this.#file(digest)) === undefined) return void this.#absent.add(digest)
      this.#failed.add(digest)
      onFailure?.(digest, error)
    } finally {
      this.#current = undefined
      this.#wanted.delete(digest)
      this.#queue.delete(digest)
      this.#settling.resolve()
      this.#settling = Promise.withResolvers()
    }
  }

  async #file(digest: string): Promise<{ size: number; time: number } | undefined> {
    try {
      const { size, mtimeMs } = await stat(this.#options.blobs.file(digest))
      return { size, time: mtimeMs }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
}

/** Why the image must not reach a disk, as far as its layers were read; the first reason counts. */
export function problemOf({
  manifest,
  config,
  layers,
}: Pick<ReadImage, 'manifest' | 'config' | 'layers'>): { code: LayerProblemCode; message: string } | undefined {
  const diffIds = config.rootfs.diff_ids
  for (const [at, { digest }] of manifest.layers.entries()) {
    const facts = layers.get(digest)
    if (!facts) continue
    const name = `layer ${at + 1} of ${manifest.layers.length}`
    if (facts.problem) return { code: facts.problem.code, message: `${name}: ${facts.problem.message}` }
    if (facts.diffId !== diffIds[at]) {
      const message = `${name}: unpacked ${digest} is ${facts.diffId}, the image's configuration says ${diffIds[at] ?? 'nothing'}`
      return { code: 'DIFFID_MISMATCH', message }
    }
  }
  return undefined
}
