import { describe, expect, it } from 'vitest'
import type { Event } from '../../../server/contract/event.ts'
import { NewestEvents } from '../../../server/core/newest-events.ts'

function event(seq: number, more: Partial<Event> = {}): Event {
  const base = { at: '2026-01-31T12:00:00.000Z', machineId: null, installId: null, actor: 'system', data: {} }
  return { seq, type: 'server.warning', message: `event ${seq}`, ...base, ...more }
}

describe('NewestEvents', () => {
  it('answers from the number on that it has heard everything of', () => {
    const newest = new NewestEvents(7)
    expect(newest.after(7, 10, {})).toEqual([])
    expect(newest.after(6, 10, {})).toBeUndefined()
    for (let seq = 8; seq <= 307; seq++) newest.add(event(seq), undefined)
    expect(newest.after(106, 10, {})).toBeUndefined()
    expect(newest.after(107, 2, {})?.map(({ seq }) => seq)).toEqual([108, 109])
    expect(newest.after(305, 10, {})?.map(({ seq }) => seq)).toEqual([306, 307])
  })

  it('filters by type, and leaves machines and scopes to the log', () => {
    const newest = new NewestEvents(0)
    newest.add(event(1, { machineId: 'm', installId: 'i', type: 'install.failed' }), undefined)
    newest.add(event(2, { machineId: 'n' }), undefined)
    expect(newest.after(0, 10, { types: ['install.failed'] })).toHaveLength(1)
    expect(newest.after(0, 10, { types: ['boot.script'] })).toEqual([])
    expect(newest.after(0, 10, { scope: null })).toHaveLength(2)
    for (const filter of [{ scope: { rack: 'r1' } }, { machineId: 'm' }, { installId: 'i' }]) {
      expect(newest.after(0, 10, filter)).toBeUndefined()
    }
  })

  it('has one event of a slot, the newest', () => {
    const newest = new NewestEvents(0)
    newest.add(event(1), 'p')
    newest.add(event(2), 'q')
    newest.add(event(3), 'p')
    expect(newest.after(0, 10, {})?.map(({ seq }) => seq)).toEqual([2, 3])
  })
})
