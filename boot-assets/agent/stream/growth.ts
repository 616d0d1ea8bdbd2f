// How much a layer may grow when it is decompressed: a few kilobytes can become terabytes, which would fill the disk before any digest is
// found wrong.
import { StreamError } from './errors.ts'

/** Layers of systems stay far below: they shrink to a half or a tenth, not to a hundredth. */
const LARGEST_GROWTH = 100
/** For small layers with a large file of zeros. */
const ALLOWANCE = 2 ** 30

/** Counts what comes out of a layer. */
export class Growth {
  readonly #limit: number
  readonly #what: string
  #bytes = 0

  constructor(what: string, compressedBytes: number, atMost = Infinity) {
    this.#what = what
    this.#limit = Math.min(atMost, LARGEST_GROWTH * compressedBytes + ALLOWANCE)
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Throws LAYER_BOMB. */
  add(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes <= this.#limit) return
    throw new StreamError('LAYER_BOMB', `decompressing ${this.#what}: it grows beyond ${this.#limit} bytes`)
  }
}
