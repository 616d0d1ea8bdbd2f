import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DhcpError } from '../../../server/dhcp/errors.ts'
import type { DhcpEvent } from '../../../server/dhcp/events.ts'
import type { Listener } from '../../../server/dhcp/listener.ts'
import { PatientListener } from '../../../server/dhcp/patient-listener.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const busy = () => new DhcpError('ADDRESS_IN_USE', 'opening it: another program holds the port')

/** Fails to start with each of `failures` in turn, then starts. */
function patient(...failures: Error[]) {
  const events: DhcpEvent[] = []
  const calls: string[] = []
  const listener: Listener = {
    async start() {
      calls.push('start')
      const failure = failures.shift()
      if (failure) throw failure
    },
    async stop() {
      calls.push('stop')
    },
  }
  const one = new PatientListener({
    interface: 'eth1',
    listener,
    onEvent: (event) => void events.push(event),
    onOpen: () => void calls.push('open'),
    retryMs: 1000,
  })
  return { one, events, calls }
}

describe('PatientListener', () => {
  it('tries a taken port again until it is free, and says so once', async () => {
    const { one, events, calls } = patient(busy(), busy())
    await one.start()
    expect([one.running, one.problem]).toEqual([false, 'opening it: another program holds the port'])
    await vi.advanceTimersByTimeAsync(999)
    expect(calls).toEqual(['start'])
    await vi.advanceTimersByTimeAsync(1001)
    expect(calls).toEqual(['start', 'start', 'start', 'open'])
    expect([one.running, one.problem]).toEqual([true, null])
    expect(events.map(({ type }) => type)).toEqual(['port-busy'])
  })

  it('rejects for what waiting does not mend', async () => {
    const { one } = patient(new DhcpError('NOT_PERMITTED', 'needs root'))
    await expect(one.start()).rejects.toThrowWithCode(DhcpError, 'NOT_PERMITTED')
  })

  it('tries no more once it was stopped', async () => {
    const { one, calls } = patient(busy())
    await one.start()
    await one.stop()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(calls).toEqual(['start', 'stop'])
    expect(one.running).toBe(false)
  })
})
