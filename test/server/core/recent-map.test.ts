import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecentMap } from '../../../server/core/recent-map.ts'

describe('RecentMap', () => {
  it('knows which key was set longest ago', () => {
    const map = new RecentMap<string, number>()
    expect(map.oldest()).toBeUndefined()
    for (const [key, value] of [['a', 1], ['b', 2], ['c', 3], ['a', 4]] as const) map.set(key, value) // prettier-ignore
    expect(map.oldest()).toMatchObject({ key: 'b', value: 2 })
    map.delete('b')
    map.delete('never there')
    expect(map.keys()).toEqual(['c', 'a'])
    expect(map.get('a')).toBe(4)
    expect(map.size).toBe(2)
  })

  it('is a Map whose keys are deleted before they are set, whatever is done to it', () => {
    const step = fc.record({ what: fc.constantFrom('set', 'set', 'delete', 'drop the oldest'), key: fc.nat(6) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const [map, model] = [new RecentMap<number, number>(), new Map<number, number>()]
        for (const [at, { what, key: named }] of steps.entries()) {
          const key = what === 'drop the oldest' ? (map.oldest()?.key ?? named) : named
          model.delete(key)
          if (what === 'set') model.set(key, at)
          if (what === 'set') map.set(key, at)
          else map.delete(key)
          expect(map.keys()).toEqual([...model.keys()])
          expect(map.keys().map((one) => map.get(one))).toEqual([...model.values()])
          expect(map.size).toBe(model.size)
        }
      }),
    )
  })
})
