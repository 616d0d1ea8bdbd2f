// The server's events, for as long as one wants them. By fetch, not EventSource: that one hides the heartbeats by which a dead
// connection is told from a silent one, and after an HTTP error it gives up for good.

import { createMessageCutter } from '../../../server/contract/message-cutter.ts'
import type { StreamMessage } from '../../../server/contract/message-cutter.ts'

export interface FeedReader {
  /** Connected, for the first time or again. */
  onOpen: () => void
  onMessage: (message: StreamMessage) => void
  /** The connection ended or could not be made; it is tried again. `status` is undefined where nobody answered. */
  onLost: (status: number | undefined) => void
}

export interface FeedOptions {
  signal: AbortSignal
  /** Milliseconds between two attempts. */
  retryMs?: number
  /** Milliseconds of silence after which a connection is dead; the server says something every 15 seconds. */
  silenceMs?: number
}

const RETRY_MS = 2000
const SILENCE_MS = 40_000

/** Reads `/api/v1/events` until `signal` aborts, and goes on after the last event it had whenever it has to connect again. */
export async function followEvents(reader: FeedReader, options: FeedOptions): Promise<void> {
  const { signal, retryMs = RETRY_MS, silenceMs = SILENCE_MS } = options
  let last: string | undefined
  const remember: FeedReader = {
    ...reader,
    onMessage(message) {
      last = message.id ?? last
      reader.onMessage(message)
    },
  }
  while (!signal.aborted) {
    const status = await readOnce(remember, last, signal, silenceMs).catch(() => undefined)
    if (signal.aborted) return
    reader.onLost(status)
    await pause(retryMs, signal)
  }
}

/** Reads one connection to its end; resolves with the status it was answered with. */
async function readOnce(
  { onOpen, onMessage }: FeedReader,
  last: string | undefined,
  signal: AbortSignal,
  silenceMs: number,
): Promise<number> {
  const connection = new AbortController()
  const watchdog = createWatchdog(silenceMs, () => connection.abort())
  try {
    const response = await fetch('/api/v1/events', {
      headers: { accept: 'text/event-stream', ...(last !== undefined && { 'last-event-id': last }) },
      cache: 'no-store',
      signal: AbortSignal.any([signal, connection.signal]),
    })
    if (!response.ok || !response.body) return response.status
    onOpen()
    const text = response.body.pipeThrough(new TextDecoderStream()).getReader()
    const cut = createMessageCutter()
    for (;;) {
      const { done, value } = await text.read()
      if (done) return response.status
      watchdog.feed()
      for (const message of cut(value)) onMessage(message)
    }
  } finally {
    watchdog.stop()
    connection.abort()
  }
}

function createWatchdog(ms: number, onSilence: () => void): { feed: () => void; stop: () => void } {
  let timer = setTimeout(onSilence, ms)
  return {
    feed() {
      clearTimeout(timer)
      timer = setTimeout(onSilence, ms)
    },
    stop: () => clearTimeout(timer),
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        done()
      },
      { once: true },
    )
  })
}
