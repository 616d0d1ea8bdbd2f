// One layer: blob in, commit out, in a single pass and without a copy of it anywhere.
//
//   blob -> size and digest -> decompress -> diff-id -> tar -> objects + tree -> commit
//
// Each layer is held against the image by one hash of all its bytes at least, and by no more than are needed:
//
//   as the image has it                       digest and diff-id
//   as the image has it, read by the server   digest: the server, whose task said so over the pinned channel, unpacked these very bytes
//   as zstd, made by the server of gzip       diff-id: only that says what the bytes must be
import { createHash } from 'node:crypto'
import { isGzipLayer } from '../../../server/oci/media-types.ts'
import { StreamError } from '../stream/errors.ts'
import type { BlobFetcher, BlobOffer, BlobSource } from '../stream/blob-source.ts'
import { decompress, layerCompression } from '../stream/decompress.ts'
import { Growth } from '../stream/growth.ts'
import { TarReader } from '../stream/tar.ts'
import type { TarSink } from '../stream/tar.ts'
import { VerifiedChunks } from '../stream/verify.ts'
import { ContentWriter } from './content-writer.ts'
import { OstreeError } from './errors.ts'
import type { FilterOptions } from './filter.ts'
import type { LayerRole } from './image-layers.ts'
import { LayerFiles } from './layer-files.ts'
import { LayerObjects } from './layer-objects.ts'
import type { Checksum } from './objects.ts'
import type { Repo } from './repo.ts'

/** All a worker must know of a layer. Plain data: it crosses a thread border. */
export interface LayerJob {
  /** Of the layer in the manifest: compressed bytes. */
  digest: string
  size: number
  mediaType: string
  /** Of the uncompressed bytes, from the image configuration. */
  diffId: string
  /** Somebody trusted unpacked what has this digest, and found that it has this diff-id. */
  isVouchedFor: boolean
  role: LayerRole
  source: BlobSource
  /** Of derived layers. */
  filter: FilterOptions
}

/** What a layer's entries are fed to, and what they add up to. */
interface LayerSink extends TarSink {
  readonly files: number
  readonly dropped: ReadonlyMap<string, number>
  commit(repo: Repo): Checksum
}

export interface LayerProgress {
  /** Compressed bytes read. */
  bytes: number
  /** Files and links seen. */
  files: number
  /** Where the bytes come from; null before the first. */
  source: string | null
}

export interface ImportedLayer extends LayerProgress {
  commit: Checksum
  /** Entries left out, by top-level folder. */
  dropped: Record<string, number>
  /** Bytes of zstd that came instead of the layer's own gzip; null where the layer itself came. */
  recodedBytes: number | null
}

/** How often progress is reported at most, in milliseconds. */
const REPORT_INTERVAL = 250

/**
 * Imports one layer. The commit is written only after size and what proves the bytes were found right; no ref is set. Wrong bytes are
 * reported as such (DIGEST_MISMATCH, SIZE_MISMATCH, DIFFID_MISMATCH) even if something else stumbled over them first. What a cache has wrong is
 * fetched again without it, and so is what a server had instead of the layer: only diff-ids say what that must be.
 */
export async function importLayer(
  repo: Repo,
  job: LayerJob,
  fetcher: BlobFetcher,
  onProgress: (progress: LayerProgress) => void,
  signal?: AbortSignal,
): Promise<ImportedLayer> {
  const offer = isGzipLayer(job.mediaType) ? await fetcher.offer(job.source, job.size, signal) : undefined
  try {
    if (offer) return await importOnce(repo, job, fetcher, onProgress, signal, offer)
  } catch (error) {
    if (!isAboutOffer(error)) throw error
  }
  try {
    return await importOnce(repo, job, fetcher, onProgress, signal)
  } catch (error) {
    const { caches = [], ...source } = job.source
    if (caches.length === 0 || !isAboutBytes(error)) throw error
    // Nothing refers to what the wrong bytes left in the repository: objects are named after their content.
    return importOnce(repo, { ...job, source }, fetcher, onProgress, signal)
  }
}

async function importOnce(
  repo: Repo,
  job: LayerJob,
  fetcher: BlobFetcher,
  onProgress: (progress: LayerProgress) => void,
  signal?: AbortSignal,
  offer?: BlobOffer,
): Promise<ImportedLayer> {
  const compression = offer ? 'zstd' : layerCompression(job.mediaType)
  const { source: place, size } = offer ?? job
  let source: string | null = null
  const chunks = fetcher.fetch(place, size, signal, (name) => (source = name))
  const blob = new VerifiedChunks(chunks, { size, digest: offer ? null : job.digest })
  const diffId = job.isVouchedFor && !offer ? null : createHash('sha256')
  // In bytes of the image, which people know beforehand.
  const bytesDone = (): number => (offer ? Math.round((blob.bytes * job.size) / offer.size) : blob.bytes)
  const content = new ContentWriter(repo)
  try {
    const layer: LayerSink =
      job.role === 'derived' ? new LayerFiles(content, job.filter) : new LayerObjects(repo, content, job.role)
    const tar = new TarReader(layer)
    let reported = 0
    const growth = new Growth(`layer ${job.digest}`, job.size)
    try {
      for await (const chunk of decompress(blob, compression)) {
        growth.add(chunk.length)
        diffId?.update(chunk)
        tar.push(chunk)
        if (performance.now() - reported < REPORT_INTERVAL) continue
        reported = performance.now()
        onProgress({ bytes: bytesDone(), files: layer.files, source })
      }
      await blob.drain()
      const got = diffId && `sha256:${diffId.digest('hex')}`
      if (got !== null && got !== job.diffId) {
        throw new StreamError(
          'DIFFID_MISMATCH',
          `verifying layer ${job.digest}: uncompressed got ${got}, want ${job.diffId}`,
        )
      }
      tar.end()
    } catch (error) {
      if (isAboutContent(error)) await blob.drain()
      throw error
    }
    content.flush()
    const commit = layer.commit(repo)
    return {
      commit,
      bytes: bytesDone(),
      files: layer.files,
      source,
      dropped: Object.fromEntries(layer.dropped),
      recodedBytes: offer ? blob.bytes : null,
    }
  } finally {
    await blob.close()
    content.close()
  }
}

function isAboutBytes(error: unknown): boolean {
  return error instanceof StreamError && (error.code === 'DIGEST_MISMATCH' || error.code === 'SIZE_MISMATCH')
}

/** Whatever else is wrong with an offer, the layer itself may be right. */
function isAboutOffer(error: unknown): boolean {
  return (
    isAboutBytes(error) || isAboutContent(error) || (error instanceof StreamError && error.code === 'FETCH_REFUSED')
  )
}

/** Errors that wrong bytes can cause: then the digest has the last word. */
function isAboutContent(error: unknown): boolean {
  if (error instanceof OstreeError) return error.code !== 'NO_SPACE' && error.code !== 'REPO_IO'
  return error instanceof StreamError && /^(TAR|COMPRESSION|DIFFID|LAYER)_/.test(error.code)
}
