import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { AgentEvent } from '../../../server/contract/agent.ts'
import { LayerNews } from '../../../server/contract/install-layers.ts'
import type { LayersReport } from '../../../server/contract/install-layers.ts'
import { InstallDetail } from '../../../server/contract/install.ts'
import { layersText, withLayerNews } from '../../../server/contract/layer-news.ts'
import { digestOf, facts, MAC, testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const BOOT = '00000000-1111-4111-8111-111111111111'
const OTHER_BOOT = '00000001-1111-4111-8111-111111111111'
const TABLE = ['1', '2', '3', '4'].map((digit) => ({ digest: digestOf(digit), size: 100 }))
const change = (index: number, state: 'streaming' | 'done' | 'reused', bytes = 0, source = 'landfall:8443') => ({
  index,
  state,
  bytes,
  source,
})

/** An install whose agent streams. */
async function streaming(core = testCore()) {
  const { id: machineId } = core.inventory.discover({ mac: MAC })
  const [outcome] = await core.installs.assign({ machines: [machineId], image: 'os/web:stable' }, 'token:ann')
  const installId = outcome!.installId!
  const boot = (bootId = BOOT) => {
    const token = core.tokens.issueInstallToken(machineId, 1)
    const request = { bootMac: MAC, facts: facts(), agentVersion: '1', bootId }
    return core.installs.authenticateSession(core.installs.openSession(token, request, '::1').session)
  }
  let agent = boot()
  await core.installs.nextTask(agent, 0)
  let seq = 0
  const tell = (to: TestCore, ...events: AgentEvent[]) => {
    const numbered = events.map((event) => ({ seq: ++seq, at: to.clock.now().toISOString(), event }))
    to.installs.recordEvents(agent, installId, { events: numbered })
  }
  tell(core, { type: 'step-started', step: 'fetch', message: '', totalBytes: 400 })
  return {
    core,
    installId,
    tell,
    startAgain: async () => {
      agent = boot(OTHER_BOOT)
      await core.installs.nextTask(agent, 0)
    },
  }
}

const progress = (bytes: number, layers?: LayersReport): AgentEvent => ({
  type: 'progress',
  step: 'fetch',
  bytes,
  totalBytes: 400,
  message: '',
  ...(layers && { layers }),
})

const states = (core: TestCore, installId: string) =>
  InstallDetail.parse(core.installs.detail(installId)).layers.map(({ state, bytes }) => [state, bytes])

const newest = (core: TestCore) => core.events.recent({ types: ['install.progress'], limit: 1 })[0]!.data['layers']

it('are none for agents that tell nothing of them', async () => {
  const { core, installId, tell } = await streaming()
  tell(core, progress(100))
  expect(states(core, installId)).toEqual([])
  expect(newest(core)).toBeUndefined()
})

it('come with the install, and in every event of progress', async () => {
  const { core, installId, tell } = await streaming()
  tell(core, progress(0, { table: TABLE, changes: [change(0, 'reused', 0, 'disk')] }))
  tell(core, progress(30, { changes: [change(1, 'streaming', 30)] }))
  tell(core, progress(160, { changes: [change(1, 'done', 100), change(2, 'streaming', 60), change(9, 'done', 1)] }))
  expect(states(core, installId)).toEqual([
    ['reused', 0],
    ['done', 100],
    ['streaming', 60],
    ['waiting', 0],
  ])
  const news = LayerNews.parse(newest(core))
  expect(news).toEqual({
    states: 'rdsw',
    streaming: [{ index: 2, bytes: 60, source: 'landfall:8443' }],
    sources: ['disk', 'landfall:8443'],
    from: '011-',
  })
  const { layers } = core.installs.detail(installId)
  expect(layersText(layers)).toBe('2 of 4 layers are here, 1 of them from the disk')
  const stale = TABLE.map((layer) => ({ ...layer, bytes: 0, state: 'waiting' as const, source: null }))
  expect(withLayerNews(stale, news)!.map(({ state, bytes }) => [state, bytes])).toEqual(states(core, installId))
  expect(withLayerNews(stale, news)!.map(({ source }) => source)).toEqual(layers.map(({ source }) => source))
  const { sources: _, from: __, ...ofEarlier } = news
  expect(withLayerNews(stale, ofEarlier)!.map(({ source }) => source)).toEqual([null, null, 'landfall:8443', null])
  expect(withLayerNews([], news)).toBeUndefined()
})

it('cost no write of their own while bytes come', async () => {
  const { core, tell } = await streaming()
  tell(core, progress(0, { table: TABLE, changes: [change(0, 'streaming')] }))
  const { saveLayers, layers } = core.store.installs
  const written: number[] = []
  core.store.installs.saveLayers = (id, changes) => {
    written.push(changes.length)
    saveLayers.call(core.store.installs, id, changes)
  }
  core.store.installs.layers = () => expect.unreachable('read back')
  for (let bytes = 1; bytes < 50; bytes++) tell(core, progress(bytes, { changes: [change(0, 'streaming', bytes)] }))
  expect(written.every((changes) => changes === 0)).toBe(true)
  core.store.installs.layers = layers
})

it('are known after a restart of the server, and go on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-layers-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'db')
  const { core, installId, tell } = await streaming(testCore({ file }))
  tell(core, progress(130, { table: TABLE, changes: [change(0, 'done', 100), change(1, 'streaming', 30)] }))
  core.store.close()
  const again = testCore({ file })
  expect(states(again, installId)).toMatchObject([
    ['done', 100],
    ['streaming', 30],
    ['waiting', 0],
    ['waiting', 0],
  ])
  tell(again, progress(180, { changes: [change(1, 'streaming', 80)] }))
  expect(states(again, installId)[1]).toEqual(['streaming', 80])
  expect(newest(again)).toMatchObject({ states: 'dsww' })
  again.store.close()
})

it('stay as they were when the install fails', async () => {
  const { core, installId, tell } = await streaming()
  tell(core, progress(30, { table: TABLE, changes: [change(0, 'streaming')] }))
  tell(core, progress(40, { changes: [change(0, 'streaming', 40)] }))
  tell(core, { type: 'failed', step: 'fetch', failure: { code: 'NETWORK', message: 'the cable' } })
  expect(states(core, installId)[0]).toEqual(['streaming', 40])
  expect(core.store.installs.layers(installId)[0]).toMatchObject({ bytes: 40 })
})

it('are forgotten when the installer starts again', async () => {
  const { core, installId, tell, startAgain } = await streaming()
  tell(core, progress(30, { table: TABLE, changes: [change(0, 'streaming', 30)] }))
  await startAgain()
  expect(states(core, installId)).toEqual([])
})
