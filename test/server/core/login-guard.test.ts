import { describe, expect, it } from 'vitest'
import { LoginGuard, TooManyAttempts } from '../../../server/core/login-guard.ts'
import type { Attempt } from '../../../server/core/login-guard.ts'
import { testClock } from '../../helpers/clock.ts'

function testGuard() {
  const clock = testClock()
  const guard = new LoginGuard(clock)
  const refused = (attempt: Attempt) => {
    try {
      guard.admit(attempt)
      return false
    } catch (error) {
      expect(error).toBeInstanceOf(TooManyAttempts)
      return true
    }
  }
  return { clock, guard, refused }
}

/** Failures as one name, each from another address. */
function guess(refused: (attempt: Attempt) => boolean, times: number): number {
  return Array.from({ length: times }, (_, i) => refused({ name: 'ann', address: `198.51.100.${i}` })).filter(Boolean)
    .length
}

describe('one address', () => {
  it('has five failures a minute, whatever the names', () => {
    const { clock, refused } = testGuard()
    const attempts = Array.from({ length: 7 }, (_, i) => refused({ name: `n${i}`, address: '192.0.2.1' }))
    expect(attempts).toEqual([false, false, false, false, false, true, true])
    expect(refused({ address: '192.0.2.2' })).toBe(false)
    clock.advance(60_000)
    expect(refused({ address: '192.0.2.1' })).toBe(false)
  })

  it('is a whole network in IPv6', () => {
    const { refused } = testGuard()
    for (let i = 1; i <= 5; i++) expect(refused({ address: `2001:db8:0:1::${i}` })).toBe(false)
    expect(refused({ address: '2001:db8::1:5:6:7:8' })).toBe(true)
    expect(refused({ address: '2001:db8:0:2::1' })).toBe(false)
  })

  it('does not win further guesses by logging in as somebody else in between', () => {
    const { guard, refused } = testGuard()
    const address = '192.0.2.1'
    for (let i = 0; i < 5; i++) {
      const mine = { name: 'eve', address, isKnownHere: true }
      guard.admit(mine)
      guard.succeeded(mine)
      expect(refused({ name: `victim${i}`, address })).toBe(false)
    }
    expect(refused({ name: 'victim5', address })).toBe(true)
  })
})

describe('one name', () => {
  it('has ten failures in a quarter of an hour, whatever the addresses', () => {
    const { refused } = testGuard()
    expect(guess(refused, 15)).toBe(5)
    expect(refused({ name: 'ANN', address: '203.0.113.1' })).toBe(true)
    expect(refused({ name: 'bob', address: '203.0.113.1' })).toBe(false)
  })

  it('stays open where its owner comes from', () => {
    const { refused } = testGuard()
    guess(refused, 15)
    expect(refused({ name: 'ann', address: '192.0.2.7', isKnownHere: true })).toBe(false)
  })

  it('is not locked for ever, however long somebody knocks', () => {
    const { clock, refused } = testGuard()
    guess(refused, 10)
    for (let minute = 0; minute < 14; minute++) {
      clock.advance(60_000)
      expect(guess(refused, 20)).toBe(20)
    }
    clock.advance(60_000)
    expect(refused({ name: 'ann', address: '203.0.113.1' })).toBe(false)
  })

  it('has no failure, nor has the address, of what came to nothing by no fault of theirs', () => {
    const { guard, refused } = testGuard()
    for (let i = 0; i < 15; i++) {
      const attempt = { name: 'ann', address: '192.0.2.1' }
      expect(refused(attempt)).toBe(false)
      guard.withdrawn(attempt)
    }
  })

  it('opens by an administrator', () => {
    const { guard, refused } = testGuard()
    guess(refused, 10)
    guard.unlock('Ann')
    expect(refused({ name: 'ann', address: '203.0.113.1' })).toBe(false)
  })
})
