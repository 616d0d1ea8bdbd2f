import { describe, expect, it } from 'vitest'
import type { Entry } from '../../../server/trace/entry.ts'
import { RECORDER_LIMITS, Recorder } from '../../../server/trace/recorder.ts'

const KB = 1024

function entry(at: number, bytes: number): Entry {
  const end = { address: '0.0.0.0', port: 68 }
  const common = { interface: 'lan0', local: '10.77.0.1', from: end, to: end }
  return {
    kind: 'dhcp-datagram',
    version: 4,
    at,
    datagram: { at, direction: 'in', ...common, bytes: new Uint8Array(bytes) },
  }
}

describe('Recorder', () => {
  it('keeps the newest of each client, within its bytes', () => {
    const recorder = new Recorder({ clientBytes: 10 * KB, totalBytes: 100 * KB, routineEntries: 4 })
    for (let at = 0; at < 100; at++) recorder.add('a', entry(at, 600))
    const kept = recorder.entriesOf(['a'])
    expect(kept.at(-1)!.at).toBe(99)
    expect(kept.length).toBeGreaterThan(5)
    expect(recorder.bytes).toBeLessThanOrEqual(10 * KB)
  })

  it('forgets whoever was quiet for longest when all of it grows too large', () => {
    const recorder = new Recorder({ clientBytes: 10 * KB, totalBytes: 20 * KB, routineEntries: 4 })
    for (let n = 0; n < 100; n++) {
      recorder.add('busy', entry(n, 100))
      recorder.add(`stranger ${n}`, entry(n, 600))
    }
    expect(recorder.bytes).toBeLessThanOrEqual(20 * KB)
    expect(recorder.clients()).toContain('busy')
    expect(recorder.clients()).not.toContain('stranger 0')
    expect(recorder.clients().at(-1)).toBe('stranger 99')
  })

  it('lets no routine push out a boot', () => {
    const recorder = new Recorder()
    recorder.add('a', entry(0, 300))
    for (let at = 1; at < 10_000; at++) recorder.add('a', entry(at, 300), { routine: true })
    expect(recorder.entriesOf(['a']).map(({ at }) => at)).toEqual([
      0,
      ...Array.from({ length: RECORDER_LIMITS.routineEntries }, (_, n) => 10_000 - RECORDER_LIMITS.routineEntries + n),
    ])
  })

  it('puts several clients of one machine in order of time', () => {
    const recorder = new Recorder()
    recorder.add('eth0', entry(1, 1))
    recorder.add('eth1', entry(2, 1))
    recorder.add('eth0', entry(3, 1))
    expect(recorder.entriesOf(['eth0', 'eth1', 'eth2']).map(({ at }) => at)).toEqual([1, 2, 3])
  })

  it('stays within its bytes whoever knocks', () => {
    const recorder = new Recorder()
    for (let n = 0; n < 60_000; n++) recorder.add(`mac ${n}`, entry(n, 590))
    expect(recorder.bytes).toBeLessThanOrEqual(RECORDER_LIMITS.totalBytes)
    expect(recorder.clients().length).toBeLessThan(8000)
  })
})
