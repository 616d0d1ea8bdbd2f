import { describe, expect, it } from 'vitest'
import { keyLines } from '../../../server/config/key-lines.ts'

describe('keyLines', () => {
  it('finds keys of tables, dotted and quoted ones, and lists of tables', () => {
    const text = ['name = 1', '', '[a]  # note', 'b.c = 2', '"d" = 3', '[ a . e ]', 'f=4', '[[g.h]]', 'i = 5'].join(
      '\n',
    )
    expect(Object.fromEntries(keyLines(text))).toEqual({
      name: 1,
      a: 3,
      'a.b': 4,
      'a.b.c': 4,
      'a.d': 5,
      'a.e': 6,
      'a.e.f': 7,
      g: 8,
      'g.h': 8,
      'g.h.i': 9,
    })
  })
})
