// Bytes held against the descriptor that promised them.
import { createHash } from 'node:crypto'
import { StreamError } from './errors.ts'

/** What a descriptor promises of a blob. `digest` is `sha256:<hex>` or `sha512:<hex>`; null: what the bytes are is found out by other means. */
export interface Expectation {
  digest: string | null
  size: number
}

/**
 * Passes chunks on and lets the end be reached only if size and digest are what was promised; throws SIZE_MISMATCH as soon as
 * there is a byte too many, else at the end, and DIGEST_MISMATCH at the end.
 *
 * Leaving a `for await` loop early does not close it: whoever stumbled over the content calls {@link drain} to learn whether
 * the bytes were wrong in the first place. A decompressor may still be reading meanwhile: both are told the same.
 */
export class VerifiedChunks implements AsyncIterable<Buffer> {
  /** Bytes passed so far. */
  bytes = 0
  readonly #source: AsyncIterator<Buffer>
  readonly #expected: Expectation
  readonly #hash
  #done = false
  /** What was found wrong; null for nothing, undefined before the end. */
  #verdict: StreamError | null | undefined

  constructor(chunks: AsyncIterable<Buffer>, expected: Expectation) {
    this.#source = chunks[Symbol.asyncIterator]()
    this.#expected = expected
    this.#hash = expected.digest === null ? null : createHash(algorithmOf(expected.digest))
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
    if (this.#verdict) throw this.#verdict
    if (this.#done) return { done: true, value: undefined }
    const result = await this.#source.next()
    if (result.done === true) {
      if (this.#verdict === undefined) this.#verdict = this.#judged()
    } else {
      this.bytes += result.value.length
      this.#hash?.update(result.value)
      if (this.bytes <= this.#expected.size) return result
      const { digest, size } = this.#expected
      this.#verdict = new StreamError(
        'SIZE_MISMATCH',
        `blob ${digest ?? 'of the server'}: got more than the ${size} bytes of its descriptor`,
      )
      await this.close()
    }
    if (this.#verdict) throw this.#verdict
    this.#done = true
    return { done: true, value: undefined }
  }

  #judged(): StreamError | null {
    const { digest, size } = this.#expected
    if (this.bytes < size) {
      return new StreamError(
        'SIZE_MISMATCH',
        `blob ${digest ?? 'of the server'}: got ${this.bytes} bytes, want ${size}`,
      )
    }
    if (digest === null) return null
    const got = `${algorithmOf(digest)}:${this.#hash?.digest('hex')}`
    return got === digest ? null : new StreamError('DIGEST_MISMATCH', `verifying blob: got ${got}, want ${digest}`)
  }
}

/** Throws DIGEST_MISMATCH. */
function algorithmOf(digest: string): string {
  const algorithm = digest.slice(0, digest.indexOf(':'))
  if (algorithm === 'sha256' || algorithm === 'sha512') return algorithm
  throw new StreamError('DIGEST_MISMATCH', `digest ${digest} has an algorithm that can't be checked`)
}
