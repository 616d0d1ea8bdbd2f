import { describe, expect, it } from 'vitest'
import { CoreError } from '../../../server/core/errors.ts'
import { testCore } from '../../helpers/store-fakes.ts'

const BY = { actor: 'a', scope: null }
const MISSING = '01890000-0000-7000-8000-000000000001'

/** Three machines, two of them in rack r1. */
function rack() {
  const core = testCore()
  const add = (index: number, rack: string) => {
    // Ids begin with the time, and are the order.
    core.clock.advance(1)
    return core.inventory.create({ macs: [`52:54:00:00:00:0${index}`], name: `web-${index}`, labels: { rack } }, 'a').id
  }
  const ids = [add(1, 'r1'), add(2, 'r1'), add(3, 'r2')]
  return { ...core, ids, filter: { label: ['rack=r1'] } }
}

describe('a bulk change', () => {
  it('assigns an image to all that the filter means, and tells each result by name', async () => {
    const { bulk, inventory, ids, filter } = rack()
    const action = { type: 'assign', image: 'os/web:stable' } as const
    const { results } = await bulk.run({ filter, expected: 2, action }, BY)
    expect(results).toMatchObject([
      { machineId: ids[0], name: 'web-1', error: null },
      { machineId: ids[1], name: 'web-2', error: null },
    ])
    expect(ids.map((id) => inventory.get(id).state)).toEqual(['assigned', 'assigned', 'ready'])
  })

  it('does nothing when the filter means another number of machines than the person saw', async () => {
    const { bulk, inventory, ids, filter } = rack()
    inventory.update(ids[2]!, { labels: { rack: 'r1' } }, 'a')
    const running = bulk.run({ filter, expected: 2, action: { type: 'retire' } }, BY)
    await expect(running).rejects.toThrowWithCode(CoreError, 'CONFLICT')
    expect(ids.map((id) => inventory.get(id).state)).toEqual(['ready', 'ready', 'ready'])
  })

  it('fails machine by machine', async () => {
    const { bulk, inventory, ids } = rack()
    inventory.retire(ids[0]!, 'a')
    const machines = [ids[0]!, MISSING, ids[1]!, ids[1]!]
    const { results } = await bulk.run({ machines, action: { type: 'assign', image: 'os/web:stable' } }, BY)
    expect(results.map(({ name, error }) => [name, error?.code])).toEqual([
      ['web-1', 'MACHINE_RETIRED'],
      [null, 'MACHINE_NOT_FOUND'],
      ['web-2', undefined],
    ])
  })

  it('reinstalls what each machine wants, and refuses those that want nothing', async () => {
    const { bulk, inventory, ids } = rack()
    inventory.update(ids[0]!, { spec: { image: 'os/web:stable' } }, 'a')
    inventory.update(ids[1]!, { spec: { image: 'os/web:next' } }, 'a')
    const { results } = await bulk.run({ machines: ids, action: { type: 'reinstall' } }, BY)
    expect(results.map(({ error }) => error?.code)).toEqual([undefined, undefined, 'VALIDATION'])
    expect(ids.map((id) => inventory.toSummary(id).image)).toEqual(['os/web:stable', 'os/web:next', null])
  })

  it('sets and removes labels, and leaves the others and those who have them alone', async () => {
    const { bulk, inventory, events, ids } = rack()
    const action = { type: 'label', set: { row: '2' }, remove: ['rack'] } as const
    await bulk.run({ machines: [ids[0]!], action: { ...action, remove: [] } }, BY)
    expect(inventory.get(ids[0]!).labels).toEqual({ rack: 'r1', row: '2' })
    await bulk.run({ machines: ids, action: { ...action, remove: ['rack'] } }, BY)
    expect(ids.map((id) => inventory.get(id).labels)).toEqual([{ row: '2' }, { row: '2' }, { row: '2' }])
    const told = events.recent({ limit: 1 })
    await bulk.run({ machines: ids, action: { ...action, remove: [] } }, BY)
    expect(events.recent({ limit: 1 })).toEqual(told)
  })

  it('does not find machines beyond the scope of whoever asks, nor lets others leave it', async () => {
    const { bulk, inventory, ids } = rack()
    const by = { actor: 'a', scope: { rack: 'r1' } }
    const retired = await bulk.run({ machines: [ids[2]!, ids[0]!], action: { type: 'retire' } }, by)
    expect(retired.results.map(({ name, error }) => [name, error?.code])).toEqual([
      [null, 'MACHINE_NOT_FOUND'],
      ['web-1', undefined],
    ])
    const assign = { type: 'assign', image: 'os/web:stable' } as const
    const assigned = await bulk.run({ machines: [ids[1]!, ids[2]!], action: assign }, by)
    expect(assigned.results.map(({ error }) => error?.code)).toEqual([undefined, 'MACHINE_NOT_FOUND'])
    expect(ids.map((id) => inventory.get(id).state)).toEqual(['retired', 'assigned', 'ready'])

    const all = { filter: {}, expected: 2 }
    await bulk.run({ ...all, action: { type: 'label', set: { rack: 'r1', row: '2' }, remove: [] } }, by)
    for (const change of [
      { set: { rack: 'r2' }, remove: [] },
      { set: {}, remove: ['rack'] },
    ]) {
      const running = bulk.run({ ...all, action: { type: 'label', ...change } }, by)
      await expect(running).rejects.toThrowWithCode(CoreError, 'OUT_OF_SCOPE')
    }
    expect(ids.map((id) => inventory.get(id).labels)).toEqual([
      { rack: 'r1', row: '2' },
      { rack: 'r1', row: '2' },
      { rack: 'r2' },
    ])
  })
})
