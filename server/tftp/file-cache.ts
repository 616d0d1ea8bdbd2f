/** Loaders in memory: a hundred machines that boot at once read each file once. */
import { open, type FileHandle } from 'node:fs/promises'
import type { BigIntStats } from 'node:fs'
import { TftpError } from './errors.ts'
import type { ReadableFile } from './source.ts'

export interface FileCacheLimits {
  /** All files together; the one unused for longest goes first. */
  maxBytes: number
  /** Larger files are read in pieces as they are sent. */
  maxFileBytes: number
}

const MIB = 2 ** 20
/** Loaders have 0.1 to 4 MB; nothing that is worth a TFTP transfer is larger than the second limit. */
const DEFAULT_LIMITS: FileCacheLimits = { maxBytes: 32 * MIB, maxFileBytes: 16 * MIB }

/** Opens files by path, as they are on disk now. */
export class FileCache {
  readonly #limits: FileCacheLimits
  /** By identity of the content; the order is that of use, as a Map keeps it. */
  readonly #files = new Map<string, { size: number; content: Promise<Uint8Array> }>()
  #bytes = 0

  constructor(limits: Partial<FileCacheLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits }
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes
  }

  /** The content, or a reader of it, which the caller closes. Rejects if the file cannot be read, or shrinks meanwhile. */
  async open(path: string): Promise<Uint8Array | ReadableFile> {
    const handle = await open(path)
    let kept = false
    try {
      const found = await handle.stat({ bigint: true })
      const size = Number(found.size)
      if (size <= this.#limits.maxFileBytes) return await this.#remembered(identityOf(found), size, handle)
      kept = true
      return inPieces(handle, size)
    } finally {
      if (!kept) await handle.close()
    }
  }

  #remembered(identity: string, size: number, handle: FileHandle): Promise<Uint8Array> {
    const known = this.#files.get(identity)
    const file = known ?? { size, content: readWhole(handle, size) }
    this.#files.delete(identity)
    this.#files.set(identity, file)
    if (!known) {
      this.#bytes += size
      // A failure is told to those who wait for it, and tried anew by the next.
      file.content.catch(() => this.#forget(identity))
      this.#shrink()
    }
    return file.content
  }

  #shrink(): void {
    for (const identity of this.#files.keys()) {
      if (this.#bytes <= this.#limits.maxBytes) return
      this.#forget(identity)
    }
  }

  #forget(identity: string): void {
    this.#bytes -= this.#files.get(identity)?.size ?? 0
    this.#files.delete(identity)
  }
}

/** Changes with every write to the file and every file put in its place; two names of one file share it. */
function identityOf({ size, dev, ino, ctimeNs }: BigIntStats): string {
  return [size, dev, ino, ctimeNs].join('-')
}

async function readWhole(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size)
  for (let at = 0; at < size;) {
    const { bytesRead } = await handle.read(bytes, at, size - at, at)
    if (bytesRead === 0) throw new TftpError('SOURCE_TOO_SHORT', `reading a file: got ${at} bytes, want ${size}`)
    at += bytesRead
  }
  return bytes
}

function inPieces(handle: FileHandle, size: number): ReadableFile {
  return {
    size,
    async read(offset, length) {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    },
    close: () => void handle.close().catch(() => {}),
  }
}
