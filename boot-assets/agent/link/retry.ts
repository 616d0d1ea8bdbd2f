// Keeps trying, with growing pauses.
import { setTimeout as sleep } from 'node:timers/promises'

export interface RetryOptions {
  /** Whether this error is worth another try. */
  again: (error: unknown) => boolean
  /** Called before each pause. */
  onRetry?: (error: unknown, pauseMs: number) => void
  /** First pause, doubled after every failure, milliseconds. */
  firstPause?: number
  longestPause?: number
  signal?: AbortSignal | undefined
}

/** Calls until it works or the error is not worth another try; there is no limit of tries. */
export async function retry<T>(call: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { again, onRetry, firstPause = 1000, longestPause = 15_000, signal } = options
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      return await call()
    } catch (error) {
      if (signal?.aborted || !again(error)) throw error
      onRetry?.(error, pause)
      await sleep(pause, undefined, signal ? { signal } : {})
    }
  }
}
