// Content-addressed files: `<root>/blobs/sha256/<2 hex>/<64 hex>`. A file under its final name is complete, verified and durable.
import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { OciError } from './errors.ts'
import { isDigest } from './reference.ts'
import { digestOf, verified } from './verify.ts'
import type { ByteSource, Expectation } from './verify.ts'

export class BlobStore {
  readonly #blobs: string
  readonly #incoming: string
  /** Ingests under way, so that two callers of one digest share one transfer. */
  readonly #active = new Map<string, Promise<number>>()

  private constructor(root: string) {
    this.#blobs = join(root, 'blobs', 'sha256')
    this.#incoming = join(root, 'incoming')
  }

  /** Opens the store, making its folders and dropping what a killed process left half-written. */
  static async open(root: string): Promise<BlobStore> {
    const store = new BlobStore(root)
    await rm(store.#incoming, { recursive: true, force: true })
    await mkdir(store.#incoming, { recursive: true })
    await mkdir(store.#blobs, { recursive: true })
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
  async put(bytes: Uint8Array): Promise<string> {
    const digest = digestOf(bytes)
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
    onBytes?: (count: number) => void,
  ): Promise<number> {
    const present = await this.size(expected.digest)
    if (present !== undefined) return present
    const running = this.#active.get(expected.digest)
    if (running) return running
    const work = this.#write(source, expected, onBytes).finally(() => this.#active.delete(expected.digest))
    this.#active.set(expected.digest, work)
    return work
  }

  /** Removes a blob; true if it was there. */
  async remove(digest: string): Promise<boolean> {
    if ((await this.size(digest)) === undefined) return false
    await rm(this.#path(digest), { force: true })
    return true
  }

  /** All digests in the store. */
  async *digests(): AsyncGenerator<string> {
    for (const prefix of await readdir(this.#blobs)) {
      for (const name of await readdir(join(this.#blobs, prefix))) yield `sha256:${name}`
    }
  }

  async #write(
    source: ByteSource | (() => Promise<ByteSource>),
    expected: Expectation,
    onBytes?: (count: number) => void,
  ): Promise<number> {
    const target = this.#path(expected.digest)
    const temporary = join(this.#incoming, randomUUID())
    let length = 0
    try {
      const input = typeof source === 'function' ? await source() : source
      const file = await open(temporary, 'wx', 0o644)
      try {
        for await (const chunk of verified(input, expected, onBytes)) {
          await writeFully(file, chunk, length)
          length += chunk.length
        }
        await file.sync()
      } finally {
        await file.close()
      }
      const folder = join(target, '..')
      await mkdir(folder, { recursive: true })
      await rename(temporary, target)
      await syncFolder(folder)
      return length
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      throw error instanceof OciError ? error : ioError(`storing ${expected.what}`, error)
    }
  }

  #path(digest: string): string {
    if (!isDigest(digest)) throw new OciError('BLOB_UNKNOWN', `${JSON.stringify(digest)} is not a digest`)
    const hex = digest.slice('sha256:'.length)
    return join(this.#blobs, hex.slice(0, 2), hex)
  }
}

async function writeFully(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    done += (await file.write(chunk, done, chunk.length - done, position + done)).bytesWritten
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function ioError(doing: string, cause: unknown): OciError {
  if (isCode(cause, 'ENOSPC') || isCode(cause, 'EDQUOT')) {
    return new OciError('NO_SPACE', `${doing}: no space left for images`, {
      cause,
      hint: 'free space below dataDir or remove images with `landfall image rm`',
    })
  }
  return new OciError('STORE_IO', `${doing}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
}

function isCode(error: unknown, code: string): boolean {
  return (error as { code?: unknown } | null)?.code === code
}
