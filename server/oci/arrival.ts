// A blob on its way into the store, for any number of readers who follow it.
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { isCode } from './io-error.ts'
import { OciError } from './errors.ts'

const BLOCK_BYTES = 256 * 1024

/** Told by the store how far it is; reads from the file that the store writes. */
export class Arrival {
  readonly size: number
  readonly #stored: string
  #file: string | undefined
  /** Counts beginnings: what one source sent is not continued with what another one sends. */
  #attempt = 0
  #length = 0
  /** What came last: readers who keep up share it, and need no file. */
  #newest: { at: number; chunk: Uint8Array } | undefined
  #outcome: 'stored' | Error | undefined
  #waiting: (() => void)[] = []

  /** `stored` is the file that it will be when it is complete and verified. */
  constructor(size: number, stored: string) {
    this.size = size
    this.#stored = stored
  }

  /** The bytes come into this file, from the first one on. */
  begin(file: string): void {
    this.#file = file
    this.#length = 0
    this.#newest = undefined
    this.#attempt++
  }

  /** `chunk` came and is in the file. */
  grow(chunk: Uint8Array): void {
    this.#newest = { at: this.#length, chunk }
    this.#length += chunk.length
    this.#wake()
  }

  end(outcome: 'stored' | Error): void {
    this.#outcome = outcome
    this.#newest = undefined
    this.#wake()
  }

  /** Bytes that have come from the present source. */
  get length(): number {
    return this.#length
  }

  /** Resolves when there is something to read; rejects when nothing will come. */
  async begun(): Promise<void> {
    while (this.#outcome === undefined && this.#length === 0) await this.#change()
    if (this.#outcome instanceof Error) throw this.#outcome
  }

  /** Resolves when the whole is verified and stored, whoever it came from; rejects when it does not become complete. */
  async whole(): Promise<void> {
    while (this.#outcome === undefined) await this.#change()
    if (this.#outcome instanceof Error) throw this.#outcome
  }

  /**
   * Bytes `start` to `end` (inclusive) as they come. The last byte of the blob waits until the whole is verified and stored: nobody gets all of
   * a wrong one. Throws when it does not become complete.
   */
  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    let file: FileHandle | undefined
    let attempt: number | undefined
    try {
      for (let at = start; at <= end;) {
        const available = this.#available()
        if (at >= available) {
          if (this.#outcome instanceof Error) throw this.#outcome
          await this.#change()
          continue
        }
        if (attempt !== this.#attempt) {
          if (at > start) throw new OciError('ABORTED', 'its source failed midway; ask again', { temporary: true })
          await file?.close()
          file = undefined
          attempt = this.#attempt
        }
        const limit = Math.min(available, end + 1)
        const shared = this.#shared(at, limit)
        if (shared) {
          at += shared.length
          yield shared
          continue
        }
        file ??= await this.#open()
        const buffer = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, limit - at))
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
        if (bytesRead === 0) throw new OciError('STORE_IO', `the file ends at ${at}, ${end + 1} bytes were promised`)
        at += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    } finally {
      await file?.close()
    }
  }

  /** What may be read now. */
  #available(): number {
    return this.#outcome === 'stored' ? this.size : Math.min(this.#length, this.size - 1)
  }

  #shared(at: number, limit: number): Uint8Array | undefined {
    const newest = this.#newest
    if (!newest || at < newest.at) return undefined
    return newest.chunk.subarray(at - newest.at, limit - newest.at)
  }

  async #open(): Promise<FileHandle> {
    if (this.#file === undefined) return open(this.#stored, 'r')
    return open(this.#file, 'r').catch((error: unknown) => {
      // It got its final name just now.
      if (isCode(error, 'ENOENT')) return open(this.#stored, 'r')
      throw error
    })
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
