import { beforeEach, describe, expect, it } from 'vitest'
import { Event } from '../../../server/contract/event.ts'
import { testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const DAY_MS = 24 * 3600 * 1000

let core: TestCore
let heard: number[]
beforeEach(() => {
  core = testCore()
  heard = []
  core.events.subscribe(({ seq }) => heard.push(seq))
})

describe('EventLog', () => {
  it('numbers events and finds them by number, machine and type', () => {
    const first = core.events.append({ type: 'server.started', message: 'started' })
    core.events.append({ type: 'boot.script', message: 'script', machineId: 'm1', data: { a: 1 } })
    core.events.append({ type: 'boot.asset', message: 'asset', machineId: 'm1', installId: 'i1' })
    expect(first).toMatchObject({ seq: 1, at: '2026-01-31T12:00:00.000Z', actor: 'system', machineId: null, data: {} })
    expect(Event.parse(first)).toEqual(first)
    const seqs = (events: Event[]) => events.map(({ seq }) => seq)
    expect(seqs(core.events.since(1))).toEqual([2, 3])
    expect(seqs(core.events.since(0, { limit: 2 }))).toEqual([1, 2])
    expect(seqs(core.events.since(0, { machineId: 'm1', types: ['boot.asset'] }))).toEqual([3])
    expect(seqs(core.events.since(0, { installId: 'i1' }))).toEqual([3])
    expect(seqs(core.events.recent({ limit: 2 }))).toEqual([3, 2])
    expect(seqs(core.events.recent({ before: 3, machineId: 'm1' }))).toEqual([2])
    expect(core.events.last()).toBe(3)
    expect(heard).toEqual([1, 2, 3])
  })

  it('finds the first and the newest of several types, within a scope', () => {
    const { inventory, events } = core
    const inside = inventory.create({ macs: ['52:54:00:00:00:01'], labels: { rack: 'r1' } }, 'a').id
    const outside = inventory.create({ macs: ['52:54:00:00:00:02'] }, 'a').id
    const start = events.last()
    const types = ['boot.script', 'boot.asset'] as const
    for (let i = 0; i < 6; i++) {
      events.append({ type: types[i % 2]!, machineId: i < 4 ? inside : outside, message: String(i) })
      events.append({ type: 'boot.dhcp', machineId: inside, message: 'other' })
    }
    const told = (found: Event[]) => found.map(({ message }) => message)
    expect(told(events.since(start, { types, limit: 3 }))).toEqual(['0', '1', '2'])
    expect(told(events.recent({ types, limit: 3 }))).toEqual(['5', '4', '3'])
    expect(told(events.recent({ types, limit: 3, scope: { rack: 'r1' } }))).toEqual(['3', '2', '1'])
    expect(told(events.since(start, { types, scope: { rack: 'r1' }, machineId: outside }))).toEqual([])
    expect(told(events.recent({ types: [] }))).toEqual([])
  })

  it('keeps one event of a slot, under a new number', () => {
    core.events.append({ type: 'install.progress', message: '10 %', slot: 'p' })
    core.events.append({ type: 'install.progress', message: '10 %', slot: 'q' })
    core.events.append({ type: 'install.progress', message: '20 %', slot: 'p' })
    expect(core.events.since(0).map(({ seq, message }) => [seq, message])).toEqual([
      [2, '10 %'],
      [3, '20 %'],
    ])
  })

  it('never gives a number twice', () => {
    core.events.append({ type: 'install.progress', message: '1', slot: 'p' })
    core.events.append({ type: 'install.progress', message: '2', slot: 'p' })
    expect(core.events.append({ type: 'install.progress', message: '3', slot: 'p' }).seq).toBe(3)
  })

  it('tells listeners after the commit, in order, and never of what was undone', () => {
    const { transactions } = core.store
    transactions.transaction(() => {
      core.events.append({ type: 'server.warning', message: 'a' })
      expect(() =>
        transactions.transaction(() => {
          core.events.append({ type: 'server.warning', message: 'undone' })
          throw new Error('inner')
        }),
      ).toThrow('inner')
      core.events.append({ type: 'server.warning', message: 'b' })
      expect(heard).toEqual([])
    })
    expect(core.events.since(0).map(({ message }) => message)).toEqual(['a', 'b'])
    expect(heard).toEqual(core.events.since(0).map(({ seq }) => seq))

    expect(() =>
      transactions.transaction(() => {
        core.events.append({ type: 'server.warning', message: 'c' })
        throw new Error('outer')
      }),
    ).toThrow('outer')
    expect(heard).toHaveLength(2)
  })

  it('forgets what is old, never the newest, and gives no number again', async () => {
    const core = testCore()
    for (let n = 0; n < 2500; n++) core.events.append({ type: 'login', message: `old ${n}` })
    core.clock.advance(399 * DAY_MS)
    core.events.append({ type: 'login', message: 'young' })
    expect(await core.events.forget(400)).toBe(0)
    core.clock.advance(2 * DAY_MS)
    expect(await core.events.forget(400)).toBe(2500)
    expect(core.events.recent().map(({ message }) => message)).toEqual(['young'])
    core.clock.advance(1000 * DAY_MS)
    expect(await core.events.forget(400)).toBe(0)
    expect(core.events.append({ type: 'login', message: 'next' }).seq).toBe(2502)
    expect(await core.events.forget(400)).toBe(1)
  })

  it('lets a listener leave, also while it is called', () => {
    const stop = core.events.subscribe(() => stop())
    core.events.append({ type: 'server.warning', message: 'a' })
    core.events.append({ type: 'server.warning', message: 'b' })
    expect(heard).toEqual([1, 2])
  })
})
