import { describe, expect, it } from 'vitest'
import { FailureThrottle } from '../../../server/core/failure-throttle.ts'

describe('FailureThrottle', () => {
  it('lets a few failures pass, then asks for patience until the window has gone by', () => {
    let now = 0
    const throttle = new FailureThrottle({ limit: 3, windowMs: 60_000, now: () => now })
    for (let failure = 0; failure < 3; failure++) {
      expect(throttle.retryAfter('a')).toBe(0)
      throttle.failed('a')
      now += 1000
    }
    expect(throttle.retryAfter('a')).toBe(57)
    expect(throttle.retryAfter('b')).toBe(0)
    now = 60_000
    expect(throttle.retryAfter('a')).toBe(0)
  })

  it('takes the last failure back, or forgets them all', () => {
    const throttle = new FailureThrottle({ limit: 2 })
    for (let failure = 0; failure < 2; failure++) throttle.failed('a')
    throttle.forgive('a')
    expect(throttle.retryAfter('a')).toBe(0)
    throttle.failed('a')
    expect(throttle.retryAfter('a')).toBeGreaterThan(0)
    throttle.forget('a')
    throttle.failed('a')
    expect(throttle.retryAfter('a')).toBe(0)
  })

  it('remembers a bounded number of clients', () => {
    const throttle = new FailureThrottle({ limit: 1, maxClients: 2 })
    for (const client of ['a', 'b', 'c']) throttle.failed(client)
    expect(['a', 'b', 'c'].map((client) => throttle.retryAfter(client) > 0)).toEqual([false, true, true])
  })
})
