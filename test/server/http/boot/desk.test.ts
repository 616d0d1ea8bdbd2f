import { beforeEach, describe, expect, it } from 'vitest'
import { bootDesk } from '../../../../server/http/boot/desk.ts'
import { facts, MAC, testCore } from '../../../helpers/store-fakes.ts'
import type { TestCore } from '../../../helpers/store-fakes.ts'
import { testBootApp } from './support.ts'

let core: TestCore
let decide: ReturnType<typeof bootDesk>
beforeEach(() => {
  core = testCore()
  decide = bootDesk({ ...core, installers: new Set(['amd64']) })
})

const client = { mac: MAC, architecture: 'amd64', firmware: 'uefi' } as const

describe('bootDesk', () => {
  it('brings a stranger in and gives it a token of its own', () => {
    const answer = decide(client, '192.0.2.50')
    const machine = core.inventory.find({ mac: MAC })!
    expect(machine).toMatchObject({ state: 'discovered', address: '192.0.2.50', architecture: 'amd64' })
    expect(answer).toMatchObject({
      decision: 'discover',
      reason: 'this machine is new here',
      consoles: ['tty0', 'ttyS0,115200'],
    })
    expect(answer.machine).toBe(`${machine.name} (${MAC})`)
    expect(core.tokens.checkInstallToken(answer.token!)).toMatchObject({ machineId: machine.id, generation: 0 })
    expect(decide(client, '192.0.2.50').reason).toBe('no image is assigned to it')
    expect(core.inventory.list()).toHaveLength(1)
  })

  it('hands the installer to a machine with an assignment, and notes it', async () => {
    const { id } = core.inventory.create({ macs: [MAC], name: 'web-07', spec: { consoles: ['ttyS1'] } }, 'system')
    await core.installs.assign({ machines: [id], image: 'os/web:stable' }, 'system')
    const answer = decide(client, undefined)
    expect(answer).toMatchObject({
      decision: 'install',
      reason: 'os/web:stable is assigned, generation 1',
      consoles: ['ttyS1'],
    })
    expect(core.tokens.checkInstallToken(answer.token!)).toMatchObject({ machineId: id, generation: 1 })
    expect(core.inventory.get(id).state).toBe('booting')
    expect(core.events.recent({ types: ['boot.script'] })).toMatchObject([
      { machineId: id, actor: 'machine', data: { decision: 'install' } },
    ])
  })

  it('hands Anaconda to a machine that asked for it, as long as its medium is there', async () => {
    core.media.set('fedora-44', { release: 'F44', architecture: 'amd64' })
    const { id } = core.inventory.create({ macs: [MAC], name: 'web-07' }, 'token:me')
    const spec = { installer: 'anaconda', media: 'fedora-44' } as const
    await core.installs.assign({ machines: [id], image: 'os/web:stable', spec }, 'token:me')
    const answer = decide(client, undefined)
    expect(answer).toMatchObject({
      decision: 'kickstart',
      medium: {
        path: '/media/fedora-44',
        kernel: '/media/fedora-44/images/pxeboot/vmlinuz',
        initrd: '/media/fedora-44/images/pxeboot/initrd.img',
      },
      reason: 'os/web:stable is assigned, generation 1',
    })
    expect(core.inventory.get(id).state).toBe('booting')
    expect(
      await core.kickstarts.kickstart(answer.token!, { macs: [MAC], serial: undefined, address: undefined }),
    ).toContain('ostreecontainer')
    core.inventory.update(id, { spec: { ...spec, media: 'fedora-45' } }, 'token:me')
    expect(decide(client, undefined).medium?.path, 'as assigned, whatever the spec says since').toBe('/media/fedora-44')
    expect(() => decide({ ...client, architecture: 'arm64' }, undefined)).toThrow(/is for amd64, not for arm64/)
    core.media.clear()
    expect(() => decide(client, undefined)).toThrow(expect.objectContaining({ code: 'MEDIA_NOT_FOUND' }))
  })

  it('names the processor of the installer that is to start, or says that there is none for it', () => {
    const arm = { ...client, architecture: 'arm64' } as const
    expect(decide(arm, undefined)).toEqual({
      decision: 'ignore',
      machine: MAC,
      reason: 'the installer for arm64 machines is not built on this server (installer.arm64)',
    })
    expect(core.inventory.list()).toEqual([])
    const both = bootDesk({ ...core, installers: new Set(['amd64', 'arm64']) })
    expect(both(arm, undefined)).toMatchObject({ decision: 'discover', architecture: 'arm64' })
    expect(core.inventory.find({ mac: MAC })).toMatchObject({ architecture: 'arm64' })
  })

  it('sends a deployed machine to its disk, without a token', () => {
    const { id } = core.inventory.create({ macs: [MAC], spec: { image: 'os/web:stable' } }, 'system')
    core.inventory.changeState(id, 'deployed', 'system')
    expect(decide(client, undefined)).toMatchObject({ decision: 'local', reason: 'os/web:stable is installed' })
    expect(decide(client, undefined).token).toBeUndefined()
  })

  it('leaves retired machines and foreign architectures alone', () => {
    const { id } = core.inventory.create({ macs: [MAC] }, 'system')
    core.inventory.retire(id, 'system')
    expect(decide(client, undefined)).toMatchObject({ decision: 'ignore', reason: 'the machine is retired' })
    expect(decide({ mac: '52:54:00:00:00:77', architecture: 'other' }, undefined)).toMatchObject({ decision: 'ignore' })
    expect(core.inventory.find({ mac: '52:54:00:00:00:77' })).toBeUndefined()
    expect(core.events.recent({ types: ['boot.refused'] })).toHaveLength(2)
  })

  it('tells a failed machine why it waits', async () => {
    const { id } = core.inventory.discover({ mac: MAC })
    core.inventory.recordFacts(id, facts())
    const results = await core.installs.assign({ machines: [id], image: 'os/web:stable' }, 'system')
    decide(client, undefined)
    const { session } = core.installs.openSession(core.tokens.issueInstallToken(id, 1), {
      bootMac: MAC,
      facts: facts(),
      agentVersion: '1',
      bootId: id,
    })
    await core.installs.nextTask(core.installs.authenticateSession(session), 0)
    const failure = { code: 'DISK_IO' as const, message: 'line one\nline two' }
    core.installs.recordEvents({ machineId: id, bootId: id }, results[0]!.installId!, {
      events: [{ seq: 1, at: '2026-01-31T12:00:00.000Z', event: { type: 'failed', step: 'fetch', failure } }],
    })
    expect(decide(client, undefined)).toMatchObject({
      decision: 'discover',
      reason: 'the last install failed (line one line two), waiting for another assignment',
    })
  })

  it('makes scripts of whatever people called a machine', async () => {
    core.inventory.create({ macs: [MAC], name: 'web\n07 ${x} || shell' }, 'system')
    const app = testBootApp({ decide })
    const script = await (await app.request(`/boot/ipxe?mac=${MAC}`)).text()
    expect(script).toContain('This machine: web 07 $ {x} | | shell (')
    expect(script).toContain('landfall.token=lfi_')
  })
})
