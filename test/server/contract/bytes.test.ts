import { describe, expect, it } from 'vitest'
import { formatBytes } from '../../../server/contract/bytes.ts'

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
