// Server-sent events: the durable log, read forward at the reader's own pace.
import type { Event } from '../../contract/event.ts'
import type { EventFilter, EventLog } from '../../core/events.ts'

export interface EventStreamOptions {
  /** Number of the last event the reader has. */
  after: number
  filter?: EventFilter
  /** Ends the stream. */
  signal: AbortSignal
  /** Asked before something is sent, once a second at most: whether the reader may still have it. Without it, always. */
  mayRead?: () => boolean
  /** Milliseconds of silence after which a comment is sent, so that proxies and dead tabs are noticed. */
  heartbeatMs?: number
  /** Called once, when the reader is gone or the stream has ended. */
  onEnd?: () => void
}

const PAGE = 200
const HEARTBEAT_MS = 15_000
/** A hundred readers of twenty events a second shall not cost two thousand looks at their rights. */
const RIGHTS_MS = 1000
const encoder = new TextEncoder()
const HEARTBEAT = encoder.encode(': still here\n\n')

/**
 * The body of a `text/event-stream` answer (WHATWG HTML, section 9.2): `id` is the event's number, `data` the event as JSON. Nothing is
 * queued per reader: each page is read from the log when the reader has taken the one before, so a slow tab costs one page
 * of memory, and the listener's idle timeout cuts one that stopped reading. An `after` that the log never reached (a restored
 * backup) is answered with a `reset` event first: the reader's view is of another history.
 */
export function eventStream(log: EventLog, options: EventStreamOptions): ReadableStream<Uint8Array> {
  const { after, filter = {}, signal, mayRead = () => true, heartbeatMs = HEARTBEAT_MS, onEnd } = options
  const bell = createBell()
  const unsubscribe = log.subscribe(bell.ring)
  signal.addEventListener('abort', bell.ring, { once: true })
  let askedAt = -Infinity
  const isAllowed = (): boolean => {
    const now = performance.now()
    if (now - askedAt < RIGHTS_MS) return true
    askedAt = now
    return mayRead()
  }
  let ended = false
  const end = () => {
    if (ended) return
    ended = true
    unsubscribe()
    signal.removeEventListener('abort', bell.ring)
    bell.ring()
    onEnd?.()
  }
  const isOfThisLog = after <= log.last()
  let position = isOfThisLog ? after : log.last()
  let greeting: string | undefined =
    `retry: 2000\n\n${isOfThisLog ? '' : `event: reset\nid: ${position}\ndata: {}\n\n`}`

  const nextPart = async (): Promise<Uint8Array | undefined> => {
    if (greeting !== undefined) {
      const part = encoder.encode(greeting)
      greeting = undefined
      return part
    }
    for (;;) {
      if (signal.aborted || !isAllowed()) return undefined
      bell.reset()
      const newest = log.last()
      const events = log.since(position, { ...filter, limit: PAGE })
      // What the filter hid need not be looked at again.
      position = events.length === PAGE ? events.at(-1)!.seq : Math.max(newest, events.at(-1)?.seq ?? 0)
      if (events.length > 0) return joined(events.map(formatEvent))
      if (!(await bell.rang(heartbeatMs))) return HEARTBEAT
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const part = await nextPart().catch((error: unknown) => {
          end()
          throw error
        })
        if (part === undefined) {
          end()
          controller.close()
        } else {
          controller.enqueue(part)
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
}

/** The log gives all readers the same events. */
const formatted = new WeakMap<Event, Uint8Array>()

function formatEvent(event: Event): Uint8Array {
  const known = formatted.get(event)
  if (known !== undefined) return known
  const bytes = encoder.encode(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`)
  formatted.set(event, bytes)
  return bytes
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

/** Remembers that it rang, so that what happens between a look at the log and the wait is not missed. */
function createBell() {
  let ringing = Promise.withResolvers<boolean>()
  return {
    ring: () => ringing.resolve(true),
    reset: () => {
      ringing = Promise.withResolvers<boolean>()
    },
    /** False when nobody rang for so long. */
    async rang(timeoutMs: number): Promise<boolean> {
      const { promise, resolve } = ringing
      const silence = setTimeout(resolve, timeoutMs, false).unref()
      const rang = await promise
      clearTimeout(silence)
      return rang
    },
  }
}
