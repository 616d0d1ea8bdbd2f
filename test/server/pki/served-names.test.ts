import { describe, expect, it } from 'vitest'
import { servedNames } from '../../../server/pki/served-names.ts'

describe('servedNames', () => {
  it('names loopback, this host and the extra names, each once and without zones', () => {
    const names = servedNames(['landfall.example', 'localhost'])
    expect(names).toEqual(expect.arrayContaining(['localhost', '127.0.0.1', '::1', 'landfall.example']))
    expect(new Set(names).size).toBe(names.length)
    expect(names.some((name) => name.includes('%') || name.startsWith('fe80'))).toBe(false)
  })
})
