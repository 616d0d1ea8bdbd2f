import { describe, expect, it } from 'vitest'
import { PullTurns } from '../../../../server/oci/registry/pull-turns.ts'

describe('turns at pulling', () => {
  it('go to the client with the fewest transfers first, then to who waits longest', async () => {
    const turns = new PullTurns(3)
    const order: string[] = []
    const take = async (client: string, name: string) => {
      const end = await turns.take(client)
      order.push(name)
      return end
    }
    const greedy = [await take('a', 'a1'), await take('a', 'a2'), await take('a', 'a3')]
    const waiting = [take('a', 'a4'), take('b', 'b1'), take('c', 'c1')]
    greedy[0]!()
    greedy[0]!()
    await waiting[1]
    greedy[1]!()
    await waiting[2]
    greedy[2]!()
    await waiting[0]
    expect(order).toEqual(['a1', 'a2', 'a3', 'b1', 'c1', 'a4'])
  })

  it('are not kept for clients that went away', async () => {
    const turns = new PullTurns(1)
    const end = await turns.take('a')
    const gone = new AbortController()
    const waiting = turns.take('b', gone.signal)
    gone.abort()
    await expect(waiting).rejects.toThrow()
    end()
    ;(await turns.take('c'))()
  })
})
