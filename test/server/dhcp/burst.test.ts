import { describe, expect, it } from 'vitest'
import { Burst } from '../../../server/dhcp/burst.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('Burst', () => {
  it('hands over together what comes in consecutive turns of the event loop', async () => {
    const flushed: number[][] = []
    const burst = new Burst<number>((waiting) => flushed.push([...waiting]))
    burst.add(1)
    await turn()
    burst.add(2)
    await turn()
    await turn()
    await turn()
    expect(flushed).toEqual([[1, 2]])
    burst.add(3)
    for (let n = 0; n < 3; n++) await turn()
    expect(flushed).toEqual([[1, 2], [3]])
  })

  it('does not grow for ever, however much comes in', async () => {
    const flushed: number[] = []
    const burst = new Burst<number>((waiting) => flushed.push(waiting.length))
    for (let n = 0; n < 40; n++) {
      for (let m = 0; m < 32; m++) burst.add(m)
      await turn()
    }
    for (let n = 0; n < 3; n++) await turn()
    expect(flushed.length).toBeGreaterThan(1)
    expect(Math.max(...flushed)).toBeLessThan(600)
    expect(flushed.reduce((sum, n) => sum + n, 0)).toBe(40 * 32)
  })
})
