import { describe, expect, it } from 'vitest'
import { formatAgo, formatMemory, percentOf, shortDigest } from '../../../web/src/ui/format.ts'

const NOW = Date.parse('2026-01-31T12:00:00.000Z')

describe('formats', () => {
  it.each([
    [2 ** 37, '128 GiB'],
    [2 ** 30 * 1.5, '1.5 GiB'],
    [2 ** 29, '512 MiB'],
  ])('%d bytes of memory as %s', (bytes, text) => expect(formatMemory(bytes)).toBe(text))

  it.each([
    [1000, 'now'],
    [12_000, '12 s ago'],
    [120_000, '2 min ago'],
    [7_300_000, '2 h ago'],
    [200_000_000, '2 d ago'],
    [-5000, 'now'],
  ])('%d ms back as %s', (back, text) => expect(formatAgo(new Date(NOW - back).toISOString(), NOW)).toBe(text))

  it('digests short, and shares whole', () => {
    expect(shortDigest(`sha256:${'ab'.repeat(32)}`)).toBe('abababababab')
    expect([percentOf(1, 3), percentOf(5, 0), percentOf(9, 3)]).toEqual([33, 0, 100])
  })
})
