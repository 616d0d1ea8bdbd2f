import { beforeEach, describe, expect, it } from 'vitest'
import type { ContentVerdict } from '../../../server/core/layers.ts'
import { facts, MAC, testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const LAYER = `sha256:${'1'.repeat(64)}`
const BOMB: ContentVerdict = { state: 'refused', code: 'LAYER_BOMB', message: 'it grows', hint: 'find out who' }
const READING: ContentVerdict = { state: 'reading', layers: 3, totalLayers: 67 }

let core: TestCore
let machineId: string
beforeEach(() => {
  core = testCore()
  machineId = core.inventory.discover({ mac: MAC }).id
})

async function assign() {
  const [outcome] = await core.installs.assign({ machines: [machineId], image: 'os/web:stable' }, 'token:ann')
  return outcome!
}

function boot() {
  const token = core.tokens.issueInstallToken(machineId, core.inventory.get(machineId).generation)
  const bootId = '11111111-1111-4111-8111-111111111111'
  const request = { bootMac: MAC, facts: facts(), agentVersion: '0.1.0', bootId }
  return core.installs.authenticateSession(core.installs.openSession(token, request).session)
}

describe('an image whose layers are not fit for a disk', () => {
  it('is not assigned', async () => {
    core.contents.verdict = BOMB
    expect(await assign()).toMatchObject({ installId: null, error: { code: 'LAYER_BOMB' } })
    expect(core.installs.listFor(machineId)).toEqual([])
  })

  it('is not handed out when that is found only after it was assigned', async () => {
    core.contents.verdict = READING
    const { installId } = await assign()
    core.contents.verdict = BOMB
    expect(await core.installs.nextTask(boot(), 0)).toMatchObject({ type: 'wait' })
    expect(core.installs.get(installId!)).toMatchObject({
      state: 'failed',
      failure: { code: 'LAYER_BOMB', message: 'the image is not fit to be installed: it grows', hint: 'find out who' },
    })
  })

  it('is first of all not trusted, where that is so', async () => {
    core.contents.verdict = BOMB
    core.trust.basis = { policy: { require: 'reject', pattern: '*' }, evidence: [] }
    expect(await assign()).toMatchObject({ error: { code: 'IMAGE_REJECTED' } })
  })
})

describe('an image whose layers are not here yet', () => {
  it('is assigned, and the machine is told what it waits for', async () => {
    core.contents.verdict = { state: 'fetching', layers: 1, totalLayers: 9, problem: undefined }
    await assign()
    const session = boot()
    const message = 'Landfall fetches the image first: 1 of 9 layers.'
    expect(await core.installs.nextTask(session, 0)).toMatchObject({ type: 'wait', message })
    core.contents.verdict = { state: 'fetching', layers: 1, totalLayers: 9, problem: 'no route to far.example' }
    expect(await core.installs.nextTask(session, 0)).toMatchObject({
      message: `${message} It tries again: no route to far.example`,
    })
    core.contents.verdict = { state: 'read', layers: [] }
    expect(await core.installs.nextTask(session, 0)).toMatchObject({ type: 'install' })
  })
})

describe('an image whose layers are still being read', () => {
  it('is assigned, and handed out at once when they were read', async () => {
    core.contents.verdict = READING
    await assign()
    const session = boot()
    expect(await core.installs.nextTask(session, 0)).toMatchObject({
      type: 'wait',
      message: 'Landfall reads the image first: 3 of 67 layers.',
    })
    const waiting = core.installs.nextTask(session, 60_000)
    await new Promise((resolve) => setImmediate(resolve))
    core.contents.change({ state: 'read', layers: [LAYER] })
    expect(await waiting).toMatchObject({ type: 'install', readLayers: [LAYER] })
  })

  it('is not handed out unread when it was assigned while another one was judged', async () => {
    await assign()
    const session = boot()
    core.contents.check = async () => {
      delete (core.contents as Partial<typeof core.contents>).check
      core.contents.verdict = READING
      await assign()
      return { state: 'read', layers: [] }
    }
    expect(await core.installs.nextTask(session, 0)).toMatchObject({
      type: 'wait',
      message: 'Landfall reads the image first: 3 of 67 layers.',
    })
    expect(core.installs.listFor(machineId).map(({ state }) => state)).toEqual(['pending', 'superseded'])
  })
})
