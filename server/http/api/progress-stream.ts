// NDJSON answers of image operations: progress while it works, at the end what came of it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Image, ImageProgress } from '../../contract/image.ts'
import { describeError } from '../problem.ts'

type Progress = Extract<ImageProgress, { type: 'progress' }>

export interface ProgressStreamOptions {
  /** The reader went away or the server stops. */
  signal: AbortSignal
  /** Called when the work failed, for the log; the reader gets the `failed` line by itself. */
  onFailure?: (error: unknown) => void
  /** Milliseconds after which the last progress is repeated: silence would look like a dead connection. */
  repeatMs?: number
}

const REPEAT_MS = 15_000

/**
 * Runs `work` and streams {@link ImageProgress} lines. Progress that the reader is too slow for is replaced by newer one. The status is sent
 * before the work is done, so failures are lines too: the last line is `done` or `failed`. A reader that goes away aborts the work.
 */
export function progressStream(
  work: (onProgress: (progress: Progress) => void, signal: AbortSignal) => Promise<Image[]>,
  { signal, onFailure, repeatMs = REPEAT_MS }: ProgressStreamOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const cancelled = new AbortController()
  let latest: Progress | undefined
  let repeated: Progress | undefined
  let changed = Promise.withResolvers<void>()
  const last = work(
    (progress) => {
      latest = progress
      changed.resolve()
    },
    AbortSignal.any([signal, cancelled.signal]),
  ).then(
    (images): ImageProgress[] => images.map((image) => ({ type: 'done', image })),
    (error: unknown): ImageProgress[] => {
      onFailure?.(error)
      const { code, detail } = describeError(error)
      return [{ type: 'failed', code, message: detail }]
    },
  )
  let result: ImageProgress[] | undefined
  void last.then((lines) => {
    result = lines
    changed.resolve()
  })

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (!result && !latest) {
          const timer = new AbortController()
          await Promise.race([changed.promise, sleep(repeatMs, undefined, { signal: timer.signal }).catch(() => {})])
          timer.abort()
        }
        changed = Promise.withResolvers()
        const progress = latest ?? (result ? undefined : repeated)
        latest = undefined
        repeated = progress ?? repeated
        const lines = [...(progress ? [progress] : []), ...(result ?? [])]
        // A blank line is no line to a reader of NDJSON, but it keeps the connection alive before the first progress.
        controller.enqueue(encoder.encode(lines.map((line) => `${JSON.stringify(line)}\n`).join('') || '\n'))
        if (result) controller.close()
      },
      cancel: () => cancelled.abort(),
    },
    { highWaterMark: 0 },
  )
}
