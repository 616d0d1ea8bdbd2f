import { describe, expect, it } from 'vitest'
import { formatSeconds, paceText, secondsLeft } from '../../../server/contract/pace.ts'

describe('pace', () => {
  it.each([
    [0.42, '0.4 s'],
    [59.4, '59 s'],
    [59.7, '1 min 0 s'],
    [119.7, '2 min 0 s'],
    [185, '3 min 5 s'],
    [3599.7, '1 h 0 min'],
    [7800, '2 h 10 min'],
  ])('%d seconds as %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text))

  it('tells the time left while something moves', () => {
    expect(secondsLeft({ bytes: 40, totalBytes: 100, rate: 10 })).toBe(6)
    expect(secondsLeft({ bytes: 40, totalBytes: 100, rate: 0 })).toBeUndefined()
    expect(secondsLeft({ bytes: 100, totalBytes: 100, rate: 10 })).toBeUndefined()
  })

  it('reads as people say it', () => {
    expect(paceText({ bytes: 3.1e6, totalBytes: 156e6, rate: 2.7e6 })).toBe('3.1 MB of 156 MB, 2.7 MB/s, 57 s left')
    expect(paceText({ bytes: 0, totalBytes: 156e6, rate: 0 })).toBe('0 B of 156 MB')
  })
})
