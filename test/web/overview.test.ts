import { describe, expect, it } from 'vitest'
import type { Event, EventType } from '../../server/contract/event.ts'
import { daysUntil, hoursSince } from '../../web/src/features/overview/ended.ts'
import { inRuns } from '../../web/src/features/overview/news.ts'
import { SPAN_MS, withSample } from '../../web/src/api/throughput.ts'

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

describe('the days of two weeks', () => {
  it('have a column each, the last of which is today', () => {
    const counts = [
      { at: '2026-01-18T00:00:00.000Z', succeeded: 1, failed: 0 },
      { at: '2026-01-31T00:00:00.000Z', succeeded: 2, failed: 1 },
    ]
    const columns = daysUntil(counts, '2026-01-31T00:00:00.000Z')
    expect(columns).toHaveLength(14)
    expect(columns[0]).toMatchObject({ succeeded: 1, failed: 0 })
    expect(columns[13]).toMatchObject({ succeeded: 2, failed: 1 })
  })
})

describe('the throughput', () => {
  it('is what was seen in the last minutes, each moment once', () => {
    const first = withSample([], { at: 1000, rate: 5 })
    expect(withSample(first, { at: 1000, rate: 7 })).toBe(first)
    const second = withSample(first, { at: 2000, rate: 7 })
    expect(second.map(({ rate }) => rate)).toEqual([5, 7])
    expect(withSample(second, { at: 1500 + SPAN_MS, rate: 9 }).map(({ rate }) => rate)).toEqual([7, 9])
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
