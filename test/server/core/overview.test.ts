import { describe, expect, it } from 'vitest'
import { Overview } from '../../../server/contract/overview.ts'
import { overviewText } from '../../../server/cli/commands/overview.ts'
import { digestOf, facts, testCore } from '../../helpers/store-fakes.ts'

const START = '2026-01-31T12:00:00.000Z'

/** Four machines in two racks and one in none; one runs, one is being installed, one has failed. */
async function fleet() {
  const core = testCore()
  const { inventory, installs, tokens, clock } = core
  const add = (name: string, rack?: string): string => {
    clock.advance(1)
    const mac = `52:54:00:00:00:0${name.at(-1)}`
    return inventory.create({ macs: [mac], name, labels: rack === undefined ? {} : { rack } }, 'a').id
  }
  const ids = [add('web-1', 'r2'), add('web-2', 'r2'), add('web-3', 'r10'), add('web-4', 'r10'), add('web-5')]
  const begin = async (index: number) => {
    const machineId = ids[index]!
    await installs.assign({ machines: [machineId], image: 'os/web:stable' }, 'token:ann')
    const token = tokens.issueInstallToken(machineId, 1)
    const mac = inventory.toSummary(machineId).macs[0]!
    const bootId = `0000000${index}-1111-4111-8111-111111111111`
    const told = facts({ nics: [], smbios: {} })
    const { session } = installs.openSession(token, { bootMac: mac, facts: told, agentVersion: '1', bootId }, '::1')
    const agent = installs.authenticateSession(session)
    const task = await installs.nextTask(agent, 0)
    if (task.type !== 'install') throw new Error(task.type)
    const tell = (seq: number, event: object): void => {
      const events = [{ seq, at: clock.now().toISOString(), event }]
      installs.recordEvents(agent, task.installId, { events } as Parameters<typeof installs.recordEvents>[2])
    }
    return { task, tell }
  }
  const running = await begin(0)
  running.tell(1, { type: 'step-started', step: 'fetch', message: '', totalBytes: 1000 })
  running.tell(2, { type: 'progress', step: 'fetch', bytes: 100, totalBytes: 1000, message: '' })
  clock.advance(1000)
  running.tell(3, { type: 'progress', step: 'fetch', bytes: 600, totalBytes: 1000, message: '' })
  const failed = await begin(2)
  const failure = { code: 'NETWORK', message: 'connection reset', hint: 'look at the cable' }
  failed.tell(1, { type: 'failed', step: 'fetch', failure })
  const deployed = await begin(3)
  deployed.tell(1, { type: 'installed', mergeCommit: 'c'.repeat(64) })
  const { installId, confirmToken, image } = deployed.task
  installs.confirm(confirmToken, { installId, digest: image.digest })
  return { ...core, ids }
}

describe('the overview', () => {
  it('of an empty inventory is empty', () => {
    const overview = testCore().overviews.look({ since: START, by: 'rack', scope: null })
    expect(Overview.parse(overview)).toMatchObject({ total: 0, states: {}, failures: [], images: [], groups: [] })
  })

  it('tells how machines stand, what runs, what failed and why, what runs where', async () => {
    const { overviews, ids } = await fleet()
    const overview = Overview.parse(overviews.look({ since: START, scope: null }))
    expect(overview).toMatchObject({
      total: 5,
      states: { ready: 2, installing: 1, failed: 1, deployed: 1 },
      installs: {
        running: 1,
        silent: 0,
        list: [{ machine: { id: ids[0], name: 'web-1' }, step: 'fetch', bytes: 600, totalBytes: 1000 }],
      },
      failures: [{ code: 'NETWORK', machines: 1, hint: 'look at the cable', examples: [{ name: 'web-3' }] }],
      images: [
        {
          image: 'os/web:stable',
          machines: 3,
          runs: [
            { digest: null, machines: 2 },
            { digest: digestOf('a'), machines: 1 },
          ],
        },
        { image: null, machines: 2, runs: [{ digest: null, machines: 2 }] },
      ],
      changed: { discovered: 5, assigned: 3, succeeded: 1, failed: 1 },
      hours: [{ at: START, succeeded: 1, failed: 1 }],
      labels: [{ key: 'rack', values: 2, machines: 4 }],
      groups: [],
    })
    expect(overview.installs.rate).toBeGreaterThan(0)
    expect(overview.news.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['install.succeeded', 'install.failed', 'install.created', 'machine.updated']),
    )
  })

  it('counts no rate of an installer that fell silent, and nothing from before', async () => {
    const { overviews, clock } = await fleet()
    clock.advance(60_000)
    const later = overviews.look({ since: clock.now().toISOString(), scope: null })
    expect(later.installs).toMatchObject({ running: 1, rate: 0, list: [{ rate: 0 }] })
    expect(later).toMatchObject({
      changed: { discovered: 0, assigned: 0, succeeded: 0, failed: 0 },
      hours: [],
      news: [],
    })
  })

  it('groups machines by the values of a label, as people count, with their members', async () => {
    const { overviews } = await fleet()
    const { groups } = overviews.look({ since: START, by: 'rack', scope: null })
    expect(groups.map(({ value, machines }) => [value, machines])).toEqual([
      ['r2', 2],
      ['r10', 2],
      [null, 1],
    ])
    expect(groups[0]).toMatchObject({
      states: { installing: 1, ready: 1 },
      members: [
        { name: 'web-1', state: 'installing' },
        { name: 'web-2', state: 'ready' },
      ],
    })
  })

  it('counts what ended day by day over two weeks', async () => {
    const { overviews, clock } = await fleet()
    const at = (days: number) => new Date(Date.parse(START) + days * 86_400_000).toISOString()
    const days = (since: string) => overviews.look({ since, scope: null }).days
    expect(days(START)).toEqual([{ at: START, succeeded: 1, failed: 1 }])
    expect(days(at(13))).toEqual([{ at: START, succeeded: 1, failed: 1 }])
    expect(days(at(14))).toEqual([])
    clock.advance(1000)
    expect(overviews.look({ since: START, scope: { rack: 'r2' } }).days).toEqual([])
  })

  it('counts machines of the scope alone, and what concerns them', async () => {
    const { overviews, ids, events } = await fleet()
    events.append({ type: 'server.warning', message: 'the disk is nearly full' })
    const overview = Overview.parse(overviews.look({ since: START, by: 'rack', scope: { rack: 'r10' } }))
    expect(overview).toMatchObject({
      total: 2,
      states: { failed: 1, deployed: 1 },
      installs: { running: 0, silent: 0, rate: 0, list: [] },
      failures: [{ code: 'NETWORK', machines: 1 }],
      images: [{ image: 'os/web:stable', machines: 2 }],
      changed: { discovered: 2, assigned: 2, succeeded: 1, failed: 1 },
      hours: [{ succeeded: 1, failed: 1 }],
      labels: [{ key: 'rack', values: 1, machines: 2 }],
      groups: [{ value: 'r10', machines: 2 }],
    })
    expect(overview.groups).toHaveLength(1)
    expect(new Set(overview.news.map(({ machineId }) => machineId))).toEqual(new Set([ids[2], ids[3]]))
    const nothing = overviews.look({ since: START, by: 'rack', scope: { rack: 'r10', row: '1' } })
    expect(nothing).toMatchObject({ total: 0, images: [], hours: [], news: [], labels: [], groups: [] })
  })

  it('reads as text', async () => {
    const { overviews } = await fleet()
    const text = overviewText(overviews.look({ since: START, by: 'rack', scope: null }))
    expect(text).toContain('5 machines: 2 ready, 1 installing, 1 deployed, 1 failed')
    expect(text).toMatch(/^1 +NETWORK +web-3 +look at the cable$/m)
    expect(text).toMatch(/^r10 +2 +1 deployed, 1 failed$/m)
  })
})
