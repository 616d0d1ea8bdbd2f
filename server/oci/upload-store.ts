// Uploads under way: a file each, `<root>/uploads/<id>-<hash of the repository>`, that grows until it is a blob. They survive a restart.
import { createHash, randomUUID } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { BlobStore } from './blob-store.ts'
import { eachChunk } from './each-chunk.ts'
import { ioError } from './io-error.ts'
import { OciError } from './errors.ts'
import type { Reservation } from './quota.ts'
import { UploadFile } from './upload-file.ts'
import { algorithmOf } from './verify.ts'
import type { DigestAlgorithm } from './verify.ts'

/** Of a file that is read again. */
const READ_BYTES = 2 ** 19
const DAY_MS = 24 * 3600 * 1000

export interface Upload {
  readonly id: string
  readonly repository: string
  /** Bytes that arrived. */
  readonly offset: number
}

interface LiveUpload {
  id: string
  repository: string
  file: string
  offset: number
  /** Of the bytes so far; absent after a restart, when the file has to be read again at the end. */
  hash: Hash | undefined
  algorithm: DigestAlgorithm
  room: Reservation
  /** The request that writes now. */
  writer: { ended: Promise<unknown>; stop: () => Promise<unknown> } | undefined
}

export class UploadStore {
  readonly #blobs: BlobStore
  readonly #folder: string
  readonly #expiryMs: number
  readonly #live = new Map<string, LiveUpload>()

  private constructor(blobs: BlobStore, expiryMs: number) {
    this.#blobs = blobs
    this.#folder = join(blobs.root, 'uploads')
    this.#expiryMs = expiryMs
  }

  /** Uploads that nobody continued for `expiryMs` are dropped by {@link expire}. */
  static async open(blobs: BlobStore, expiryMs = DAY_MS): Promise<UploadStore> {
    const store = new UploadStore(blobs, expiryMs)
    await mkdir(store.#folder, { recursive: true })
    await store.expire()
    return store
  }

  /** Uploads that are known to be under way. */
  get count(): number {
    return this.#live.size
  }

  async create(repository: string, algorithm: DigestAlgorithm = 'sha256'): Promise<Upload> {
    const id = randomUUID()
    const live = this.#begin(id, repository, algorithm, 0)
    live.hash = createHash(algorithm)
    try {
      await (await open(live.file, 'wx', 0o644)).close()
    } catch (error) {
      this.#live.delete(id)
      throw ioError('beginning an upload', error)
    }
    return live
  }

  /** An upload of this repository; undefined when there is none, or not any more. */
  async find(repository: string, id: string): Promise<Upload | undefined> {
    if (!/^[0-9a-f-]{36}$/.test(id)) return undefined
    const known = this.#live.get(id)
    if (known) return known.repository === repository ? known : undefined
    const found = await stat(this.#file(repository, id)).catch(() => undefined)
    if (!found) return undefined
    const live = this.#live.get(id) ?? this.#begin(id, repository, 'sha256', found.size)
    live.room.take(live.offset)
    return live
  }

  /**
   * Appends what `source` gives and returns the new offset. What arrived before an error stays, so that the client can go on from there;
   * only where there is no room the upload ends. A later call ends an earlier one, whose client is most likely gone. What is left of a
   * source after an error is not read.
   */
  async append(upload: Upload, source: Readable): Promise<number> {
    const live = this.#of(upload)
    await live.writer?.stop()
    const work = this.#write(live, source)
    const ended = work.catch(() => {})
    const writer = {
      ended,
      stop: () => {
        source.destroy(new OciError('ABORTED', 'the upload was continued or cancelled by another request'))
        return ended
      },
    }
    live.writer = writer
    try {
      await work
      return live.offset
    } catch (error) {
      const known = error instanceof OciError ? error : ioError('storing an upload', error)
      if (known.code === 'QUOTA_EXCEEDED' || known.code === 'NO_SPACE') await this.#drop(live)
      throw known
    } finally {
      if (live.writer === writer) live.writer = undefined
    }
  }

  /** Makes a blob of the upload and returns its size. Throws DIGEST_MISMATCH; either way the upload is over. */
  async finish(upload: Upload, digest: string): Promise<number> {
    const live = this.#of(upload)
    await live.writer?.ended
    try {
      const got = await this.#digest(live, algorithmOf(digest))
      if (got !== digest) throw new OciError('DIGEST_MISMATCH', `the upload is ${got}, want ${digest}`)
      this.#blobs.touch(digest)
      // Pushed twice at a time: the first one stays, and readers of it are not disturbed.
      if ((await this.#blobs.size(digest)) === undefined) {
        await syncFile(live.file)
        await this.#blobs.adopt(live.file, digest)
      }
      return live.offset
    } catch (error) {
      throw error instanceof OciError ? error : ioError(`storing ${digest}`, error)
    } finally {
      await this.#drop(live)
    }
  }

  async cancel(upload: Upload): Promise<void> {
    const live = this.#of(upload)
    await live.writer?.stop()
    await this.#drop(live)
  }

  /** Drops what nobody continued for long; returns how many. */
  async expire(now = Date.now()): Promise<number> {
    let dropped = 0
    for (const name of await readdir(this.#folder)) {
      const file = join(this.#folder, name)
      const found = await stat(file).catch(() => undefined)
      if (!found || now - found.mtimeMs < this.#expiryMs) continue
      const live = this.#live.get(name.slice(0, 36))
      if (live?.writer) continue
      if (live) await this.#drop(live)
      else await rm(file, { force: true })
      dropped++
    }
    return dropped
  }

  #begin(id: string, repository: string, algorithm: DigestAlgorithm, offset: number): LiveUpload {
    const file = this.#file(repository, id)
    const room = this.#blobs.quota.reserve()
    const live: LiveUpload = { id, repository, file, offset, hash: undefined, algorithm, room, writer: undefined }
    this.#live.set(id, live)
    return live
  }

  /** The name binds an upload to its repository: knowing its id is of no use in another one. */
  #file(repository: string, id: string): string {
    return join(this.#folder, `${id}-${createHash('sha256').update(repository).digest('hex').slice(0, 16)}`)
  }

  #of({ id }: Upload): LiveUpload {
    const live = this.#live.get(id)
    if (!live) throw new OciError('BLOB_UNKNOWN', `upload ${id} is over`)
    return live
  }

  async #write(live: LiveUpload, source: Readable): Promise<void> {
    const file = new UploadFile(await open(live.file, 'r+'), live.offset, (end) => {
      live.offset = end
    })
    let arrived = live.offset
    try {
      await eachChunk(source, (chunk) => {
        live.room.take(chunk.length)
        live.hash?.update(chunk)
        arrived += chunk.length
        return file.append(chunk)
      })
    } finally {
      // Also when the client went away: what it sent need not be sent again.
      await file.close().finally(() => {
        if (live.offset < arrived) live.hash = undefined // it is ahead of the file
      })
    }
  }

  async #digest(live: LiveUpload, algorithm: DigestAlgorithm): Promise<string> {
    if (live.hash && live.algorithm === algorithm) return `${algorithm}:${live.hash.digest('hex')}`
    const hash = createHash(algorithm)
    for await (const chunk of createReadStream(live.file, { highWaterMark: READ_BYTES })) hash.update(chunk as Buffer)
    return `${algorithm}:${hash.digest('hex')}`
  }

  async #drop(live: LiveUpload): Promise<void> {
    this.#live.delete(live.id)
    live.room.release()
    await rm(live.file, { force: true })
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
