import { afterEach, describe, expect, it, vi } from 'vitest'
import { followEvents } from '../../../web/src/api/event-feed.ts'
import type { FeedReader } from '../../../web/src/api/event-feed.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

type Answer = (signal: AbortSignal) => Response

/** Follows a server that answers each connection with the next of these, until all were asked for; resolves with what was seen. */
async function follow(answers: readonly Answer[]) {
  const end = new AbortController()
  const asked: (string | null)[] = []
  const seen: string[] = []
  vi.stubGlobal('fetch', async (_: string, { headers, signal }: RequestInit) => {
    const answer = answers[asked.length]
    if (!answer) {
      end.abort()
      throw new Error('aborted')
    }
    asked.push(new Headers(headers).get('last-event-id'))
    return answer(signal!)
  })
  const reader: FeedReader = {
    onOpen: () => seen.push('open'),
    onMessage: ({ data }) => seen.push(data),
    onLost: (status) => seen.push(`lost ${status}`),
  }
  await followEvents(reader, { signal: end.signal, retryMs: 0, silenceMs: SILENCE_MS })
  return { asked, seen }
}

const SILENCE_MS = 60_000

const stream = (text: string) => () => new Response(text)

/** Says something once and then nothing, until it is cut. */
function silent(text: string): Answer {
  return (signal) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text))
        signal.addEventListener('abort', () => controller.error(new Error('aborted')))
      },
    })
    return new Response(body)
  }
}

describe('the event feed', () => {
  it('connects again after an end, and asks for what comes after the last event', async () => {
    const { asked, seen } = await follow([stream('id: 5\ndata: a\n\n'), stream('id: 6\ndata: b\n\n')])
    expect(asked).toEqual([null, '5'])
    expect(seen).toEqual(['open', 'a', 'lost 200', 'open', 'b', 'lost 200'])
  })

  it('goes on after HTTP errors, and tells which', async () => {
    const { seen } = await follow([() => new Response('', { status: 503 }), stream('data: a\n\n')])
    expect(seen).toEqual(['lost 503', 'open', 'a', 'lost 200'])
  })

  it('goes on where nobody answered', async () => {
    const refused = (): Response => {
      throw new TypeError('refused')
    }
    const { seen } = await follow([refused, stream('data: a\n\n')])
    expect(seen).toEqual(['lost undefined', 'open', 'a', 'lost 200'])
  })

  it('gives up a connection that went silent', async () => {
    vi.useFakeTimers()
    const following = follow([silent('id: 1\ndata: a\n\n'), stream('data: b\n\n')])
    let done = false
    void following.finally(() => (done = true))
    while (!done) await vi.advanceTimersByTimeAsync(SILENCE_MS / 4)
    const { asked, seen } = await following
    expect(seen).toEqual(['open', 'a', 'lost undefined', 'open', 'b', 'lost 200'])
    expect(asked).toEqual([null, '1'])
  })
})
