import { describe, expect, it } from 'vitest'
import { Writeback } from '../../../boot-assets/agent/ostree/writeback.ts'

const MIB = 2 ** 20

describe('writing back early', () => {
  it('flushes now and then, one flush at a time, and at the end', async () => {
    const flushes: PromiseWithResolvers<void>[] = []
    const writeback = new Writeback(() => {
      flushes.push(Promise.withResolvers())
      return flushes.at(-1)!.promise
    })
    writeback.reached(MIB)
    expect(flushes).toHaveLength(0)
    writeback.reached(129 * MIB)
    writeback.reached(399 * MIB)
    expect(flushes).toHaveLength(1)
    flushes[0]!.resolve()
    await new Promise(setImmediate)
    writeback.reached(400 * MIB)
    writeback.reached(401 * MIB)
    expect(flushes).toHaveLength(2)
    const finished = writeback.finish()
    await new Promise(setImmediate)
    expect(flushes).toHaveLength(2)
    flushes[1]!.resolve()
    await new Promise(setImmediate)
    expect(flushes).toHaveLength(3)
    flushes[2]!.resolve()
    await finished
  })

  it('does not forget that an early flush failed: the last one may know nothing of it', async () => {
    let flushes = 0
    const writeback = new Writeback(async () => {
      if (++flushes === 1) throw new Error('the disk is broken')
    })
    writeback.reached(140 * MIB)
    await new Promise(setImmediate)
    writeback.reached(280 * MIB)
    expect(flushes).toBe(1)
    await expect(writeback.finish()).rejects.toThrow('the disk is broken')
  })
})
