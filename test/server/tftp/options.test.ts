import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { negotiate } from '../../../server/tftp/options.ts'

function terms(options: Record<string, string>, { mode = 'octet', size = 1000 } = {}) {
  const request = { op: 'rrq' as const, file: 'x', mode, options: new Map(Object.entries(options)) }
  const { accepted, ...rest } = negotiate(request, size)
  return { ...rest, accepted: Object.fromEntries(accepted) }
}

describe('negotiate', () => {
  it.each([
    ['no options', {}, { blksize: 512, windowsize: 1, accepted: {} }],
    [
      'edk2',
      { tsize: '0', blksize: '1468', windowsize: '4' },
      { blksize: 1468, windowsize: 4, accepted: { tsize: '1000', blksize: '1468', windowsize: '4' } },
    ],
    ['statement 63: exact size', { tsize: '17' }, { blksize: 512, windowsize: 1, accepted: { tsize: '1000' } }],
    [
      'blocks larger than a frame',
      { blksize: '65464' },
      { blksize: 1468, windowsize: 1, accepted: { blksize: '1468' } },
    ],
    ['a wide window', { windowsize: '65535' }, { blksize: 512, windowsize: 64, accepted: { windowsize: '64' } }],
    [
      'a timeout, echoed',
      { timeout: '3' },
      { blksize: 512, windowsize: 1, timeoutMs: 3000, accepted: { timeout: '3' } },
    ],
    [
      'unknown options',
      { multicast: '', rollover: '0', tsize: '0' },
      { blksize: 512, windowsize: 1, accepted: { tsize: '1000' } },
    ],
  ])('%s', (_name, options, expected) => {
    expect(terms(options)).toEqual(expected)
  })

  it.each([
    { blksize: '7' }, { blksize: '65465' }, { blksize: '' }, { blksize: 'junk' }, { blksize: '-512' }, { blksize: '1e3' },
    { windowsize: '0' }, { windowsize: '65536' }, { timeout: '0' }, { timeout: '256' }, { tsize: 'x' },
  ])('statement 62: leaves out %j and goes on', (options) => {
    expect(terms(options)).toEqual({ blksize: 512, windowsize: 1, accepted: {} })
  }) // prettier-ignore

  it('netascii goes block by block, without size', () => {
    const asked = { tsize: '0', windowsize: '8', blksize: '1024' }
    expect(terms(asked, { mode: 'netascii' })).toEqual({ blksize: 1024, windowsize: 1, accepted: { blksize: '1024' } })
  })

  it('statement 60: accepts only what was asked, and never more than was asked', () => {
    const value = fc.oneof(fc.integer({ min: -5, max: 70_000 }).map(String), fc.string({ maxLength: 5 }))
    const name = fc.constantFrom('blksize', 'windowsize', 'timeout', 'tsize', 'multicast', 'utimeout')
    fc.assert(
      fc.property(fc.dictionary(name, value), (options) => {
        const { accepted } = terms(options)
        return Object.entries(accepted).every(
          ([key, answer]) => key in options && (key === 'tsize' || Number(answer) <= Number(options[key])),
        )
      }),
      { numRuns: 3000, seed: 60 },
    )
  })
})
