// The chunks of a stream, one by one, at half the cost of iterating over it.
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'

/**
 * Gives each chunk to `take` and pauses the source while a promise that it returned is pending. Resolves at the end of the source. Rejects with the first
 * error of either, ERR_STREAM_PREMATURE_CLOSE among them, and leaves the source paused, not destroyed: whoever sent it can still be told why.
 */
export async function eachChunk(
  source: Readable,
  take: (chunk: Uint8Array) => Promise<void> | undefined,
): Promise<void> {
  const refused = Promise.withResolvers<never>()
  const onData = (chunk: Uint8Array) => {
    try {
      const busy = take(chunk)
      if (!busy) return
      source.pause()
      busy.then(() => source.resume(), refused.reject)
    } catch (error) {
      source.pause()
      refused.reject(error)
    }
  }
  source.on('data', onData)
  try {
    await Promise.race([finished(source, { writable: false, cleanup: true }), refused.promise])
  } finally {
    source.off('data', onData)
    source.pause()
  }
}
