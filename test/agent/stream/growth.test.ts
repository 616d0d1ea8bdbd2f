import { describe, expect, it } from 'vitest'
import { StreamError } from '../../../boot-assets/agent/stream/errors.ts'
import { Growth } from '../../../boot-assets/agent/stream/growth.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

describe('the growth of a layer', () => {
  it.each([
    ['a small one with a large file of zeros', 1000, GIB],
    ['a large one that grows a hundredfold', 100 * MIB, 100 * 100 * MIB],
  ])('is free to be that of an honest one: %s', (_, compressed, uncompressed) => {
    const growth = new Growth('a layer', compressed)
    expect(() => growth.add(uncompressed)).not.toThrow()
  })

  it('ends with the byte that is too much', () => {
    const growth = new Growth('a layer', MIB)
    for (let left = GIB + 100 * MIB; left > 0; left -= MIB) growth.add(MIB)
    expect(() => growth.add(1)).toThrowWithCode(StreamError, 'LAYER_BOMB')
  })
})
