import { describe, expect, it } from 'vitest'
import { formatBytes, parseBytes } from '../../../server/contract/bytes.ts'

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1536, '1.54 kB'],
    [999_400, '999 kB'],
    [999_600, '1 MB'],
    [92_130_704, '92.1 MB'],
    [1_920_383_410_176, '1.92 TB'],
    [5e19, '50000 PB'],
  ])('says %d as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))
})

describe('parseBytes', () => {
  it.each([
    ['0', 0],
    ['1073741824', 2 ** 30],
    ['10GiB', 10 * 2 ** 30],
    [' 10 GiB ', 10 * 2 ** 30],
    ['2 MB', 2_000_000],
    ['3kB', 3000],
  ])('reads %j', (text, bytes) => expect(parseBytes(text)).toBe(bytes))

  it.each(['', 'GiB', '1.5 GiB', '-1', '10 gib', '10 Gi', '1e9', '999999999999999 TiB', '1 toString'])(
    'refuses %j',
    (text) => expect(parseBytes(text)).toBeUndefined(),
  )
})
