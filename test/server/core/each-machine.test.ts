import { beforeEach, describe, expect, it } from 'vitest'
import { forEachMachine } from '../../../server/core/each-machine.ts'
import { CoreError } from '../../../server/core/errors.ts'
import { testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const COUNT = 35

let core: TestCore
let ids: string[]
beforeEach(() => {
  core = testCore()
  const mac = (n: number) => `52:54:00:00:00:${n.toString(16).padStart(2, '0')}`
  ids = Array.from({ length: COUNT }, (_, n) => core.inventory.create({ macs: [mac(n)] }, 'a').id)
})

const label = (id: string): null => {
  core.inventory.change(id, { labels: { wave: '1' } }, 'a')
  return null
}
const labelled = () => core.inventory.list({ label: ['wave'] }).length
const noSpace = () => new CoreError('STORE_FULL', 'the disk is full')

describe('the same for many machines', () => {
  it('leaves others their turn, who see whole slices', async () => {
    const seen = new Set<number>()
    let over = false
    const look = () => {
      seen.add(labelled())
      if (!over) setImmediate(look)
    }
    setImmediate(look)
    const outcomes = await forEachMachine(core.store.transactions, ids, { work: label })
    over = true
    expect(outcomes).toEqual(ids.map((machineId) => ({ machineId, installId: null, error: null })))
    expect(seen).toEqual(new Set([10, 20, 30]))
    expect(labelled()).toBe(COUNT)
  })

  it('prepares each slice right before its work', async () => {
    const done: string[] = []
    const prepare = async (slice: readonly string[]) => void done.push(`prepare ${slice.length}`)
    const work = (): null => {
      if (done.at(-1) !== 'work') done.push('work')
      return null
    }
    await forEachMachine(core.store.transactions, ids.slice(0, 12), { work, prepare })
    expect(done).toEqual(['prepare 10', 'work', 'prepare 2', 'work'])
  })

  it('that the store fails at the beginning of throws, with nothing done', async () => {
    const work = (id: string): null => {
      label(id)
      if (id === ids[3]) throw noSpace()
      return null
    }
    const running = forEachMachine(core.store.transactions, ids, { work })
    await expect(running).rejects.toThrowWithCode(CoreError, 'STORE_FULL')
    expect(labelled()).toBe(0)
  })

  it('that the store fails later tells which machines were not reached', async () => {
    const work = (id: string): null => {
      label(id)
      if (id === ids[15]) throw noSpace()
      return null
    }
    const outcomes = await forEachMachine(core.store.transactions, ids, { work })
    expect(outcomes.map(({ machineId }) => machineId)).toEqual(ids)
    expect(outcomes.map(({ error }) => error?.code)).toEqual(ids.map((_, at) => (at < 10 ? undefined : 'STORE_FULL')))
    expect(labelled()).toBe(10)
  })
})
