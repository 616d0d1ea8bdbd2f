import { describe, expect, it } from 'vitest'
import type { Event, EventType } from '../../server/contract/event.ts'
import { hoursSince } from '../../web/src/features/overview/hours.ts'
import { inRuns } from '../../web/src/features/overview/news.ts'

describe('the hours of today', () => {
  it('have a column each, and count into the first what its hour began before', () => {
    const counts = [
      { at: '2026-01-31T22:00:00.000Z', succeeded: 1, failed: 0 },
      { at: '2026-01-31T23:00:00.000Z', succeeded: 2, failed: 1 },
      { at: '2026-02-03T00:00:00.000Z', succeeded: 9, failed: 9 },
    ]
    const columns = hoursSince(counts, '2026-01-31T22:30:00.000Z')
    expect(columns).toHaveLength(24)
    expect(columns[0]).toMatchObject({ succeeded: 3, failed: 1 })
    expect(columns.reduce((sum, { succeeded }) => sum + succeeded, 0)).toBe(3)
  })
})

describe('news', () => {
  it('of one kind by the same actor are told once', () => {
    const event = (type: EventType, actor: string): Event => ({
      seq: 1,
      at: '2026-01-31T12:00:00.000Z',
      type,
      actor,
      machineId: null,
      installId: null,
      message: '',
      data: {},
    })
    const runs = inRuns([
      event('install.created', 'token:ann'),
      event('install.created', 'token:ann'),
      event('install.created', 'token:bob'),
      event('image.added', 'token:bob'),
    ])
    expect(runs.map(({ event: { actor }, further }) => [actor, further])).toEqual([
      ['token:ann', 1],
      ['token:bob', 0],
      ['token:bob', 0],
    ])
  })
})
