// Gets what an import wrote onto the disk while it still imports: left alone, Linux collects a tenth of the memory first, and the disk is idle
// while the cores work, and the cores while the disk does.

/** Bytes of progress between two flushes: with 32 MiB an image of 1.3 GiB was no sooner on the disk, and 35 MB more were written, all of it metadata. */
const INTERVAL = 128 * 2 ** 20

/** Flushes now and then, one flush at a time. */
export class Writeback {
  readonly #flush: () => Promise<void>
  #flushedAt = 0
  #running: Promise<void> | null = null
  #failed = false
  #failure: unknown

  constructor(flush: () => Promise<void>) {
    this.#flush = flush
  }

  /** To be told how far the import is, in compressed bytes. */
  reached(bytes: number): void {
    if (this.#running !== null || this.#failed || bytes - this.#flushedAt < INTERVAL) return
    this.#flushedAt = bytes
    this.#running = this.#flush()
      .catch((error: unknown) => {
        this.#failed = true
        this.#failure = error
      })
      .finally(() => (this.#running = null))
  }

  /** After the import: the last flush. Throws what an earlier one threw, since Linux tells of a failed write only once. */
  async finish(): Promise<void> {
    await this.#running
    if (this.#failed) throw this.#failure
    await this.#flush()
  }
}
