// A whole image into a repository: layers in parallel, merge, merge commit, refs (specification chapter 2, plain images).
import { availableParallelism } from 'node:os'
import type { Descriptor, ImageConfig, Manifest } from '../../../server/oci/manifest.ts'
import type { BlobSource } from '../stream/blob-source.ts'
import { imageTimestamp, writeMergeCommit } from './commit.ts'
import { OstreeError } from './errors.ts'
import { FILTER_DEFAULTS } from './filter.ts'
import type { FilterOptions } from './filter.ts'
import type { LayerJob } from './import-layer.ts'
import { importLayers } from './layer-pool.ts'
import { mergeLayers } from './merge.ts'
import type { Checksum } from './objects.ts'
import { storedConfig, storedManifest } from './oci-json.ts'
import { imageRef, layerRef } from './ref-escape.ts'
import type { Repo } from './repo.ts'

/** Says that an image carries an OSTree commit of its own in its first layers. */
const CHUNKED_LABEL = 'ostree.final-diffid'

export interface ImportOptions {
  repo: Repo
  manifest: Manifest
  config: ImageConfig
  /** Digest of the manifest as served for this platform, not of the index above it. */
  manifestDigest: string
  /** Transport and name of the origin, e.g. `docker://registry.example/os/web:stable`. */
  targetImage: string
  /** Where a layer's blob is. */
  locate: (layer: Descriptor) => BlobSource
  /** Threads; by default the number of cores, at least 2, at most 3. Each takes about 40 MB of memory. */
  concurrency?: number
  filter?: FilterOptions
  onProgress?: (progress: ImageProgress) => void
  signal?: AbortSignal
  /** For images that don't say when they were made. */
  now?: () => Date
}

interface ImageProgress {
  /** Compressed bytes read and to read. Layers that are in the repository already don't count. */
  bytes: number
  totalBytes: number
  files: number
  layers: number
  totalLayers: number
}

export interface ImportResult extends ImageProgress {
  mergeCommit: Checksum
  /** One per layer of the manifest, lowest first. */
  layerCommits: Checksum[]
  /** Entries left out, by top-level folder. */
  dropped: Record<string, number>
}

/**
 * Imports an image. Afterwards the image's ref points to the merge commit and each layer's ref to its commit; all of it is on the
 * disk, not just in the page cache. On failure no ref exists that was not there before, only objects nothing refers to. Throws
 * OstreeError, StreamError.
 */
export async function importImage(options: ImportOptions): Promise<ImportResult> {
  const { repo, manifest, config, onProgress, signal, filter = FILTER_DEFAULTS } = options
  refuseUnsupported(manifest, config)
  const stored = { manifest: storedManifest(manifest), config: storedConfig(config) }
  const image = imageRef(options.targetImage)

  const commits = new Map<string, Checksum>()
  const jobs = new Map<string, LayerJob>()
  manifest.layers.forEach((layer, index) => {
    const present = repo.resolveRef(layerRef(layer.digest))
    if (present !== null) commits.set(layer.digest, present)
    else
      jobs.set(layer.digest, {
        ...pick(layer),
        diffId: config.rootfs.diff_ids[index]!,
        source: options.locate(layer),
        filter,
      })
  })

  const progress = new ProgressSum([...jobs.values()], onProgress)
  const dropped: Record<string, number> = {}
  try {
    await importLayers(repo, [...jobs.values()], {
      concurrency: options.concurrency ?? Math.min(3, Math.max(2, availableParallelism())),
      signal,
      onProgress: (job, { bytes, files }) => progress.update(job, bytes, files, false),
      onDone: (job, layer) => {
        commits.set(job.digest, layer.commit)
        for (const [top, count] of Object.entries(layer.dropped)) dropped[top] = (dropped[top] ?? 0) + count
        progress.update(job, layer.bytes, layer.files, true)
      },
    })
  } finally {
    // Threads that were stopped could not tidy up after themselves.
    repo.removeTemporaries()
  }

  const layerCommits = manifest.layers.map(({ digest }) => commits.get(digest)!)
  const root = mergeLayers(
    repo,
    layerCommits.map((commit) => repo.readCommit(commit).root),
  )
  const timestamp = imageTimestamp(manifest, config, (options.now ?? (() => new Date()))())
  const mergeCommit = writeMergeCommit(repo, { root, manifestDigest: options.manifestDigest, timestamp, ...stored })
  // Objects first, names after: a ref must never point to what a power cut may have swallowed.
  await repo.sync()
  for (const [digest, commit] of commits) repo.setRef(layerRef(digest), commit)
  repo.setRef(image, mergeCommit)
  await repo.sync()
  return { mergeCommit, layerCommits, dropped, ...progress.sum() }
}

function refuseUnsupported(manifest: Manifest, config: ImageConfig): void {
  if (config.config?.Labels?.[CHUNKED_LABEL] !== undefined) {
    throw new OstreeError('CHUNKED_UNSUPPORTED', `the image embeds an OSTree commit (label ${CHUNKED_LABEL})`)
  }
  const { length } = manifest.layers
  if (length === 0) throw new OstreeError('IMAGE_INVALID', 'the image has no layers')
  if (length !== config.rootfs.diff_ids.length) {
    throw new OstreeError(
      'IMAGE_INVALID',
      `the image has ${length} layers but ${config.rootfs.diff_ids.length} diff-ids`,
    )
  }
}

function pick({ digest, size, mediaType }: Descriptor): Pick<LayerJob, 'digest' | 'size' | 'mediaType'> {
  return { digest, size, mediaType }
}

/** Adds up what the layers report. */
class ProgressSum {
  readonly #layers = new Map<LayerJob, { bytes: number; files: number; done: boolean }>()
  readonly #totalBytes: number
  readonly #report: ((progress: ImageProgress) => void) | undefined

  constructor(jobs: readonly LayerJob[], report: ((progress: ImageProgress) => void) | undefined) {
    for (const job of jobs) this.#layers.set(job, { bytes: 0, files: 0, done: false })
    this.#totalBytes = jobs.reduce((sum, { size }) => sum + size, 0)
    this.#report = report
  }

  update(job: LayerJob, bytes: number, files: number, done: boolean): void {
    this.#layers.set(job, { bytes, files, done })
    this.#report?.(this.sum())
  }

  sum(): ImageProgress {
    const layers = [...this.#layers.values()]
    return {
      bytes: layers.reduce((sum, { bytes }) => sum + bytes, 0),
      totalBytes: this.#totalBytes,
      files: layers.reduce((sum, { files }) => sum + files, 0),
      layers: layers.filter(({ done }) => done).length,
      totalLayers: layers.length,
    }
  }
}
