import { beforeEach, describe, expect, it } from 'vitest'
import { silenceHint } from '../../../server/contract/silence.ts'
import type { PartialSpec } from '../../../server/contract/spec.ts'
import { Silence } from '../../../server/core/silence.ts'
import type { AgentSession } from '../../../server/core/tokens.ts'
import { facts, MAC, testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const MINUTE = 60_000
const BOOT = '11111111-1111-4111-8111-111111111111'

let core: TestCore
let silence: Silence
let machineId: string
let installId: string
let session: AgentSession
beforeEach(() => {
  core = testCore()
  silence = new Silence({ ...core.store, ...core, installs: core.store.installs, minutes: 15 })
  machineId = core.inventory.discover({ mac: MAC }).id
})

/** An install in the middle of `fetch`. */
async function installing(spec: PartialSpec = {}): Promise<void> {
  const results = await core.installs.assign({ machines: [machineId], image: 'os/web:stable', spec }, 'token:ann')
  installId = results[0]!.installId!
  core.installs.bootServed(machineId)
  register()
  await core.installs.nextTask(session, 0)
  report(1, { type: 'step-started', step: 'fetch', message: '' })
}

function register(): void {
  const { generation } = core.inventory.get(machineId)
  const request = { bootMac: MAC, facts: facts(), agentVersion: '0.1.0', bootId: BOOT }
  const token = core.tokens.issueInstallToken(machineId, generation)
  session = core.installs.authenticateSession(core.installs.openSession(token, request).session)
}

function report(seq: number, event: Parameters<typeof core.installs.recordEvents>[2]['events'][number]['event']): void {
  core.installs.recordEvents(session, installId, { events: [{ seq, at: core.clock.now().toISOString(), event }] })
}

function pass(minutes: number): void {
  core.clock.advance(minutes * MINUTE)
  silence.notice()
}

const told = () => core.events.recent({ types: ['install.silent', 'install.heard'] }).toReversed()
const silent = () => core.inventory.list({ silent: 'true' }).map(({ id }) => id)

describe('a machine that stops telling in the middle of an install', () => {
  it('is marked and told of once, and its state stays', async () => {
    await installing()
    const lastSeenAt = core.clock.now().toISOString()
    pass(15)
    expect(silent()).toEqual([])
    pass(1)
    pass(1)
    expect(silent()).toEqual([machineId])
    expect(core.inventory.list({ silent: 'false' })).toEqual([])
    expect(core.inventory.toMachine(machineId)).toMatchObject({ state: 'installing', silentSince: lastSeenAt })
    expect(core.overviews.look({ since: lastSeenAt, scope: null }).installs).toMatchObject({
      silent: 1,
      list: [{ silentSince: lastSeenAt }],
    })
    expect(told()).toMatchObject([
      { type: 'install.silent', machineId, installId, data: { since: lastSeenAt, state: 'installing', step: 'fetch' } },
    ])
    expect(told()[0]!.message).toContain(silenceHint('installing'))
  })

  it('is told of once when it is heard of again, and can fall silent anew', async () => {
    await installing()
    pass(20)
    register()
    report(2, { type: 'step-done', step: 'fetch', message: '' })
    expect(silent()).toEqual([])
    expect(told().map(({ type }) => type)).toEqual(['install.silent', 'install.heard'])
    expect(told()[1]).toMatchObject({ installId, message: expect.stringContaining('after 20 min') as string })
    pass(20)
    expect(told().map(({ type }) => type)).toEqual(['install.silent', 'install.heard', 'install.silent'])
  })

  it('is silent no longer when its install is given up or replaced', async () => {
    await installing()
    pass(20)
    core.installs.cancel(installId, 'ann')
    expect(silent()).toEqual([])
    await installing()
    pass(20)
    await core.installs.assign({ machines: [machineId], image: 'os/web:next' }, 'token:ann')
    expect(silent()).toEqual([])
    expect(told().map(({ type }) => type)).toEqual(['install.silent', 'install.silent'])
  })

  it('is not silent before the server itself has listened for as long', async () => {
    await installing()
    core.clock.advance(60 * MINUTE)
    silence = new Silence({ ...core.store, ...core, installs: core.store.installs, minutes: 15 })
    silence.notice()
    expect(silent()).toEqual([])
    pass(16)
    expect(silent()).toEqual([machineId])
  })

  it('is left alone where nothing is expected of it', async () => {
    pass(60)
    await installing({ finish: 'poweroff' })
    report(2, { type: 'installed', mergeCommit: 'c'.repeat(64) })
    expect(core.inventory.get(machineId).state).toBe('rebooting')
    pass(60)
    expect(told()).toEqual([])
  })
})
