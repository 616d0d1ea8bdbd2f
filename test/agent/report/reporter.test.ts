import { describe, expect, it } from 'vitest'
import { textConsole } from '../../../boot-assets/agent/console.ts'
import { Reporter } from '../../../boot-assets/agent/report/reporter.ts'
import type { AgentEvent } from '../../../server/contract/agent.ts'

const AT = '2026-01-31T12:00:00.000Z'

function reporter() {
  let now = 0
  let text = ''
  const events: AgentEvent[] = []
  const console = textConsole({ write: (chunk: string) => (text += chunk) })
  let heard = () => {}
  const server = {
    emit: (event: AgentEvent) => void events.push(event),
    flush: () => new Promise<void>((done) => (heard = done)),
  }
  const report = new Reporter(console, server, () => now)
  return {
    hear: () => heard(),
    report,
    events,
    lines: () => text.trim().split('\n'),
    advance: (ms: number) => (now += ms),
  }
}

describe('Reporter', () => {
  it('frames a step', async () => {
    const { report, events } = reporter()
    expect(await report.step('fetch', 'streaming', async () => 7, 100)).toBe(7)
    expect(events).toEqual([
      { type: 'step-started', step: 'fetch', message: 'streaming', totalBytes: 100 },
      { type: 'step-done', step: 'fetch', message: '' },
    ])
  })

  it('leaves a failed step open and names it', async () => {
    const { report, events } = reporter()
    await expect(report.step('deploy', '', () => Promise.reject(new Error('x')))).rejects.toThrow('x')
    expect(events).toHaveLength(1)
    expect(report.current).toBe('deploy')
  })

  it('lets a disk be erased only when the server knows of it', async () => {
    const { report, events, hear } = reporter()
    const begin = {
      name: 'vda',
      serial: null,
      model: null,
      wwn: null,
      size: 1,
      method: 'discard',
      startedAt: AT,
    } as const
    let known = false
    const told = report.erasing(begin).then(() => (known = true))
    expect(events).toEqual([{ type: 'disk-erasing', report: begin }])
    await Promise.resolve()
    expect(known).toBe(false)
    hear()
    await told
    expect(known).toBe(true)
  })

  it('tells progress at most twice a second, shows it once a second, and always the end', () => {
    const { report, events, lines, advance } = reporter()
    const tell = report.progress()
    for (let i = 0; i < 100; i++) {
      tell(i, 100, '')
      advance(50)
    }
    tell(100, 100, '')
    expect(events).toHaveLength(11)
    expect(events.at(-1)).toMatchObject({ bytes: 100, totalBytes: 100 })
    expect(lines()).toHaveLength(6)
    expect(lines()[1]).toMatch(/20 %\s+20 B of 100 B\s+20 B\/s/)
  })

  it('takes the news of layers when it tells, and only then', () => {
    const { report, events, advance } = reporter()
    const tell = report.progress()
    let taken = 0
    const layers = () => ({ changes: [{ index: taken++, state: 'done' as const, bytes: 1, source: 'disk' }] })
    for (let i = 0; i < 10; i++) {
      tell(i, 100, '', layers)
      advance(100)
    }
    expect(taken).toBe(events.length)
    expect(events.at(-1)).toMatchObject({ layers: { changes: [{ index: events.length - 1 }] } })
  })

  it('cuts log lines to what the protocol takes', () => {
    const { report, events } = reporter()
    report.warn('x'.repeat(20_000))
    expect(events[0]).toMatchObject({ level: 'warn', text: 'x'.repeat(16_384) })
  })
})
