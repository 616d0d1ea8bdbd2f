import { describe, expect, it } from 'vitest'
import { headMemory } from '../../../../server/http/boot/head-memory.ts'

function counting() {
  let now = 0
  let made = 0
  const texts = headMemory({ now: () => now })
  return {
    ask: (isHead: boolean, key = 'a') => texts(isHead, key, () => `text ${++made}`),
    pass: (ms: number) => (now += ms),
  }
}

describe('a text for HEAD and GET', () => {
  it('is the same for a HEAD and the GET behind it, and new for the next', () => {
    const { ask } = counting()
    expect([ask(true), ask(false), ask(false)]).toEqual(['text 1', 'text 1', 'text 2'])
    expect([ask(true), ask(true), ask(false)]).toEqual(['text 3', 'text 3', 'text 3'])
  })

  it('is not another one’s', () => {
    const { ask } = counting()
    expect([ask(true, 'a'), ask(false, 'b')]).toEqual(['text 1', 'text 2'])
  })

  it('is made anew when nobody came for it', () => {
    const { ask, pass } = counting()
    ask(true)
    pass(60_000)
    expect(ask(false)).toBe('text 2')
  })
})
