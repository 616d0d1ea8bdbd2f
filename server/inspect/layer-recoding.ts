// Makes zstd of gzip layers that machines will be installed from, in the background: one after the other, when no layer has to be read, and only
// where there is room to spare.
import { mkdirSync, rmSync } from 'node:fs'
import { rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageRecords } from '../core/images.ts'
import type { LayerRecords } from '../core/layers.ts'
import type { BlobStore } from '../oci/blob-store.ts'
import { OciError } from '../oci/errors.ts'
import { MAX_MANIFEST_BYTES, parseManifest } from '../oci/manifest.ts'
import { isGzipLayer } from '../oci/media-types.ts'
import type { FileRecodeJob } from './layer-worker.ts'
import type { Recoded } from './layer-recoder.ts'

/** Of the file system: what is left to everything else. */
const LEFT_FREE = 0.1

export interface LayerRecodingOptions {
  layers: Pick<LayerRecords, 'layers'>
  records: Pick<ImageRecords, 'variant' | 'putVariant' | 'isKnown'>
  blobs: BlobStore
  /** A folder that is this one's alone, in the file system of the blobs. */
  folder: string
  /** Digests of the manifests that machines will be installed from, the most urgent first. */
  wanted: () => Promise<readonly string[]>
  /** Resolves when no layer waits to be read. */
  idle: () => Promise<void>
  thread: { recode(job: FileRecodeJob): Promise<Recoded>; end(): Promise<void> }
  onFailure?: (digest: string | undefined, error: unknown) => void
  now?: () => Date
}

interface Layer {
  digest: string
  size: number
}

export class LayerRecoding {
  readonly #options: LayerRecodingOptions
  /** Nothing was gained, or it failed: not tried again before the next start. */
  readonly #done = new Set<string>()
  #isDue = false
  #running: Promise<void> | undefined
  #stopped = false
  #endWait: (() => void) | undefined

  constructor(options: LayerRecodingOptions) {
    this.#options = options
    rmSync(options.folder, { recursive: true, force: true })
    mkdirSync(options.folder, { recursive: true })
  }

  /** There may be something to do. */
  wake(): void {
    if (this.#stopped) return
    this.#isDue = true
    this.#running ??= this.#work()
      .catch((error: unknown) => this.#options.onFailure?.(undefined, error))
      .finally(() => {
        this.#running = undefined
        if (this.#isDue) this.wake()
      })
  }

  /** Resolves when nothing is left to do. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#isDue = false
    this.#endWait?.()
    await this.#options.thread.end()
    await this.#running
  }

  async #work(): Promise<void> {
    const { wanted, thread, onFailure } = this.#options
    while (this.#isDue) {
      this.#isDue = false
      for (const image of await wanted()) {
        for (const layer of await this.#gzipLayers(image)) {
          await this.#turn()
          if (this.#stopped) return
          await this.#recode(layer).catch((error: unknown) => {
            this.#done.add(layer.digest)
            if (!this.#stopped) onFailure?.(layer.digest, error)
          })
        }
      }
      await thread.end()
    }
  }

  /** Resolves when no layer waits to be read, or at the stop. Not a race with a promise for that: it would hold on to all that ever ran against it. */
  #turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return resolve()
      this.#endWait = resolve
      this.#options.idle().then(resolve, reject)
    })
  }

  /** None of an image that is not here, or not as it should be: others say so. */
  async #gzipLayers(image: string): Promise<Layer[]> {
    try {
      const parsed = parseManifest(await this.#options.blobs.read(image, MAX_MANIFEST_BYTES))
      return parsed.kind === 'manifest' ? parsed.manifest.layers.filter(({ mediaType }) => isGzipLayer(mediaType)) : []
    } catch (error) {
      if (error instanceof OciError) return []
      throw error
    }
  }

  async #recode({ digest, size }: Layer): Promise<void> {
    const { layers, blobs, folder, thread } = this.#options
    if (this.#done.has(digest) || (await this.#hasVariant(digest))) return
    const facts = layers.layers([digest]).get(digest)?.facts
    if (!facts || facts.diffId === null || facts.problem) return
    if ((await blobs.size(digest)) !== size || !(await this.#hasDisk(size))) return
    const room = blobs.quota.reserve({ evict: false })
    const target = join(folder, 'layer')
    try {
      // It never becomes larger than that.
      room.take(size)
      const job = { digest, size, diffId: facts.diffId, file: blobs.file(digest), target }
      // Nobody would end it.
      if (this.#stopped) return
      const made = await thread.recode(job)
      if (made === null) this.#done.add(digest)
      else await this.#keep(digest, made, target)
    } catch (error) {
      if (!(error instanceof OciError && error.code === 'QUOTA_EXCEEDED')) throw error
    } finally {
      room.release()
      await rm(target, { force: true })
    }
  }

  /** Files first: a kill in between leaves one that garbage collection finds. */
  async #keep(layer: string, made: NonNullable<Recoded>, file: string): Promise<void> {
    const { blobs, records, now = () => new Date() } = this.#options
    await blobs.adopt(file, made.digest)
    // Unless the layer went meanwhile.
    if (!records.putVariant({ ...made, layer, madeAt: now().toISOString() }) && !records.isKnown(made.digest)) {
      blobs.remove(made.digest)
    }
    // Nobody counts on it: it may go whenever the records say so.
    blobs.settle([made.digest])
  }

  async #hasVariant(layer: string): Promise<boolean> {
    const variant = this.#options.records.variant(layer)
    return variant !== undefined && (await this.#options.blobs.size(variant.digest)) !== undefined
  }

  async #hasDisk(bytes: number): Promise<boolean> {
    const { bavail, blocks, bsize } = await statfs(this.#options.folder)
    return bavail * bsize - bytes >= blocks * bsize * LEFT_FREE
  }
}
