// A whole image into a repository: layers in parallel, merge, merge commit, refs (specification chapter 2).
import { availableParallelism } from 'node:os'
import type { LayersReport } from '../../../server/contract/install-layers.ts'
import type { Descriptor, ImageConfig, Manifest } from '../../../server/oci/manifest.ts'
import type { BlobSource } from '../stream/blob-source.ts'
import { imageTimestamp, writeMergeCommit } from './commit.ts'
import { FILTER_DEFAULTS } from './filter.ts'
import type { FilterOptions } from './filter.ts'
import { imageLayers } from './image-layers.ts'
import type { ImageLayer } from './image-layers.ts'
import type { LayerJob } from './import-layer.ts'
import { LayerLedger } from './layer-ledger.ts'
import type { ImageProgress } from './layer-ledger.ts'
import { importLayers } from './layer-pool.ts'
import { LayerMarks } from './layer-marks.ts'
import { mergeLayers, requireTree } from './merge.ts'
import type { Checksum } from './objects.ts'
import { storedConfig, storedManifest } from './oci-json.ts'
import { showsWholeRoot } from './prepare-root.ts'
import { imageRef, layerRef } from './ref-escape.ts'
import type { Repo } from './repo.ts'
import { isComplete, salvage } from './salvage.ts'
import { Writeback } from './writeback.ts'

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
  /** Digests of layers that somebody trusted unpacked, and found to be what `config` says. */
  vouchedFor?: ReadonlySet<string>
  /** Threads; by default the number of cores, at least 2, at most 3. Each takes about 40 MB of memory. */
  concurrency?: number
  /** What differs from what the image itself says. */
  filter?: Partial<FilterOptions>
  /** `layers` takes what is new of single layers since it was called last. */
  onProgress?: (progress: ImageProgress, layers: () => LayersReport) => void
  signal?: AbortSignal
  /** For images that don't say when they were made. */
  now?: () => Date
}

export interface ImportResult extends ImageProgress {
  mergeCommit: Checksum
  imageRef: string
  /** One per layer of the manifest, lowest first. */
  layerCommits: Checksum[]
  /** Those of derived layers, by ref. */
  derived: ReadonlyMap<string, Checksum>
  /** The repository held objects before, which nothing may refer to now. */
  addedToOthers: boolean
  /** Entries left out, by top-level folder. */
  dropped: Record<string, number>
  /** Layers that came as zstd instead of their own gzip, as bytes of both. */
  recoded: { layers: number; bytes: number; insteadOf: number }
  /** Once everything is on the disk. Rejects with the failure of any flush, and must be heard before anybody relies on the image, or imports again. */
  flushed: Promise<void>
}

/**
 * Imports an image. Afterwards the image's ref points to the merge commit and each layer's ref to its commit; the objects are in the page
 * cache, and on the disk when `flushed` says so. On failure no ref exists that was not there before, only objects nothing refers to; the next
 * import into the same repository verifies these and fetches only layers that are not complete. Throws OstreeError, StreamError.
 */
export async function importImage(options: ImportOptions): Promise<ImportResult> {
  const { repo, manifest, config, onProgress } = options
  const layers = imageLayers(manifest, config)
  const stored = { manifest: storedManifest(manifest), config: storedConfig(config) }
  const image = imageRef(options.targetImage)

  const addedToOthers = !repo.isEmpty
  const marks = new LayerMarks(repo)
  const commits = await presentLayers(repo, layers, marks)
  marks.begin()
  const missing = layers.filter(({ descriptor }) => !commits.has(descriptor.digest))
  const ledger = new LayerLedger(layers, new Set(commits.keys()))
  const writeback = new Writeback(() => repo.sync())
  const report = (): void => {
    const progress = ledger.sum()
    writeback.reached(progress.bytes)
    onProgress?.(progress, () => ledger.take())
  }
  report()
  const dropped: Record<string, number> = {}
  const recoded = { layers: 0, bytes: 0, insteadOf: 0 }
  const fetchLayers = (wanted: ImageLayer[], filter: FilterOptions): Promise<void> =>
    importLayers(repo, jobs(wanted, filter, options), {
      concurrency: options.concurrency ?? Math.min(3, Math.max(2, availableParallelism())),
      signal: options.signal,
      onProgress: (job, progress) => {
        ledger.update(job.digest, 'streaming', progress)
        report()
      },
      onDone: (job, layer) => {
        commits.set(job.digest, layer.commit)
        marks.set(job.digest, layer.commit)
        for (const [top, count] of Object.entries(layer.dropped)) dropped[top] = (dropped[top] ?? 0) + count
        if (layer.recodedBytes !== null) {
          recoded.layers++
          recoded.bytes += layer.recodedBytes
          recoded.insteadOf += job.size
        }
        ledger.update(job.digest, 'done', layer)
        report()
      },
    })

  let base: Checksum | null = null
  try {
    // The embedded commit first: what derived layers may bring depends on it.
    await fetchLayers(
      missing.filter(({ role }) => role !== 'derived'),
      FILTER_DEFAULTS,
    )
    if (layers[0]!.role === 'commit') base = commits.get(layers[0]!.descriptor.digest)!
    const filter = { ...FILTER_DEFAULTS, allowNonUsr: base === null || showsWholeRoot(repo, base), ...options.filter }
    await fetchLayers(
      missing.filter(({ role }) => role === 'derived'),
      filter,
    )
  } finally {
    // Threads that were stopped could not tidy up after themselves.
    repo.removeTemporaries()
  }

  const layerCommits = layers.map(({ descriptor }) => commits.get(descriptor.digest)!)
  const derived = layers.filter(({ role }) => role === 'derived').map(({ descriptor: { digest } }) => digest)
  const root = mergeLayers(
    repo,
    derived.map((digest) => repo.readCommit(commits.get(digest)!).root),
    base === null ? null : repo.readCommit(base).root,
  )
  // What this import unpacked itself is there.
  if (base !== null || missing.length < layers.length) requireTree(repo, root)
  const timestamp = imageTimestamp(manifest, config, (options.now ?? (() => new Date()))())
  const { manifestDigest } = options
  const mergeCommit = writeMergeCommit(repo, { root, parent: base, manifestDigest, timestamp, ...stored })
  for (const [digest, commit] of commits) repo.setRef(layerRef(digest), commit)
  repo.setRef(image, mergeCommit)
  // Until the flush is done the marks stay, so that the next import believes no ref: a power cut may have swallowed what it points to.
  const flushed = writeback.finish().then(() => marks.end())
  // Who waits for it hears a failure, however late that is.
  flushed.catch(() => {})
  return {
    mergeCommit,
    imageRef: image,
    layerCommits,
    derived: new Map(derived.map((digest) => [layerRef(digest), commits.get(digest)!])),
    addedToOthers,
    dropped,
    recoded,
    flushed,
    ...ledger.sum(),
  }
}

/** Layers that need not be fetched: those with a ref, and those that an import which did not end had done, as far as that is still right. */
async function presentLayers(
  repo: Repo,
  layers: readonly ImageLayer[],
  marks: LayerMarks,
): Promise<Map<string, Checksum>> {
  const unfinished = marks.exist
  if (unfinished) {
    repo.removeTemporaries()
    await salvage(repo)
  }
  const present = new Map<string, Checksum>()
  for (const { descriptor } of layers) {
    const commit = repo.resolveRef(layerRef(descriptor.digest)) ?? marks.get(descriptor.digest)
    if (commit !== null && (!unfinished || isComplete(repo, commit))) present.set(descriptor.digest, commit)
  }
  return present
}

/** One job for each blob, though an image may name it twice. */
function jobs(
  layers: readonly ImageLayer[],
  filter: FilterOptions,
  { locate, vouchedFor }: Pick<ImportOptions, 'locate' | 'vouchedFor'>,
): LayerJob[] {
  const distinct = new Map(layers.map((layer) => [layer.descriptor.digest, layer]))
  return [...distinct.values()].map(({ descriptor, diffId, role }) => {
    const { digest, size, mediaType } = descriptor
    const isVouchedFor = vouchedFor?.has(digest) ?? false
    return { digest, size, mediaType, diffId, isVouchedFor, role, source: locate(descriptor), filter }
  })
}
