// A blob on its way into the store, for any number of readers who follow it.
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { isCode } from './durable.ts'
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
    this.#attempt++
  }

  grow(length: number): void {
    this.#length = length
    this.#wake()
  }

  end(outcome: 'stored' | Error): void {
    this.#outcome = outcome
    this.#wake()
  }

  /** Resolves when there is something to read; rejects when nothing will come. */
  async begun(): Promise<void> {
    while (this.#outcome === undefined && this.#length === 0) await this.#change()
    if (this.#outcome instanceof Error) throw this.#outcome
  }

  /**
   * Bytes `start` to `end` (inclusive) as they come. The last byte of the blob waits until the whole is verified and stored: nobody gets all of
   * a wrong one. Throws when it does not become complete.
   */
  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    let file: { handle: FileHandle; attempt: number } | undefined
    try {
      for (let at = start; at <= end;) {
        const available = this.#available()
        if (at >= available) {
          if (this.#outcome instanceof Error) throw this.#outcome
          await this.#change()
          continue
        }
        if (file && file.attempt !== this.#attempt) {
          if (at > start) throw new OciError('ABORTED', 'its source failed midway; ask again', { temporary: true })
          await file.handle.close()
          file = undefined
        }
        file ??= { attempt: this.#attempt, handle: await this.#open() }
        const buffer = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, available - at, end - at + 1))
        const { bytesRead } = await file.handle.read(buffer, 0, buffer.length, at)
        if (bytesRead === 0) throw new OciError('STORE_IO', `the file ends at ${at}, ${end + 1} bytes were promised`)
        at += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    } finally {
      await file?.handle.close()
    }
  }

  /** What may be read now. */
  #available(): number {
    return this.#outcome === 'stored' ? this.size : Math.min(this.#length, this.size - 1)
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
