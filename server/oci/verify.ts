// A stream that believes nothing: bytes pass only while they can still be what the descriptor promised.
import { createHash } from 'node:crypto'
import { OciError } from './errors.ts'

/** Chunks of bytes, from memory or from a stream. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

export interface Expectation {
  /** For messages: `layer 3 of os/web:stable`. */
  what: string
  digest: string
  /** Bytes; unknown when an archive does not say. */
  size?: number
}

/**
 * Passes chunks through and ends normally only if length and digest are as expected. Otherwise throws SIZE_MISMATCH as soon as one
 * byte is too many, or DIGEST_MISMATCH at the end: consumers must not publish what they got before the iteration has ended.
 */
export async function* verified(
  source: ByteSource,
  expected: Expectation,
  onBytes?: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  const algorithm = algorithmOf(expected.digest)
  const hash = createHash(algorithm)
  let length = 0
  for await (const chunk of source) {
    length += chunk.length
    if (expected.size !== undefined && length > expected.size) {
      throw new OciError('SIZE_MISMATCH', `${expected.what}: longer than the ${expected.size} bytes promised`)
    }
    hash.update(chunk)
    onBytes?.(chunk.length)
    yield chunk
  }
  if (expected.size !== undefined && length !== expected.size) {
    throw new OciError('SIZE_MISMATCH', `${expected.what}: got ${length} bytes, want ${expected.size}`, {
      temporary: true,
    })
  }
  const digest = `${algorithm}:${hash.digest('hex')}`
  if (digest !== expected.digest) {
    throw new OciError('DIGEST_MISMATCH', `${expected.what}: got ${digest}, want ${expected.digest}`)
  }
}

export type DigestAlgorithm = 'sha256' | 'sha512'

/** How a digest was made; sha256 unless it says otherwise. */
export function algorithmOf(digest: string): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256'
}

/** Digest of bytes in memory. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

/** Reads a stream whole, at most `limit` bytes. Throws SIZE_MISMATCH beyond. */
export async function readAll(source: ByteSource, limit: number, what: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of source) {
    length += chunk.length
    if (length > limit) throw new OciError('SIZE_MISMATCH', `${what}: more than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
