// Blocks of files in memory, shared by all who read them at the same time: machines that boot together, and clients that stall together.

export const BLOCK_BYTES = 64 * 1024

/** Enough for machines that started within seconds of each other, as a rack does. */
const MAX_BLOCKS = 256

/** The blocks that were read last. Whoever still sends one keeps it alive; that costs nothing as long as others send it too. */
export class SharedBlocks {
  readonly #max: number
  /** In the order of use. */
  readonly #blocks = new Map<string, Promise<Uint8Array>>()

  constructor(max = MAX_BLOCKS) {
    this.#max = max
  }

  /** The block at `index` of a content; `read` is asked when nobody has read it lately. A failure is not remembered. */
  get(content: string, index: number, read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const key = `${index} ${content}`
    const known = this.#blocks.get(key)
    const block = known ?? read()
    this.#blocks.delete(key)
    this.#blocks.set(key, block)
    if (!known) {
      block.catch(() => this.#blocks.delete(key))
      const [oldest] = this.#blocks.keys()
      if (this.#blocks.size > this.#max) this.#blocks.delete(oldest!)
    }
    return block
  }
}
