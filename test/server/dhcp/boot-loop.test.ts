import { describe, expect, it } from 'vitest'
import { createBootLoopWatch } from '../../../server/dhcp/boot-loop.ts'
import { MAC, NOW, SECOND } from './messages.ts'

describe('createBootLoopWatch', () => {
  it('statement 50: tells once of five loaders without a script', () => {
    const watch = createBootLoopWatch()
    const told = Array.from({ length: 20 }, (_, n) => watch.loaderServed(MAC, n, NOW + n * SECOND))
    expect(told.flatMap((count, n) => (count === undefined ? [] : [[n, count]]))).toEqual([[4, 5]])
  })

  it('counts retransmissions once', () => {
    const watch = createBootLoopWatch()
    for (let n = 0; n < 100; n++) expect(watch.loaderServed(MAC, 7, NOW + n * SECOND)).toBeUndefined()
  })

  it('starts anew with a script, and after ten quiet minutes', () => {
    const watch = createBootLoopWatch()
    const four = (from: number, at: number) => [0, 1, 2, 3].map((n) => watch.loaderServed(MAC, from + n, at))
    four(0, NOW)
    watch.scriptServed(MAC)
    expect(four(10, NOW)).toEqual(Array(4).fill(undefined))
    expect(four(20, NOW + 601 * SECOND)).toEqual(Array(4).fill(undefined))
    expect(watch.loaderServed(MAC, 30, NOW + 602 * SECOND)).toBe(5)
  })
})
