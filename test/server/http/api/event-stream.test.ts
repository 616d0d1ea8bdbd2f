import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { EventLog } from '../../../../server/core/events.ts'
import { eventStream } from '../../../../server/http/api/event-stream.ts'
import type { EventStreamOptions } from '../../../../server/http/api/event-stream.ts'
import { memoryLog } from '../memory-log.ts'

const MACHINE = '01890000-0000-7000-8000-000000000001'

function reader(log: EventLog, options: Partial<EventStreamOptions> = {}) {
  const stream = eventStream(log, { after: 0, signal: new AbortController().signal, ...options }).getReader()
  const decoder = new TextDecoder()
  const read = async () => {
    const { done, value } = await stream.read()
    return done ? undefined : decoder.decode(value)
  }
  const ids = async () => [...((await read()) ?? 'end').matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
  return { read, ids, cancel: () => stream.cancel() }
}

function add(log: EventLog, count: number, machineId?: string): void {
  for (let index = 0; index < count; index++)
    log.append({ type: 'server.warning', message: `number ${index}`, machineId })
}

describe('eventStream', () => {
  it('replays what the reader missed, then goes on live, without gap or repetition', async () => {
    const log = memoryLog()
    add(log, 3)
    const { read, ids } = reader(log, { after: 1 })
    expect(await read()).toBe('retry: 2000\n\n')
    expect(await ids()).toEqual([2, 3])
    const next = ids()
    add(log, 1)
    expect(await next).toEqual([4])
    add(log, 2)
    expect(await ids()).toEqual([5, 6])
  })

  it('sends each event as JSON under its number', async () => {
    const log = memoryLog()
    const event = log.append({ type: 'login', message: 'two\nlines', data: { a: 1 } })
    const { read } = reader(log)
    await read()
    const text = await read()
    expect(text).toBe(`id: 1\ndata: ${JSON.stringify(event)}\n\n`)
  })

  it('reads a page at a time, at the reader’s pace', async () => {
    const log = memoryLog()
    add(log, 450)
    const { read, ids } = reader(log)
    await read()
    expect([(await ids()).length, (await ids()).length, (await ids()).length]).toEqual([200, 200, 50])
  })

  it('filters, and does not lose its place among events the filter hides', async () => {
    const log = memoryLog()
    add(log, 2)
    const { read, ids } = reader(log, { filter: { machineId: MACHINE } })
    await read()
    const next = ids()
    add(log, 1)
    add(log, 1, MACHINE)
    expect(await next).toEqual([4])
  })

  it('looks at the rights of its reader before something is sent, once a second', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const log = memoryLog()
    add(log, 1000)
    let [asked, may] = [0, true]
    const mayRead = () => {
      asked++
      return may
    }
    const { read, ids } = reader(log, { mayRead })
    await read()
    for (let page = 0; page < 3; page++) expect(await ids()).toHaveLength(200)
    expect(asked).toBe(1)
    may = false
    vi.advanceTimersByTime(1000)
    expect(await read()).toBeUndefined()
  })

  it('is silent never for long', async () => {
    const { read } = reader(memoryLog(), { heartbeatMs: 5 })
    await read()
    expect(await read()).toBe(': still here\n\n')
    expect(await read()).toBe(': still here\n\n')
  })

  it('tells a reader from another history to start over', async () => {
    const log = memoryLog()
    add(log, 2)
    const { read, ids } = reader(log, { after: 77 })
    expect(await read()).toContain('event: reset\nid: 2\n')
    const next = ids()
    add(log, 1)
    expect(await next).toEqual([3])
  })

  it('ends with its signal, also while waiting', async () => {
    const stop = new AbortController()
    const { read } = reader(memoryLog(), { signal: stop.signal })
    await read()
    const end = read()
    stop.abort()
    expect(await end).toBeUndefined()
  })

  it('leaves the log alone once the reader is gone', async () => {
    const log = memoryLog()
    let listeners = 0
    const counting = new Proxy(log, {
      get(target, name) {
        if (name === 'subscribe') {
          return (listener: () => void) => {
            const end = target.subscribe(listener)
            listeners++
            return () => {
              listeners--
              end()
            }
          }
        }
        return (target[name as keyof EventLog] as () => unknown).bind(target)
      },
    })
    const { read, cancel } = reader(counting)
    await read()
    expect(listeners).toBe(1)
    await cancel()
    expect(listeners).toBe(0)
  })
})
