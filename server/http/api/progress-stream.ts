// NDJSON answers of operations that take long: progress while it works, at the end what came of it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from 'hono'
import type { Logger } from '../../observe/logger.ts'
import type { HttpEnv } from '../context.ts'
import { describeError } from '../problem.ts'

interface FailedLine {
  type: 'failed'
  code: string
  message: string
  hint?: string
}

/** Does the work and resolves with the last lines, one for each thing that came of it. */
type Work<Progress extends { type: 'progress' }, Done extends { type: 'done' }> = (
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
) => Promise<Done[]>

export interface ProgressStreamOptions {
  /** The reader went away or the server stops. */
  signal: AbortSignal
  /** Called when the work failed, for the log; the reader gets the `failed` line by itself. */
  onFailure?: (error: unknown) => void
  /** Milliseconds after which the last progress is repeated: silence would look like a dead connection. */
  repeatMs?: number
}

const REPEAT_MS = 15_000

/** Answers a request with the progress of `work`, which ends with the reader or the server. Failures go to the log as well. */
export function progressAnswer<Progress extends { type: 'progress' }, Done extends { type: 'done' }>(
  c: Context<HttpEnv>,
  { stopping, logger }: { stopping: AbortSignal; logger: Logger },
  work: Work<Progress, Done>,
): never {
  const { path } = c.req
  const stream = progressStream(work, {
    signal: AbortSignal.any([stopping, c.req.raw.signal]),
    onFailure: (error) => logger.warn({ err: error, path, requestId: c.var.requestId }, 'operation failed'),
  })
  // zod-openapi has types for JSON and text answers only; to it any other is `never`.
  return c.body(stream, 200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' }) as never
}

/**
 * Runs `work` and streams lines of progress. Progress that the reader is too slow for is replaced by newer one. The status is sent
 * before the work is done, so failures are lines too: the last line is `done` or `failed`. A reader that goes away aborts the work.
 */
export function progressStream<Progress extends { type: 'progress' }, Done extends { type: 'done' }>(
  work: Work<Progress, Done>,
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
  ).catch((error: unknown): FailedLine[] => {
    onFailure?.(error)
    const { code, detail, hint } = describeError(error)
    return [{ type: 'failed', code, message: detail, ...(hint !== undefined && { hint }) }]
  })
  let result: (Done | FailedLine)[] | undefined
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
