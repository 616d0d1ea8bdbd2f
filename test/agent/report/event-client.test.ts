import { describe, expect, it } from 'vitest'
import { EventClient } from '../../../boot-assets/agent/report/event-client.ts'
import type { EventClientOptions } from '../../../boot-assets/agent/report/event-client.ts'
import type { AgentEvent, EventsRequest, EventsResponse } from '../../../server/contract/agent.ts'

const log = (text: string): AgentEvent => ({ type: 'log', level: 'info', text })
const progress = (bytes: number): AgentEvent => ({
  type: 'progress',
  step: 'fetch',
  bytes,
  totalBytes: 100,
  message: '',
})

/** A server that stores events by number; `answer` may change what it says. */
function store(answer: (response: EventsResponse) => EventsResponse = (response) => response) {
  const events = new Map<number, AgentEvent>()
  const requests: number[][] = []
  const send = async (request: EventsRequest): Promise<EventsResponse> => {
    requests.push(request.events.map(({ seq }) => seq))
    for (const { seq, event } of request.events) events.set(seq, event)
    return answer({ acknowledged: Math.max(...events.keys()), cancelled: false })
  }
  return { events, requests, send }
}

function client(options: Partial<EventClientOptions> & Pick<EventClientOptions, 'send'>) {
  const cancelled: string[] = []
  const events = new EventClient({
    firstSeq: 1,
    onCancelled: (reason) => cancelled.push(reason),
    gather: 0,
    ...options,
  })
  return { events, cancelled }
}

describe('EventClient', () => {
  it('numbers events in order, from where the server wants, without gaps', async () => {
    const server = store()
    const { events } = client({ send: server.send, firstSeq: 41 })
    for (let i = 0; i < 450; i++) events.emit(log(String(i)))
    await events.flush()
    expect([...server.events.keys()]).toEqual(Array.from({ length: 450 }, (_, i) => 41 + i))
    expect([...server.events.values()]).toEqual(Array.from({ length: 450 }, (_, i) => log(String(i))))
    expect(server.requests.map((seqs) => seqs.length)).toEqual([200, 200, 50])
  })

  it('sends again what was not acknowledged, under the same numbers', async () => {
    let first = true
    const server = store((response) => (first ? ((first = false), { ...response, acknowledged: 1 }) : response))
    const { events } = client({ send: server.send })
    for (const text of ['a', 'b', 'c']) events.emit(log(text))
    await events.flush()
    expect(server.requests).toEqual([
      [1, 2, 3],
      [2, 3],
    ])
  })

  it('goes on from what a server of many lives acknowledges', async () => {
    const server = store((response) => ({ ...response, acknowledged: 10 }))
    const { events } = client({ send: server.send })
    events.emit(log('a'))
    await events.flush()
    events.emit(log('b'))
    await events.flush()
    expect(server.requests).toEqual([[1], [2]])
  })

  it('keeps only the newest progress that waits, but never lets it pass other events', async () => {
    const server = store()
    const { events } = client({ send: server.send })
    for (const event of [log('a'), progress(1), progress(2), log('b'), progress(3), progress(4)]) events.emit(event)
    await events.flush()
    expect([...server.events.values()]).toEqual([log('a'), progress(2), log('b'), progress(4)])
  })

  it('keeps what progress that is left out told of layers', async () => {
    const server = store()
    const { events } = client({ send: server.send })
    const change = (index: number, bytes: number) => ({ index, state: 'streaming' as const, bytes, source: null })
    const table = [{ digest: `sha256:${'a'.repeat(64)}`, size: 9 }]
    events.emit({ ...progress(1), layers: { table, changes: [change(0, 1)] } } as AgentEvent)
    events.emit({ ...progress(2), layers: { changes: [change(1, 1)] } } as AgentEvent)
    events.emit({ ...progress(3), layers: { changes: [change(0, 2)] } } as AgentEvent)
    events.emit(progress(4))
    await events.flush()
    const layers = { table, changes: [change(0, 2), change(1, 1)] }
    expect([...server.events.values()]).toEqual([{ ...progress(4), layers }])
  })

  it('is bounded while the server is away: log lines go first, and their number is told', async () => {
    const server = store()
    let letGo = () => {}
    const away = new Promise<void>((resolve) => (letGo = resolve))
    const { events } = client({ send: async (request) => (await away, server.send(request)) })
    events.emit(log('sent'))
    await new Promise((resolve) => setTimeout(resolve, 5))
    events.emit({ type: 'step-started', step: 'fetch', message: '' })
    for (let i = 0; i < 5000; i++) events.emit(log(String(i)))
    letGo()
    await events.flush()
    const stored = [...server.events.values()]
    expect(stored.length).toBeLessThan(2100)
    expect(stored[1]).toMatchObject({ level: 'warn', text: expect.stringMatching(/^\d+ log lines were dropped/) })
    expect(stored[2]).toMatchObject({ type: 'step-started' })
    expect(stored.at(-1)).toEqual(log('4999'))
  })

  it('tells once that the server cancelled, and sends nothing after it', async () => {
    const server = store((response) => ({ ...response, cancelled: true }))
    const { events, cancelled } = client({ send: server.send })
    events.emit(log('a'))
    await events.flush()
    events.emit(log('b'))
    await events.flush()
    expect(cancelled).toHaveLength(1)
    expect(server.requests).toHaveLength(1)
  })

  it('takes a final refusal for a cancellation', async () => {
    const { events, cancelled } = client({ send: () => Promise.reject(new Error('404 no such install')) })
    events.emit(log('a'))
    await events.flush()
    expect(cancelled).toEqual(['404 no such install'])
  })

  it('flushes at once when there is nothing to say', async () => {
    await client({ send: store().send }).events.flush()
  })
})
