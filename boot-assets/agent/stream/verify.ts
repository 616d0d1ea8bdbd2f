// Bytes held against the descriptor that promised them.
import { createHash } from 'node:crypto'
import { StreamError } from './errors.ts'

/** What a descriptor promises of a blob. `digest` is `sha256:<hex>` or `sha512:<hex>`. */
export interface Expectation {
  digest: string
  size: number
}

/**
 * Passes chunks on and lets the end be reached only if size and digest are what was promised; throws SIZE_MISMATCH as soon as
 * there is a byte too many, else at the end, and DIGEST_MISMATCH at the end.
 *
 * Leaving a `for await` loop early does not close it: whoever stumbled over the content calls {@link drain} to learn whether
 * the bytes were wrong in the first place.
 */
export class VerifiedChunks implements AsyncIterable<Buffer> {
  /** Bytes passed so far. */
  bytes = 0
  readonly #source: AsyncIterator<Buffer>
  readonly #expected: Expectation
  readonly #hash
  #done = false

  constructor(chunks: AsyncIterable<Buffer>, expected: Expectation) {
    const algorithm = expected.digest.slice(0, expected.digest.indexOf(':'))
    if (algorithm !== 'sha256' && algorithm !== 'sha512') {
      throw new StreamError('DIGEST_MISMATCH', `digest ${expected.digest} has an algorithm that can't be checked`)
    }
    this.#source = chunks[Symbol.asyncIterator]()
    this.#expected = expected
    this.#hash = createHash(algorithm)
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return { next: () => this.#next() }
  }

  /** Reads what is left. Returns if the whole blob was as promised, throws if not. */
  async drain(): Promise<void> {
    for await (const _ of this);
  }

  /** Gives up the source, e.g. its connection, without reading on. */
  async close(): Promise<void> {
    this.#done = true
    await this.#source.return?.()
  }

  async #next(): Promise<IteratorResult<Buffer>> {
    if (this.#done) return { done: true, value: undefined }
    const result = await this.#source.next()
    const { digest, size } = this.#expected
    if (result.done !== true) {
      this.bytes += result.value.length
      if (this.bytes > size) {
        await this.close()
        throw new StreamError('SIZE_MISMATCH', `blob ${digest}: got more than the ${size} bytes of its descriptor`)
      }
      this.#hash.update(result.value)
      return result
    }
    this.#done = true
    if (this.bytes < size) {
      throw new StreamError('SIZE_MISMATCH', `blob ${digest}: got ${this.bytes} bytes, want ${size}`)
    }
    const got = `${digest.slice(0, digest.indexOf(':'))}:${this.#hash.digest('hex')}`
    if (got !== digest) throw new StreamError('DIGEST_MISMATCH', `verifying blob: got ${got}, want ${digest}`)
    return { done: true, value: undefined }
  }
}
