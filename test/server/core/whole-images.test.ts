import { describe, expect, it } from 'vitest'
import type { ImageArrivals } from '../../../server/core/images.ts'
import type { ContentGate } from '../../../server/core/layers.ts'
import { WholeImages } from '../../../server/core/whole-images.ts'

describe('news of images', () => {
  it('is one promise until there is some, whichever part has it', async () => {
    const parts = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let asked = 0
    const arrivals = { settled: () => (asked++, parts[0]!.promise) } as unknown as ImageArrivals
    const contents = { settled: () => parts[1]!.promise } as unknown as ContentGate
    const gate = new WholeImages({ arrivals, contents })
    const news = gate.settled()
    expect(gate.settled()).toBe(news)
    expect(asked).toBe(1)
    parts[1]!.resolve()
    await news
    expect(gate.settled()).not.toBe(news)
    expect(asked).toBe(2)
  })
})
