// Content-addressed files: `<root>/blobs/sha256/<2 hex>/<64 hex>`. A file under its final name is complete, verified and durable.
import { createReadStream, unlinkSync } from 'node:fs'
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Arrival } from './arrival.ts'
import { makeFolder, syncFolder, writeFully } from '../host/durable-files.ts'
import { ioError, isCode } from './io-error.ts'
import { OciError } from './errors.ts'
import { UNLIMITED } from './quota.ts'
import type { StoreQuota } from './quota.ts'
import { isContentDigest } from './reference.ts'
import { digestOf, verified } from './verify.ts'
import type { ByteSource, DigestAlgorithm, Expectation } from './verify.ts'

/** Who wants to know how an ingest goes. */
export interface IngestWatch {
  onBytes?: (count: number) => void
  /** Lets others read what has come so far. */
  arrival?: Arrival
}

/** One file of the store. */
interface StoredFile {
  digest: string
  size: number
}

export class BlobStore {
  readonly root: string
  readonly quota: Pick<StoreQuota, 'reserve'>
  readonly #blobs: string
  readonly #incoming: string
  /** Ingests under way, so that two callers of one digest share one transfer. */
  readonly #active = new Map<string, Promise<number>>()
  /** When somebody last counted on a blob that nothing may refer to yet; garbage collection leaves it alone for a while. */
  readonly #touched = new Map<string, number>()

  private constructor(root: string, quota: Pick<StoreQuota, 'reserve'>) {
    this.root = root
    this.quota = quota
    this.#blobs = join(root, 'blobs')
    this.#incoming = join(root, 'incoming')
  }

  /** Opens the store, making its folders and dropping what a killed process left half-written. */
  static async open(root: string, quota: Pick<StoreQuota, 'reserve'> = UNLIMITED): Promise<BlobStore> {
    const store = new BlobStore(root, quota)
    await rm(store.#incoming, { recursive: true, force: true })
    await mkdir(store.#incoming, { recursive: true })
    await makeFolder(join(store.#blobs, 'sha256'))
    return store
  }

  /** Size in bytes, or undefined if there is no such blob. */
  async size(digest: string): Promise<number | undefined> {
    try {
      return (await stat(this.#path(digest))).size
    } catch (error) {
      if (isCode(error, 'ENOENT')) return undefined
      throw ioError(`looking up ${digest}`, error)
    }
  }

  /** Where a blob lies; whoever asks only reads it. */
  file(digest: string): string {
    return this.#path(digest)
  }

  /** Opens a blob to read from it, or undefined if there is none; the caller closes it. A removal meanwhile does not disturb. */
  async openFile(digest: string): Promise<FileHandle | undefined> {
    try {
      return await open(this.#path(digest), 'r')
    } catch (error) {
      if (isCode(error, 'ENOENT')) return undefined
      throw ioError(`opening ${digest}`, error)
    }
  }

  /** Bytes `start` to `end` (both inclusive) as a stream; the caller destroys it. The blob must exist. */
  stream(digest: string, range: { start?: number; end?: number } = {}): Readable {
    return createReadStream(this.#path(digest), { ...range, highWaterMark: 256 * 1024 })
  }

  /** A small blob whole. Throws BLOB_UNKNOWN, and SIZE_MISMATCH beyond `limit`. */
  async read(digest: string, limit: number): Promise<Buffer> {
    const size = await this.size(digest)
    if (size === undefined) throw new OciError('BLOB_UNKNOWN', `blob ${digest} is not in the store`)
    if (size > limit)
      throw new OciError('SIZE_MISMATCH', `blob ${digest}: ${size} bytes, at most ${limit} allowed here`)
    return readFile(this.#path(digest))
  }

  /** Stores bytes in memory and returns their digest. */
  async put(bytes: Uint8Array, algorithm?: DigestAlgorithm): Promise<string> {
    const digest = digestOf(bytes, algorithm)
    await this.ingest([bytes], { what: digest, digest, size: bytes.length })
    return digest
  }

  /**
   * Takes in one blob while verifying it; returns its size. A blob already there is not read from `source`. Nothing becomes visible unless the whole stream
   * has the expected digest and is on disk (fsync of file and folder).
   */
  async ingest(
    source: ByteSource | (() => Promise<ByteSource>),
    expected: Expectation,
    watch: IngestWatch = {},
  ): Promise<number> {
    this.touch(expected.digest)
    const present = await this.size(expected.digest)
    if (present !== undefined) return present
    const running = this.#active.get(expected.digest)
    if (running) return running
    const work = this.#write(source, expected, watch).finally(() => this.#active.delete(expected.digest))
    this.#active.set(expected.digest, work)
    return work
  }

  /** Makes a complete, verified and synced file of the same file system a blob. */
  async adopt(file: string, digest: string): Promise<void> {
    const target = this.#path(digest)
    this.touch(digest)
    try {
      await makeFolder(dirname(target))
      await rename(file, target)
      await syncFolder(dirname(target))
    } catch (error) {
      throw ioError(`storing ${digest}`, error)
    }
  }

  /** Says that somebody counts on this blob now. */
  touch(digest: string): void {
    this.#touched.set(digest, Date.now())
  }

  /** Says so of all that are here. */
  async touchAll(): Promise<void> {
    for await (const { digest } of this.files()) this.touch(digest)
  }

  /** Says that what somebody counted on is referred to now. */
  settle(digests: readonly string[]): void {
    for (const digest of digests) this.#touched.delete(digest)
  }

  /** Whether somebody counted on this blob since; forgets those longer ago. */
  touchedSince(digest: string, since: number): boolean {
    const at = this.#touched.get(digest)
    if (at !== undefined && at < since) this.#touched.delete(digest)
    return at !== undefined && at >= since
  }

  /** Removes a blob before anything else can happen; true if it was there. */
  remove(digest: string): boolean {
    try {
      unlinkSync(this.#path(digest))
      return true
    } catch (error) {
      if (isCode(error, 'ENOENT')) return false
      throw ioError(`removing ${digest}`, error)
    }
  }

  /** All files in the store. */
  async *files(): AsyncGenerator<StoredFile> {
    for (const algorithm of await readdir(this.#blobs)) {
      for (const prefix of await readdir(join(this.#blobs, algorithm))) {
        for (const name of await readdir(join(this.#blobs, algorithm, prefix))) {
          const info = await stat(join(this.#blobs, algorithm, prefix, name)).catch(() => undefined)
          if (info) yield { digest: `${algorithm}:${name}`, size: info.size }
        }
      }
    }
  }

  async #write(
    source: ByteSource | (() => Promise<ByteSource>),
    expected: Expectation,
    { onBytes, arrival }: IngestWatch,
  ): Promise<number> {
    const temporary = join(this.#incoming, randomUUID())
    const room = this.quota.reserve()
    let length = 0
    try {
      const input = typeof source === 'function' ? await source() : source
      const file = await open(temporary, 'wx', 0o644)
      arrival?.begin(temporary)
      try {
        for await (const chunk of verified(input, expected, onBytes)) {
          room.take(chunk.length)
          await writeFully(file, [chunk], length)
          length += chunk.length
          arrival?.grow(chunk)
        }
        await file.sync()
      } finally {
        await file.close()
      }
      await this.adopt(temporary, expected.digest)
      return length
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      throw error instanceof OciError ? error : ioError(`storing ${expected.what}`, error)
    } finally {
      room.release()
    }
  }

  #path(digest: string): string {
    if (!isContentDigest(digest)) throw new OciError('BLOB_UNKNOWN', `${JSON.stringify(digest)} is not a digest`)
    const [algorithm, hex] = digest.split(':') as [string, string]
    return join(this.#blobs, algorithm, hex.slice(0, 2), hex)
  }
}
