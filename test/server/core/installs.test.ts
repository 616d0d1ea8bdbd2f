import { beforeEach, describe, expect, it } from 'vitest'
import { Task } from '../../../server/contract/agent.ts'
import type { AgentEvent, DiskImageTask } from '../../../server/contract/agent.ts'
import type { PartialSpec } from '../../../server/contract/spec.ts'
import type { EraseEnd } from '../../../server/contract/erase.ts'
import type { StoragePlan } from '../../../server/contract/plan.ts'
import { Install } from '../../../server/contract/install.ts'
import { CoreError } from '../../../server/core/errors.ts'
import type { AgentSession } from '../../../server/core/tokens.ts'
import { digestOf, facts, MAC, testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const STABLE = 'os/web:stable'
const AT = '2026-01-31T12:00:00.000Z'
const BOOT_1 = '11111111-1111-4111-8111-111111111111'
const BOOT_2 = '22222222-2222-4222-8222-222222222222'

let core: TestCore
let machineId: string
beforeEach(() => {
  core = testCore()
  machineId = core.inventory.discover({ mac: MAC }).id
})

function state(): string {
  return core.inventory.get(machineId).state
}

/** A boot into the installer: script, token, registration. */
function boot(bootId = BOOT_1): AgentSession {
  const { generation, state: before } = core.inventory.get(machineId)
  if (before === 'assigned' || before === 'booting' || before === 'installing') core.installs.bootServed(machineId)
  const token = core.tokens.issueInstallToken(machineId, generation)
  const request = { bootMac: MAC, facts: facts(), agentVersion: '0.1.0', bootId }
  return core.installs.authenticateSession(core.installs.openSession(token, request, '10.0.0.9').session)
}

async function assign(image = STABLE): Promise<string> {
  const results = await core.installs.assign({ machines: [machineId], image }, 'token:ann')
  if (results[0]?.error) throw new Error(results[0].error.code)
  return results[0]!.installId!
}

async function takeTask(session: AgentSession) {
  const task = await core.installs.nextTask(session, 0)
  if (task.type !== 'install') throw new Error(task.type)
  return task
}

function report(session: AgentSession, installId: string, first: number, ...events: AgentEvent[]) {
  return core.installs.recordEvents(session, installId, {
    events: events.map((event, index) => ({ seq: first + index, at: core.clock.now().toISOString(), event })),
  })
}

const started = (step: 'plan' | 'partition' | 'fetch' | 'reboot'): AgentEvent => ({
  type: 'step-started',
  step,
  message: '',
})
const log = (text: string): AgentEvent => ({ type: 'log', level: 'info', text })
const INSTALLED: AgentEvent = { type: 'installed', mergeCommit: 'c'.repeat(64), agentPeakRss: 2 ** 27 }
const FAILED: AgentEvent = {
  type: 'failed',
  step: 'fetch',
  failure: { code: 'DIGEST_MISMATCH', message: 'layer 3 differs' },
}

/** Installs the machine to its end. */
async function deploy(): Promise<void> {
  const session = boot()
  const installId = await assign()
  const { confirmToken } = await takeTask(session)
  report(session, installId, 1, INSTALLED)
  core.installs.confirm(confirmToken, { installId, digest: digestOf('a') })
}

describe('what the boot decision is told', () => {
  it('is the installer of the install that waits, and nothing once none does', async () => {
    const own = () => core.installs.toBoot(core.inventory.get(machineId))
    expect(own()).toEqual({ id: machineId, state: 'discovered', generation: 0 })
    core.media.set('fedora-44', { release: 'F44', architecture: 'amd64' })
    const spec = { installer: 'anaconda', media: 'fedora-44' } as const
    await core.installs.assign({ machines: [machineId], image: STABLE, spec }, 'token:ann')
    const waiting = { id: machineId, generation: 1, installer: 'anaconda', media: 'fedora-44' }
    expect(own()).toEqual({ ...waiting, state: 'assigned' })
    core.inventory.update(machineId, { spec: {} }, 'token:ann')
    expect(own(), 'as assigned').toMatchObject(waiting)
    core.inventory.changeState(machineId, 'deployed', 'system')
    expect(own()).toEqual({ id: machineId, state: 'deployed', generation: 1 })
  })

  it('is asked without reading the whole install', async () => {
    await assign()
    core.store.installs.newest = () => expect.unreachable('asked for the whole install')
    expect(core.installs.toBoot(core.inventory.get(machineId))).toMatchObject({ installer: 'agent', media: undefined })
  })
})

describe('the whole way', () => {
  it('leads from discovery to deployed', async () => {
    expect(state()).toBe('discovered')
    const session = boot()
    expect(state()).toBe('ready')
    expect(await core.installs.nextTask(session, 0)).toMatchObject({ type: 'wait' })

    const installId = await assign()
    expect(state()).toBe('assigned')
    const task = await takeTask(session)
    expect(Task.parse(task)).toEqual(task)
    expect(task).toMatchObject({
      installId,
      generation: 1,
      spec: { image: STABLE, hostname: '52-54-00-12-34-56' },
      image: { repository: 'os/web', digest: digestOf('a'), targetReference: 'landfall.test:8443/os/web:stable' },
      nextEvent: 1,
    })
    expect(state()).toBe('installing')

    report(session, installId, 1, started('partition'), started('fetch'))
    report(session, installId, 3, started('reboot'), INSTALLED)
    expect(state()).toBe('rebooting')

    core.installs.confirm(task.confirmToken, { installId, digest: digestOf('a'), kernel: '6.16' }, '10.0.0.50')
    expect(state()).toBe('deployed')
    const install = core.installs.get(installId)
    expect(Install.parse(install)).toEqual(install)
    expect(install).toMatchObject({ state: 'succeeded', confirmedDigest: digestOf('a'), agentPeakRss: 2 ** 27 })
    expect(core.inventory.toMachine(machineId)).toMatchObject({
      runningDigest: digestOf('a'),
      wantedDigest: digestOf('a'),
      installId,
      address: '10.0.0.50',
    })
    const states = core.events.since(0, { types: ['machine.state'] }).map(({ data }) => data['to'])
    expect(states).toEqual(['ready', 'assigned', 'installing', 'rebooting', 'deployed'])
    expect(core.events.since(0, { installId }).map(({ type }) => type)).toContain('install.succeeded')
  })

  it('forgets what runs only when the disk is touched', async () => {
    await deploy()
    const running = () => core.inventory.get(machineId).runningDigest
    const installId = await assign('os/web:next')
    const session = boot(BOOT_2)
    await takeTask(session)
    report(session, installId, 1, started('plan'))
    expect(running()).toBe(digestOf('a'))
    report(session, installId, 2, started('partition'))
    expect(running()).toBeNull()
  })

  it('shows that a machine boots', async () => {
    const installId = await assign()
    core.installs.bootServed(machineId)
    expect(state()).toBe('booting')
    expect(core.installs.get(installId).steps[0]).toMatchObject({ name: 'boot', state: 'running' })
  })
})

describe('assign', () => {
  it('replaces an unfinished install by a new generation', async () => {
    const first = await assign()
    const second = await assign('os/web:next')
    expect(core.installs.get(first).state).toBe('superseded')
    expect(core.installs.get(second)).toMatchObject({ generation: 2, digest: digestOf('b'), state: 'pending' })
    expect(core.installs.listFor(machineId).map(({ id }) => id)).toEqual([second, first])
    expect(core.inventory.toMachine(machineId)).toMatchObject({ generation: 2, image: 'os/web:next' })
  })

  it('keeps the spec that comes along, for the next time too', async () => {
    core.inventory.update(machineId, { spec: { finish: 'poweroff', kernelArguments: ['a'] } }, 'a')
    const request = { machines: [machineId], image: STABLE, spec: { kernelArguments: ['quiet'] } }
    await core.installs.assign(request, 'a')
    expect(core.inventory.toMachine(machineId).ownSpec).toEqual({
      image: STABLE,
      finish: 'poweroff',
      kernelArguments: ['quiet'],
    })
  })

  it('tells for each machine what went wrong, and assigns to the others', async () => {
    const arm = core.inventory.discover({ mac: '52:54:00:00:00:aa' })
    core.inventory.recordFacts(arm.id, facts({ architecture: 'arm64', nics: [], smbios: {} }))
    const retired = core.inventory.create({ macs: ['52:54:00:00:00:bb'] }, 'a')
    core.inventory.retire(retired.id, 'a')
    const unknown = '01890000-0000-7000-8000-000000000001'
    const machines = [arm.id, machineId, retired.id, unknown, machineId]
    const results = await core.installs.assign({ machines, image: STABLE }, 'a')
    expect(results.map(({ machineId: id, error }) => [id, error?.code])).toEqual([
      [arm.id, 'ARCHITECTURE_MISMATCH'],
      [machineId, undefined],
      [retired.id, 'MACHINE_RETIRED'],
      [unknown, 'MACHINE_NOT_FOUND'],
    ])
    expect(core.inventory.get(arm.id)).toMatchObject({ state: 'ready', generation: 0 })
  })

  it('asks the image store once per architecture', async () => {
    const machines = [0, 1, 2].map((n) => core.inventory.create({ macs: [`52:54:00:00:01:0${n}`] }, 'a').id)
    await core.installs.assign({ machines, image: STABLE }, 'a')
    expect(core.catalog.asked).toEqual([`amd64 ${STABLE}`])
  })

  it('wakes an agent that waits', async () => {
    const session = boot()
    const polled = core.installs.nextTask(session, 60_000)
    await assign()
    expect(await polled).toMatchObject({ type: 'install' })
  })

  it('refuses an image that is not there', async () => {
    const results = await core.installs.assign({ machines: [machineId], image: 'os/none:1' }, 'a')
    expect(results[0]).toMatchObject({ installId: null, error: { code: 'IMAGE_NOT_FOUND' } })
    expect(state()).toBe('discovered')
  })
})

describe('the token to pull with', () => {
  beforeEach(() => core.catalog.images.set('amd64 private/web:1', digestOf('c')))

  it('is for the repository of the image alone, and only where not anybody may pull', async () => {
    await assign('private/web:1')
    const { pullToken } = await takeTask(boot())
    expect(core.installs.pullableBy(pullToken!)).toBe('private/web')
    await assign()
    expect(await takeTask(boot(BOOT_2))).not.toHaveProperty('pullToken')
  })

  it('ends with the install, with the next task, and after a day', async () => {
    const first = await assign('private/web:1')
    const cancelled = (await takeTask(boot())).pullToken!
    core.installs.cancel(first, 'token:ann')
    expect(core.installs.pullableBy(cancelled)).toBeUndefined()
    await assign('private/web:1')
    const replaced = (await takeTask(boot())).pullToken!
    const held = (await takeTask(boot(BOOT_2))).pullToken!
    expect([replaced, held].map((token) => core.installs.pullableBy(token))).toEqual([undefined, 'private/web'])
    core.clock.advance(25 * 3_600_000)
    expect(core.installs.pullableBy(held)).toBeUndefined()
  })
})

describe('reinstall', () => {
  it('takes the tag as it points now', async () => {
    await assign()
    core.catalog.images.set(`amd64 ${STABLE}`, digestOf('c'))
    expect(await core.installs.reinstall(machineId, 'a')).toMatchObject({
      generation: 2,
      digest: digestOf('c'),
      image: STABLE,
    })
  })

  it('refuses a machine without image', async () => {
    await expect(core.installs.reinstall(machineId, 'a')).rejects.toThrowWithCode(CoreError, 'VALIDATION')
  })
})

describe('cancel', () => {
  it('leaves a machine that nobody touched as it was', async () => {
    boot()
    const installId = await assign()
    expect(core.installs.cancel(installId, 'token:ann')).toMatchObject({
      state: 'failed',
      failure: { code: 'CANCELLED' },
    })
    expect(state()).toBe('ready')
    expect(core.inventory.toSummary(machineId).failure).toBeNull()
    expect(() => core.installs.cancel(installId, 'token:ann')).toThrowWithCode(CoreError, 'INSTALL_OVER')
  })

  it('does not take a machine for identified because an image was assigned to it', async () => {
    core.installs.cancel(await assign(), 'token:ann')
    expect(state()).toBe('discovered')
  })

  it('returns a deployed machine to its state', async () => {
    await deploy()
    core.installs.cancel(await assign('os/web:next'), 'token:ann')
    expect(state()).toBe('deployed')
  })

  it('ends all that could still write, and nothing else', async () => {
    await deploy()
    expect(core.installs.cancelUnfinished('system')).toBe(0)
    const pending = await assign('os/web:next')
    expect(core.installs.cancelUnfinished('system')).toBe(1)
    expect(core.installs.get(pending)).toMatchObject({ state: 'failed', failure: { code: 'CANCELLED' } })
    expect(state()).toBe('deployed')
    const session = boot()
    await assign('os/web:next')
    await takeTask(session)
    expect(core.installs.cancelUnfinished('system')).toBe(1)
    expect(state()).toBe('failed')
  })

  it('tells the agent to stop', async () => {
    const session = boot()
    const installId = await assign()
    await takeTask(session)
    core.installs.cancel(installId, 'token:ann')
    expect(state()).toBe('failed')
    expect(report(session, installId, 1, log('still here'))).toEqual({ acknowledged: 1, cancelled: true })
    expect(core.installs.recordPlan(session, installId, PLAN)).toMatchObject({ go: false })
    expect(await core.installs.nextTask(session, 0)).toMatchObject({ type: 'wait' })
  })
})

describe('events of an agent', () => {
  it('are taken in once, however often they are sent', async () => {
    const session = boot()
    const installId = await assign()
    await takeTask(session)
    report(session, installId, 1, log('one'), log('two'))
    expect(report(session, installId, 1, log('one'), log('two'), log('three'))).toEqual({
      acknowledged: 3,
      cancelled: false,
    })
    expect(core.installs.log(installId).map(({ seq, text }) => [seq, text])).toEqual([
      [1, 'one'],
      [2, 'two'],
      [3, 'three'],
    ])
    expect(core.installs.log(installId, { after: 1, limit: 1 }).map(({ text }) => text)).toEqual(['two'])
  })

  it('are refused when a number is missing, with nothing taken in', async () => {
    const session = boot()
    const installId = await assign()
    await takeTask(session)
    const request = { events: [1, 3].map((seq) => ({ seq, at: AT, event: log(`line ${seq}`) })) }
    expect(() => core.installs.recordEvents(session, installId, request)).toThrowWithCode(CoreError, 'EVENT_GAP')
    expect(core.installs.log(installId)).toEqual([])
    expect(await takeTask(session)).toMatchObject({ nextEvent: 1 })
  })

  it('keep one progress event and one log event, however many there were', async () => {
    const session = boot()
    const installId = await assign()
    await takeTask(session)
    report(session, installId, 1, started('fetch'))
    for (let seq = 2; seq < 12; seq += 1) {
      core.clock.advance(1000)
      report(session, installId, seq, {
        type: 'progress',
        step: 'fetch',
        bytes: seq * 100,
        totalBytes: 2000,
        message: 'x',
      })
    }
    report(session, installId, 12, log('a'), log('b'))
    report(session, installId, 14, log('c'))
    expect(core.events.since(0, { types: ['install.progress'] })).toMatchObject([
      { message: 'fetch: 55 %', data: { bytes: 1100, totalBytes: 2000, rate: 100 } },
    ])
    expect(core.events.since(0, { types: ['install.log'] })).toMatchObject([
      { message: 'c', data: { firstLine: 3, lastLine: 3 } },
    ])
    expect(core.installs.get(installId).steps.find(({ name }) => name === 'fetch')).toMatchObject({
      bytes: 1100,
      rate: 100,
    })
  })

  it('belong to the machine of the session', async () => {
    const installId = await assign()
    const stranger = core.inventory.discover({ mac: '52:54:00:00:00:aa' })
    const session = { machineId: stranger.id, bootId: BOOT_1 }
    expect(() => report(session, installId, 1, log('x'))).toThrowWithCode(CoreError, 'INSTALL_NOT_FOUND')
    expect(() => core.installs.recordPlan(session, installId, PLAN)).toThrowWithCode(CoreError, 'INSTALL_NOT_FOUND')
  })

  it('fail the install with the reason, and the next assignment starts at once', async () => {
    const session = boot()
    const installId = await assign()
    await takeTask(session)
    expect(report(session, installId, 1, started('fetch'), FAILED, log('goodbye'))).toEqual({
      acknowledged: 3,
      cancelled: false,
    })
    expect(state()).toBe('failed')
    expect(core.inventory.toSummary(machineId).failure).toMatchObject({ code: 'DIGEST_MISMATCH' })
    expect(core.installs.log(installId).at(-1)?.text).toBe('goodbye')
    const polled = core.installs.nextTask(session, 60_000)
    await core.installs.reinstall(machineId, 'a')
    expect(await polled).toMatchObject({ type: 'install', generation: 2 })
  })

  it('fill the log only to its limit', async () => {
    const session = boot()
    const installId = await assign()
    await takeTask(session)
    for (let batch = 0; batch < 21; batch += 1) {
      report(session, installId, batch * 1000 + 1, ...Array.from({ length: 1000 }, () => log('noise')))
    }
    const lines = core.installs.log(installId, { limit: 30_000 })
    expect(lines).toHaveLength(20_000)
    expect(lines.at(-1)).toMatchObject({ level: 'warn', text: expect.stringContaining('full') as string })
  })
})

describe('a reboot in the middle', () => {
  it('starts the same install over, with events numbered on', async () => {
    const installId = await assign()
    const first = boot(BOOT_1)
    await takeTask(first)
    report(first, installId, 1, started('partition'), started('fetch'), log('half way'))

    const second = boot(BOOT_2)
    expect(() => core.installs.authenticateSession('lfs_gone')).toThrowWithCode(CoreError, 'TOKEN_INVALID')
    await expect(core.installs.nextTask(first, 0)).rejects.toThrowWithCode(CoreError, 'TOKEN_INVALID')
    expect(await takeTask(second)).toMatchObject({ installId, generation: 1, nextEvent: 4 })
    expect(core.installs.get(installId).steps.find(({ name }) => name === 'partition')).toMatchObject({
      state: 'pending',
    })
    expect(core.installs.log(installId).at(-1)).toMatchObject({ level: 'warn' })

    report(second, installId, 4, INSTALLED)
    expect(state()).toBe('rebooting')
  })

  it('of the agent’s connection only goes on where it was', async () => {
    const installId = await assign()
    const session = boot()
    await takeTask(session)
    report(session, installId, 1, started('partition'), started('fetch'))
    const again = boot(BOOT_1)
    expect(await takeTask(again)).toMatchObject({ installId, nextEvent: 3 })
    expect(core.installs.get(installId).steps.find(({ name }) => name === 'partition')).toMatchObject({
      state: 'running',
    })
  })
})

describe('openSession', () => {
  const request = { bootMac: MAC, facts: facts(), agentVersion: '0.1.0', bootId: BOOT_1 }

  it('lets in a machine that was assigned an image while it booted', async () => {
    const token = core.tokens.issueInstallToken(machineId, 0)
    await assign()
    const { session } = core.installs.openSession(token, request)
    expect(await core.installs.nextTask(core.installs.authenticateSession(session), 0)).toMatchObject({
      type: 'install',
    })
  })

  it('refuses the token of a generation that is over', async () => {
    const token = core.tokens.issueInstallToken(machineId, 0)
    await assign()
    boot()
    expect(() => core.installs.openSession(token, request)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
  })

  it('refuses a machine that was removed', () => {
    const token = core.tokens.issueInstallToken(machineId, 0)
    core.inventory.remove(machineId, 'a')
    expect(() => core.installs.openSession(token, request)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
  })

  it('lets in whoever comes with a join token: strangers too, and known machines as themselves', async () => {
    const { secret } = core.tokens.createApiToken({ name: 'sticks', role: 'join' }, 'token:ann')
    const stranger = { ...request, bootMac: '52:54:00:00:00:99', facts: { ...facts(), nics: [], smbios: {} } }
    const { machineId: strange } = core.installs.openSession(secret, stranger, '10.0.0.7')
    expect(core.inventory.toMachine(strange)).toMatchObject({ state: 'ready', macs: ['52:54:00:00:00:99'] })

    await assign()
    // By another card than the one it was first seen with.
    const { machineId: known, session } = core.installs.openSession(secret, {
      ...request,
      bootMac: '52:54:00:00:00:98',
    })
    expect(known).toBe(machineId)
    expect(await core.installs.nextTask(core.installs.authenticateSession(session), 0)).toMatchObject({
      type: 'install',
    })
  })

  it('takes no other API token, and no join token that was revoked', () => {
    const admin = core.tokens.createApiToken({ name: 'a', role: 'admin' }, 'system')
    const join = core.tokens.createApiToken({ name: 'j', role: 'join' }, 'system')
    core.tokens.revoke(join.id, 'system')
    for (const { secret } of [admin, join]) {
      expect(() => core.installs.openSession(secret, request)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
    }
  })

  it('stores nothing when it refuses', () => {
    expect(() => core.installs.openSession('lfi_wrong', request)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
    expect(core.inventory.toMachine(machineId).facts).toBeNull()
  })
})

describe('mediumFor', () => {
  it('gives away the waiting install, whose report is taken without a word before it', async () => {
    expect(() => core.installs.mediumFor(machineId)).toThrowWithCode(CoreError, 'CONFLICT')
    const installId = await assign()
    const medium = core.installs.mediumFor(machineId)
    expect(medium).toMatchObject({ installId, macs: [MAC], image: { digest: digestOf('a') } })
    core.installs.confirm(medium.token, { installId, digest: medium.image.digest })
    expect(state()).toBe('deployed')
    const { state: ended, steps } = core.installs.get(installId)
    expect(ended).toBe('succeeded')
    expect(new Set(steps.map((step) => step.state))).toEqual(new Set(['done']))
    expect(() => core.installs.mediumFor(machineId)).toThrowWithCode(CoreError, 'CONFLICT')
  })

  it('is worth nothing once another image is assigned', async () => {
    const installId = await assign()
    const { token, image } = core.installs.mediumFor(machineId)
    await assign()
    const confirming = () => core.installs.confirm(token, { installId, digest: image.digest })
    expect(confirming).toThrowWithCode(CoreError, 'INSTALL_OVER')
  })
})

describe('confirm', () => {
  async function rebooting() {
    const session = boot()
    const installId = await assign()
    const { confirmToken } = await takeTask(session)
    report(session, installId, 1, INSTALLED)
    return { installId, confirmToken }
  }

  it('answers a repeated report the same way', async () => {
    const { installId, confirmToken } = await rebooting()
    core.installs.confirm(confirmToken, { installId, digest: digestOf('a') })
    const before = core.events.last()
    core.installs.confirm(confirmToken, { installId, digest: digestOf('a') })
    expect(core.events.last()).toBe(before)
  })

  it('keeps the failure when another digest booted', async () => {
    const { installId, confirmToken } = await rebooting()
    const wrong = { installId, digest: digestOf('f') }
    expect(() => core.installs.confirm(confirmToken, wrong)).toThrowWithCode(CoreError, 'WRONG_DIGEST')
    expect(core.inventory.toSummary(machineId)).toMatchObject({
      state: 'failed',
      runningDigest: digestOf('f'),
      failure: { code: 'WRONG_DIGEST_BOOTED' },
    })
  })

  it('ends what the installer could come back with', async () => {
    const { generation } = core.inventory.get(machineId)
    const token = core.tokens.issueInstallToken(machineId, generation + 1)
    const { installId, confirmToken } = await rebooting()
    core.installs.confirm(confirmToken, { installId, digest: digestOf('a') })
    expect(() => core.tokens.checkInstallToken(token)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
    expect(core.tokens.agentSessionOf(machineId)).toBeUndefined()
  })

  it('refuses a token of another install, and an install that was replaced', async () => {
    const { installId, confirmToken } = await rebooting()
    const other = { installId: '01890000-0000-7000-8000-000000000001', digest: digestOf('a') }
    expect(() => core.installs.confirm(confirmToken, other)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
    await assign('os/web:next')
    const late = { installId, digest: digestOf('a') }
    expect(() => core.installs.confirm(confirmToken, late)).toThrowWithCode(CoreError, 'INSTALL_OVER')
    expect(state()).toBe('assigned')
  })
})

describe('nextTask', () => {
  it('answers `wait` when the time is up, the client is gone, or the server stops', async () => {
    const session = boot()
    expect(await core.installs.nextTask(session, 1)).toMatchObject({ type: 'wait' })
    const gone = new AbortController()
    const polled = core.installs.nextTask(session, 60_000, gone.signal)
    gone.abort()
    expect(await polled).toMatchObject({ type: 'wait' })
    const stopped = core.installs.nextTask(session, 60_000)
    core.installs.stop()
    expect(await stopped).toMatchObject({ type: 'wait' })
    // One that was judged meanwhile begins to wait only now.
    expect(await core.installs.nextTask(session, 60_000)).toMatchObject({ type: 'wait' })
  })

  it('ends an older poll when the machine registers anew', async () => {
    const polled = core.installs.nextTask(boot(BOOT_1), 60_000)
    boot(BOOT_2)
    await expect(polled).rejects.toThrowWithCode(CoreError, 'TOKEN_INVALID')
  })
})

describe('a server that makes disk images', () => {
  it('says so in every task, and an ordinary one in none', async () => {
    await assign()
    expect((await takeTask(boot())).diskImage).toBeUndefined()
    const diskImage: DiskImageTask = { firmware: ['uefi', 'bios'], files: [] }
    core = testCore({ diskImage })
    machineId = core.inventory.discover({ mac: MAC }).id
    await assign()
    const task = await takeTask(boot())
    expect(task.diskImage).toEqual(diskImage)
    expect(Task.parse(JSON.parse(JSON.stringify(task)))).toEqual(task)
  })
})

describe('recordPlan', () => {
  it('stores what will be written and lets the agent go on', async () => {
    const session = boot()
    const installId = await assign()
    await takeTask(session)
    expect(core.installs.recordPlan(session, installId, PLAN)).toEqual({ go: true })
    expect(core.installs.get(installId).plan).toEqual(PLAN)
    expect(core.events.recent({ limit: 1 })).toMatchObject([
      { type: 'install.plan', data: { disks: [{ device: '/dev/vda' }] } },
    ])
  })
})

describe('the recovery key', () => {
  it('is kept while the install runs, shown once, and each time noted', async () => {
    const session = boot()
    const installId = await assign()
    expect(() => core.installs.recordRecoveryKey(session, installId, 'early')).toThrowWithCode(
      CoreError,
      'INSTALL_OVER',
    )
    await takeTask(session)
    expect(core.installs.recordRecoveryKey(session, installId, 'first')).toEqual({ kept: true })
    // An agent that was started again makes another one.
    core.installs.recordRecoveryKey(session, installId, 'second')
    expect(JSON.stringify([core.installs.get(installId), core.events.recent({ limit: 50 })])).not.toContain('second')
    expect(core.installs.takeRecoveryKey(installId, 'token:ada')).toBe('second')
    expect(core.events.recent({ limit: 1 })).toMatchObject([{ type: 'install.recovery-key', actor: 'token:ada' }])
    expect(() => core.installs.takeRecoveryKey(installId, 'token:ada')).toThrowWithCode(CoreError, 'CONFLICT')
  })
})

describe('former keys', () => {
  const encrypted = (passphrase: string, preserve: boolean): PartialSpec => ({
    disks: {
      encryption: { passphrase, tpm2: false, recoveryKey: true },
      volumes: [{ mount: '/var', size: 2 ** 30, grow: false, preserve }],
    },
  })

  it('go to the installer that keeps what earlier installs encrypted, and to no other', async () => {
    const assigned = async (spec: PartialSpec) => {
      const [result] = await core.installs.assign({ machines: [machineId], image: STABLE, spec }, 'token:ann')
      return result!.installId!
    }
    const first = await assigned(encrypted('the first passphrase', false))
    const task = await takeTask(boot())
    expect(task).not.toHaveProperty('formerKeys')
    core.installs.recordRecoveryKey({ machineId, bootId: BOOT_1 }, first, 'its recovery key')
    await assigned(encrypted('the second passphrase', false))
    expect(await takeTask(boot())).not.toHaveProperty('formerKeys')
    const third = await assigned(encrypted('the first passphrase', true))
    expect((await takeTask(boot())).formerKeys).toEqual(['the second passphrase', 'its recovery key'])
    expect(core.events.recent({ limit: 20 })).toContainEqual(
      expect.objectContaining({ type: 'install.recovery-key', installId: third, actor: 'system' }),
    )
    const shown = JSON.stringify(core.events.recent({ limit: 100 }))
    expect(shown).not.toMatch(/passphrase"|its recovery key/)
  })
})

describe('what was erased', () => {
  const begin = {
    name: 'nvme0n1',
    serial: 'S1',
    model: null,
    wwn: null,
    size: 2 ** 34,
    method: 'nvme-format' as const,
    startedAt: '2026-01-31T12:00:00.000Z',
  }
  const end: EraseEnd = {
    ...begin,
    endedAt: '2026-01-31T12:00:03.000Z',
    result: 'erased',
    detail: 'the disk formatted its namespace',
  }
  const began = { seq: 1, at: begin.startedAt, event: { type: 'disk-erasing' as const, report: begin } }
  const ended = { seq: 2, at: end.endedAt, event: { type: 'disk-erased' as const, report: end } }
  const told = () =>
    core.events
      .recent({ limit: 50 })
      .filter(({ type }) => type === 'install.erasing' || type === 'install.erased')
      .map(({ message }) => message)

  async function running() {
    const session = boot()
    const installId = await assign()
    await takeTask(session)
    return { session, installId }
  }

  it('is kept with the install and noted in the history, also when the installer starts anew', async () => {
    const { session, installId } = await running()
    core.installs.recordEvents(session, installId, { events: [began] })
    expect(core.installs.get(installId).erasures).toEqual([{ ...begin, endedAt: null, result: 'running', detail: '' }])
    core.installs.recordEvents(session, installId, { events: [ended] })
    boot(BOOT_2)
    expect(core.installs.get(installId).erasures).toEqual([end])
    expect(told()).toEqual([
      'nvme0n1 (serial S1) was erased by NVMe format (user data erase) in 3 s: the disk formatted its namespace',
      'nvme0n1 (serial S1) is being erased by NVMe format (user data erase) since 2026-01-31T12:00:00.000Z',
    ])
  })

  it('is shown as cut off when the machine starts anew before its end', async () => {
    const { session, installId } = await running()
    core.installs.recordEvents(session, installId, { events: [began] })
    const again = boot(BOOT_2)
    expect(core.installs.get(installId).erasures).toMatchObject([{ ...begin, endedAt: null, result: 'cut-off' }])
    expect(told()[0]).toMatch(/^erasing nvme0n1 \(serial S1\) by .* was cut off: the installer was started again/)
    // The second attempt stands beside the first.
    const second = { ...begin, startedAt: '2026-01-31T12:10:00.000Z' }
    await takeTask(again)
    core.installs.recordEvents(again, installId, {
      events: [{ seq: 2, at: second.startedAt, event: { type: 'disk-erasing', report: second } }],
    })
    expect(core.installs.get(installId).erasures.map(({ result }) => result)).toEqual(['cut-off', 'running'])
  })

  it('is cut off by the end of its install, unless the agent tells how it ended after all', async () => {
    const { session, installId } = await running()
    core.installs.recordEvents(session, installId, { events: [began] })
    core.installs.cancel(installId, 'user:ada')
    expect(core.installs.get(installId).erasures).toMatchObject([{ result: 'cut-off', endedAt: null }])
    core.installs.recordEvents(session, installId, { events: [ended] })
    expect(core.installs.get(installId)).toMatchObject({ state: 'failed', erasures: [end] })
  })

  it('an erasing that nobody wants any more is not on record', async () => {
    const { session, installId } = await running()
    core.installs.cancel(installId, 'user:ada')
    expect(core.installs.recordEvents(session, installId, { events: [began] })).toMatchObject({ cancelled: true })
    expect(core.installs.get(installId).erasures).toEqual([])
  })
})

const PLAN: StoragePlan = {
  firmware: 'uefi',
  disks: [
    {
      id: 'disk1',
      disk: {
        name: 'vda',
        size: 2 ** 34,
        transport: 'virtio',
        rotational: false,
        removable: false,
        readOnly: false,
        logicalBlockSize: 512,
        physicalBlockSize: 512,
        byId: [],
        byPath: [],
        signatures: [],
        partitions: [],
      },
      device: '/dev/vda',
      uuid: '0a1b2c3d-0000-8000-8000-000000000001',
      partitions: [],
      erase: [],
    },
  ],
  layers: [],
  filesystems: [],
  warnings: [],
}
