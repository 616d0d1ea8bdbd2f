// One layer: blob in, commit out, in a single pass and without a copy of it anywhere.
//
//   blob -> size and digest -> decompress -> diff-id -> tar -> filter -> file objects + tree -> commit
import { createHash } from 'node:crypto'
import { StreamError } from '../stream/errors.ts'
import type { BlobFetcher, BlobSource } from '../stream/blob-source.ts'
import { decompress, layerCompression } from '../stream/decompress.ts'
import { Growth } from '../stream/growth.ts'
import { TarReader } from '../stream/tar.ts'
import type { TarEntry, TarSink } from '../stream/tar.ts'
import { VerifiedChunks } from '../stream/verify.ts'
import { writeLayerCommit } from './commit.ts'
import { ContentWriter } from './content-writer.ts'
import { OstreeError } from './errors.ts'
import { mapHardlinkTarget, mapPath, topLevel } from './filter.ts'
import type { FilterOptions } from './filter.ts'
import { LayerTree } from './layer-tree.ts'
import { S_IFDIR } from './objects.ts'
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
  source: BlobSource
  filter: FilterOptions
}

export interface LayerProgress {
  /** Compressed bytes read. */
  bytes: number
  /** Files and links seen. */
  files: number
}

export interface ImportedLayer extends LayerProgress {
  commit: Checksum
  /** Entries left out, by top-level folder. */
  dropped: Record<string, number>
}

/** How often progress is reported at most, in milliseconds. */
const REPORT_INTERVAL = 250

/**
 * Imports one layer. The commit is written only after size, digest and diff-id were found right; no ref is set. Wrong bytes are
 * reported as such (DIGEST_MISMATCH, SIZE_MISMATCH, DIFFID_MISMATCH) even if something else stumbled over them first.
 */
export async function importLayer(
  repo: Repo,
  job: LayerJob,
  fetcher: BlobFetcher,
  onProgress: (progress: LayerProgress) => void,
  signal?: AbortSignal,
): Promise<ImportedLayer> {
  const compression = layerCompression(job.mediaType)
  const blob = new VerifiedChunks(fetcher.fetch(job.source, job.size, signal), job)
  const content = new ContentWriter(repo)
  try {
    const layer = new LayerSink(content, job.filter)
    const tar = new TarReader(layer)
    const diffId = createHash('sha256')
    let reported = 0
    const growth = new Growth(`layer ${job.digest}`, job.size)
    try {
      for await (const chunk of decompress(blob, compression)) {
        growth.add(chunk.length)
        diffId.update(chunk)
        tar.push(chunk)
        if (performance.now() - reported < REPORT_INTERVAL) continue
        reported = performance.now()
        onProgress({ bytes: blob.bytes, files: layer.files })
      }
      await blob.drain()
      const got = `sha256:${diffId.digest('hex')}`
      if (got !== job.diffId) {
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
    const commit = writeLayerCommit(repo, layer.tree.write(repo))
    return { commit, bytes: blob.bytes, files: layer.files, dropped: Object.fromEntries(layer.dropped) }
  } finally {
    await blob.close()
    content.close()
  }
}

/** Errors that wrong bytes can cause: then the digest has the last word. */
function isAboutContent(error: unknown): boolean {
  if (error instanceof OstreeError) return error.code !== 'NO_SPACE' && error.code !== 'REPO_IO'
  return error instanceof StreamError && /^(TAR|COMPRESSION|DIFFID|LAYER)_/.test(error.code)
}

/** Puts tar entries where they belong: content to the object writer, names to the tree. */
class LayerSink implements TarSink {
  readonly tree = new LayerTree()
  readonly dropped = new Map<string, number>()
  files = 0
  readonly #content: ContentWriter
  readonly #filter: FilterOptions
  /** The regular file whose content is coming; null while the content is of a dropped entry or there is none. */
  #open: { path: string; entry: TarEntry } | null = null

  constructor(content: ContentWriter, filter: FilterOptions) {
    this.#content = content
    this.#filter = filter
  }

  entry(entry: TarEntry): void {
    const path = mapPath(entry.path, this.#filter)
    if (path === null) {
      const top = topLevel(entry.path)
      this.dropped.set(top, (this.dropped.get(top) ?? 0) + 1)
      return
    }
    const { uid, gid, mode, xattrs } = entry
    switch (entry.type) {
      case 'directory':
        this.tree.addDirectory(path, { uid, gid, mode: S_IFDIR | mode, xattrs })
        return
      case 'file':
        this.#open = { path, entry }
        this.#content.begin({ uid, gid, mode, xattrs }, entry.size)
        break
      case 'symlink':
        if (entry.target === '')
          throw new OstreeError('PATH_INVALID', `layer has a symlink without target: ${entry.path}`)
        this.tree.addFile(path, this.#content.symlink({ uid, gid, mode, xattrs }, entry.target), entry)
        break
      case 'hardlink':
        this.tree.addHardlink(path, mapHardlinkTarget(entry.target, this.#filter), entry)
        break
      case 'device':
        throw new OstreeError('FILE_TYPE_UNSUPPORTED', `layer has a device or fifo: ${JSON.stringify(entry.path)}`)
    }
    this.files++
  }

  data(chunk: Buffer): void {
    if (this.#open !== null) this.#content.data(chunk)
  }

  entryEnd(): void {
    if (this.#open === null) return
    const { path, entry } = this.#open
    this.#open = null
    this.tree.addFile(path, this.#content.finish(), entry)
  }
}
