// A clock that stands still until a test moves it.
import type { Clock } from '../../server/core/clock.ts'

export interface TestClock extends Clock {
  advance(ms: number): void
}

export function testClock(start = '2026-01-31T12:00:00.000Z'): TestClock {
  let now = Date.parse(start)
  return {
    now: () => new Date(now),
    advance: (ms) => {
      now += ms
    },
  }
}
