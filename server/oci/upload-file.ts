// The file of an upload: it grows by few large writes, and the disk begins with them long before the last one.
import type { FileHandle } from 'node:fs/promises'
import { writeFully } from '../host/durable-files.ts'
import { beginWriteOut } from '../host/system-calls.ts'
import { freeChunk } from './free-chunk.ts'

/** What is gathered before it is written: few large writes cost less than many small ones. */
const WRITE_BYTES = 2 ** 19
/** What is written before the disk begins with it: enough that a file stays in few pieces, little enough that the end of an upload hardly waits. */
const WRITE_OUT_BYTES = 2 ** 23

export class UploadFile {
  readonly #file: FileHandle
  readonly #onWritten: (end: number) => void
  /** Bytes in the file. */
  #end: number
  /** Bytes that the disk has begun with. */
  #begun: number
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  /** One write is under way while the next one is gathered; one that failed stays. */
  #writing: Promise<void> | undefined

  /** The file has `end` bytes; `onWritten` hears how many it has after each write. */
  constructor(file: FileHandle, end: number, onWritten: (end: number) => void) {
    this.#file = file
    this.#end = end
    this.#begun = end
    this.#onWritten = onWritten
  }

  /**
   * Appends a chunk and takes it over: its memory is freed. A promise, to be waited for before the next one, resolves when there is room for
   * more, or rejects when what came before could not be written.
   */
  append(chunk: Uint8Array): Promise<void> | undefined {
    this.#gathered.push(chunk)
    this.#gatheredBytes += chunk.length
    if (this.#gatheredBytes < WRITE_BYTES) return undefined
    if (this.#writing) return this.#writing.then(() => void this.#write())
    void this.#write()
    return undefined
  }

  /** Writes the rest and closes the file. Rejects when something could not be written. */
  async close(): Promise<void> {
    try {
      // Also one that somebody else waited to begin.
      while (this.#writing) await this.#writing
      await this.#write()
    } finally {
      await this.#file.close()
    }
  }

  #write(): Promise<void> {
    const writing = this.#writeAll(this.#gathered)
    writing.catch(() => {}) // told to whoever waits for it
    this.#writing = writing
    this.#gathered = []
    this.#gatheredBytes = 0
    return writing
  }

  async #writeAll(chunks: readonly Uint8Array[]): Promise<void> {
    await writeFully(this.#file, chunks, this.#end)
    for (const chunk of chunks) {
      this.#end += chunk.length
      freeChunk(chunk)
    }
    this.#onWritten(this.#end)
    if (this.#end - this.#begun >= WRITE_OUT_BYTES) {
      await beginWriteOut(this.#file.fd, this.#begun, this.#end - this.#begun)
      this.#begun = this.#end
    }
    this.#writing = undefined
  }
}
