import { describe, expect, it } from 'vitest'
import { SharedBlocks } from '../../../server/http/shared-blocks.ts'

describe('SharedBlocks', () => {
  it('reads a block once for all who want it, and again when it was long unused', async () => {
    const blocks = new SharedBlocks(2)
    const reads: string[] = []
    const get = (content: string, index: number) =>
      blocks.get(content, index, async () => {
        reads.push(`${content}${index}`)
        return new Uint8Array(1)
      })
    const [one, two] = await Promise.all([get('a', 0), get('a', 0)])
    expect(one).toBe(two)
    await get('b', 0)
    await get('a', 0)
    await get('a', 1)
    await get('b', 0)
    expect(reads).toEqual(['a0', 'b0', 'a1', 'b0'])
  })

  it('remembers no failure', async () => {
    const blocks = new SharedBlocks()
    await expect(blocks.get('a', 0, () => Promise.reject(new Error('disk gone')))).rejects.toThrow('disk gone')
    expect(await blocks.get('a', 0, async () => new Uint8Array(2))).toHaveLength(2)
  })
})
