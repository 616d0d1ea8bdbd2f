import { describe, expect, it } from 'vitest'
import { ownedNames } from '../../../server/host/owned-names.ts'

const { ownedName, isOrphan } = ownedNames('landfall-test')

describe('ownedNames', () => {
  it('are never the same, and no orphans while their process runs', () => {
    const [one, two] = [ownedName('disk'), ownedName('disk')]
    expect(one).not.toBe(two)
    expect([one, two].map(isOrphan)).toEqual([false, false])
  })

  it('are orphans when their process is gone, also when another has its number', () => {
    const [, start = ''] = new RegExp(`-${process.pid}-(\\d+)-`).exec(ownedName('x')) ?? []
    expect(isOrphan(`landfall-test-999999999-${start}-0-x`)).toBe(true)
    expect(isOrphan(`landfall-test-${process.pid}-1-0-x`)).toBe(true)
  })

  it('are nobody else’s names', () => {
    expect(['landfall-test', 'landfall-testing-1-2-x', 'x-landfall-test-1-2-x'].map(isOrphan)).toEqual([
      false,
      false,
      false,
    ])
  })
})
