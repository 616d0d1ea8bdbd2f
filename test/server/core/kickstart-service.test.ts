import { beforeEach, describe, expect, it } from 'vitest'
import type { AnacondaClient } from '../../../server/core/kickstart-service.ts'
import { SILENCE_MS } from '../../../server/core/kickstart-service.ts'
import { disk } from '../../agent/examples.ts'
import { digestOf, facts, MAC, testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const SPEC = {
  installer: 'anaconda',
  media: 'fedora-44',
  rootPassword: '$6$salt$hash',
  disks: { disk: { byId: 'nvme-X' }, encryption: { passphrase: 'correct horse', tpm2: false } },
} as const

let core: TestCore
let machineId: string
beforeEach(() => {
  core = testCore()
  core.media.set('fedora-44', { release: 'F44', architecture: 'amd64' })
  machineId = core.inventory.discover({ mac: MAC }).id
})

/** Assigns the image by Anaconda and boots; returns the install and the token of its boot. */
async function armed(image = 'os/web:stable', more: object = {}) {
  const spec = { ...SPEC, ...more }
  const results = await core.installs.assign({ machines: [machineId], image, spec }, 'token:me')
  expect(results[0]!.error).toBeNull()
  const { generation } = core.inventory.get(machineId)
  return { installId: results[0]!.installId!, token: core.tokens.issueInstallToken(machineId, generation) }
}

const client: AnacondaClient = { macs: [MAC], serial: undefined, address: '192.0.2.50' }
const state = () => core.inventory.get(machineId).state
const running = (installId: string) => core.installs.get(installId).steps.find((step) => step.state === 'running')?.name

const MASKED = ['cups']

describe('an assignment', () => {
  it('is refused when no kickstart can be made of it, and changes nothing', async () => {
    for (const [spec, code, message] of [
      [{ ...SPEC, media: 'nothing' }, 'MEDIA_NOT_FOUND', /no boot medium nothing/],
      [{ installer: 'anaconda', kickstart: { release: 'F44' } }, 'MEDIA_NOT_FOUND', /the spec names none/],
      [{ ...SPEC, media: 'nothing', kickstart: { release: 'F44' } }, 'MEDIA_NOT_FOUND', /no boot medium nothing/],
      [{ ...SPEC, disks: { scheme: 'raid1' } }, 'KICKSTART_INVALID', /raid1 and disks.mirror belong together/],
      [{ ...SPEC, kickstart: { release: 'F43' }, engine: 'bootc' }, 'KICKSTART_INVALID', /no working bootc/],
      [{ ...SPEC, services: { masked: MASKED } }, 'KICKSTART_INVALID', /no kickstart command masks units/],
      [{ ...SPEC, kickstart: { template: 'unknown' } }, 'KICKSTART_INVALID', /no template kickstart\/unknown.ks/],
    ] as const) {
      const results = await core.installs.assign({ machines: [machineId], image: 'os/web:stable', spec }, 'token:me')
      expect(results[0]!.error).toMatchObject({ code, message: expect.stringMatching(message) })
    }
    expect(core.inventory.get(machineId)).toMatchObject({ state: 'discovered', generation: 0, ownSpec: {} })
  })

  it('lets a waiting agent reboot into Anaconda', async () => {
    const token = core.tokens.issueInstallToken(machineId, 0)
    const bootId = '0a1b2c3d-0000-4000-8000-000000000009'
    const { session } = core.installs.openSession(token, {
      bootMac: MAC,
      facts: { ...facts(), disks: [{ ...disk, byId: ['nvme-X'] }] },
      agentVersion: '1',
      bootId,
    })
    await armed()
    expect(await core.installs.nextTask(core.installs.authenticateSession(session), 0)).toEqual({ type: 'reboot' })
  })
})

describe('the kickstart', () => {
  it('begins the install, and is the same when asked for again', async () => {
    const { token, installId } = await armed()
    const text = await core.kickstarts.kickstart(token, client)
    expect(text).toContain('ostreecontainer --url=landfall.test:8443/os/web:stable --transport=registry')
    expect(await core.kickstarts.kickstart(token, client)).toBe(text)
    expect(core.installs.get(installId)).toMatchObject({ state: 'running' })
    expect(state()).toBe('installing')
    expect(core.events.recent({ types: ['boot.script'], machineId })).toHaveLength(1)
  })

  it('holds no secret; the secrets are fetched apart, as long as the install goes on', async () => {
    const { token, installId } = await armed()
    const text = await core.kickstarts.kickstart(token, client)
    expect(text).not.toMatch(/correct horse|\$6\$/)
    expect(core.kickstarts.secretFile(token, 'storage.ks')).toContain('--passphrase="correct horse"')
    expect(core.kickstarts.secretFile(token, 'accounts.ks')).toContain('rootpw "$6$salt$hash" --iscrypted')
    expect(core.kickstarts.secretFile(token, 'confirm.env')).toContain(`LANDFALL_INSTALL='${installId}'`)
    expect(() => core.kickstarts.secretFile(token, 'auth.json')).toThrow(
      expect.objectContaining({ code: 'FILE_NOT_FOUND' }),
    )
    core.kickstarts.stage(token, 'installed', '')
    expect(() => core.kickstarts.secretFile(token, 'storage.ks')).toThrow(
      expect.objectContaining({ code: 'INSTALL_OVER' }),
    )
  })

  it('has a login for a repository that is not for anybody, as long as the install goes on', async () => {
    core.catalog.images.set('amd64 private/web:stable', digestOf('a'))
    const { token, installId } = await armed('private/web:stable')
    const text = await core.kickstarts.kickstart(token, client)
    const login = () => {
      const { auths } = JSON.parse(core.kickstarts.secretFile(token, 'installer-auth.json'))
      const { auth } = auths['landfall.test:8443/private/web']
      return Buffer.from(auth, 'base64').toString().replace('landfall:', '')
    }
    const [first, second] = [login(), login()]
    expect(core.installs.pullableBy(first)).toBeUndefined()
    expect(core.installs.pullableBy(second)).toBe('private/web')
    core.kickstarts.secretFile(token, 'storage.ks')
    expect(core.installs.pullableBy(second)).toBe('private/web')
    expect(text).not.toContain(second)
    const { assigned } = core.kickstarts.preview(machineId)
    expect(JSON.stringify(assigned)).not.toContain(second)
    core.kickstarts.stage(token, 'installed', '')
    expect(core.installs.pullableBy(second)).toBeUndefined()
    expect(core.installs.get(installId).state).toBe('rebooting')
  })

  it('names the digest where caches are asked, and a preview differs in nothing', async () => {
    const { token } = await armed('os/web:stable', { layerCaches: ['http://cache.example:5000'] })
    expect(await core.kickstarts.kickstart(token, client)).toMatch(
      /--url=landfall\.test:8443\/os\/web@sha256:[0-9a-f]{64} /,
    )
    const { wanted, assigned } = core.kickstarts.preview(machineId)
    expect(wanted.text.replace(/generation \d+/, '')).toBe(assigned!.text.replace(/generation \d+/, ''))
  })

  it('starts the install over when the machine boots in the middle of it', async () => {
    const { token, installId } = await armed()
    await core.kickstarts.kickstart(token, client)
    core.kickstarts.stage(token, 'partitioned', '')
    expect(running(installId)).toBe('fetch')
    await core.kickstarts.kickstart(core.tokens.issueInstallToken(machineId, 1), client)
    expect(core.installs.get(installId)).toMatchObject({ state: 'running' })
    expect(running(installId)).toBeUndefined()
  })

  it('is refused to other machines, which leaves a trace', async () => {
    const { token } = await armed()
    core.inventory.create({ macs: ['52:54:00:00:00:77'], name: 'other' }, 'token:me')
    const strangers = { ...client, macs: ['52:54:00:aa:aa:aa', '52:54:00:00:00:77'] }
    await expect(core.kickstarts.kickstart(token, strangers)).rejects.toThrow(
      expect.objectContaining({ code: 'MACHINE_MISMATCH', message: expect.stringContaining('those of other') }),
    )
    expect(core.events.recent({ types: ['agent.refused'], machineId })).toHaveLength(1)
    expect(state()).toBe('assigned')
    // A card nobody knows proves nothing.
    expect(await core.kickstarts.kickstart(token, { ...client, macs: ['52:54:00:aa:aa:aa'] })).toContain(
      'ostreecontainer',
    )
  })

  it('is refused with tokens of nobody, of former generations, and after the end', async () => {
    const { token } = await armed()
    await expect(core.kickstarts.kickstart('lfi_guess', client)).rejects.toThrow(
      expect.objectContaining({ code: 'TOKEN_INVALID' }),
    )
    const second = await armed()
    await expect(core.kickstarts.kickstart(token, client)).rejects.toThrow(
      expect.objectContaining({ code: 'INSTALL_OVER' }),
    )
    await core.kickstarts.kickstart(second.token, client)
    core.kickstarts.stage(second.token, 'installed', '')
    await expect(core.kickstarts.kickstart(second.token, client)).rejects.toThrow(
      expect.objectContaining({ code: 'INSTALL_OVER' }),
    )
  })

  it('is refused, and the install ended, when the image is not allowed any more', async () => {
    const { token, installId } = await armed()
    core.trust.basis = { policy: { require: 'reject', pattern: '*' }, evidence: [] }
    await expect(core.kickstarts.kickstart(token, client)).rejects.toThrow(
      expect.objectContaining({ code: 'INSTALL_OVER', message: expect.stringContaining('policy') }),
    )
    expect(core.installs.get(installId)).toMatchObject({ state: 'failed', failure: { code: 'IMAGE_REJECTED' } })
    expect(state()).toBe('failed')
  })

  it('is refused when a layer was found bad meanwhile, and does not wait for one that nobody has read', async () => {
    const bad = await armed()
    core.contents.verdict = { state: 'refused', code: 'LAYER_BOMB', message: 'a bomb', hint: '' }
    await expect(core.kickstarts.kickstart(bad.token, client)).rejects.toThrow(/a bomb/)
    core.contents.verdict = { state: 'read', layers: [] }
    const unread = await armed()
    core.contents.verdict = { state: 'reading', layers: 0, totalLayers: 1 }
    expect(await core.kickstarts.kickstart(unread.token, client)).toContain('ostreecontainer')
  })

  it('that cannot be made any more ends its install with the reason', async () => {
    const { token, installId } = await armed()
    core.media.clear()
    await expect(core.kickstarts.kickstart(token, client)).rejects.toThrow(
      expect.objectContaining({ code: 'MEDIA_NOT_FOUND' }),
    )
    expect(core.installs.get(installId)).toMatchObject({
      state: 'failed',
      failure: { code: 'KICKSTART_INVALID', message: expect.stringContaining('fedora-44') },
    })
    expect(state()).toBe('failed')
  })
})

describe('the stages', () => {
  it('move the install through its steps to the confirmation', async () => {
    const { token, installId } = await armed()
    await core.kickstarts.kickstart(token, client)
    const [, confirmToken] = /LANDFALL_TOKEN='(.*)'/.exec(core.kickstarts.secretFile(token, 'confirm.env'))!
    const seen: (string | undefined)[] = []
    for (const stage of ['started', 'partitioned', 'working', 'deployed', 'installed'] as const) {
      core.kickstarts.stage(token, stage, stage === 'working' ? 'Task started: Deploy' : '')
      seen.push(running(installId))
    }
    expect(seen).toEqual(['partition', 'fetch', 'fetch', 'configure', 'reboot'])
    expect(state()).toBe('rebooting')
    expect(core.installs.log(installId).map(({ text }) => text)).toEqual(['Task started: Deploy'])
    core.installs.confirm(confirmToken!, { installId, digest: digestOf('a') })
    expect(state()).toBe('deployed')
    expect(core.installs.get(installId).steps.every((step) => step.state === 'done')).toBe(true)
  })

  it('may be lost or come twice', async () => {
    const { token, installId } = await armed()
    await core.kickstarts.kickstart(token, client)
    core.kickstarts.stage(token, 'deployed', '')
    core.kickstarts.stage(token, 'deployed', '')
    core.kickstarts.stage(token, 'started', '')
    expect(running(installId)).toBe('configure')
    const steps = core.installs.get(installId).steps.map((step) => `${step.name} ${step.state}`)
    expect(steps.slice(0, 8)).toEqual([
      'boot done',
      'identify done',
      'plan done',
      'partition done',
      'fetch done',
      'deploy done',
      'configure running',
      'bootloader pending',
    ])
  })

  it('end the install with what Anaconda last said, and its logs are kept', async () => {
    const { token, installId } = await armed()
    await core.kickstarts.kickstart(token, client)
    core.kickstarts.stage(token, 'partitioned', '')
    core.kickstarts.stage(token, 'failed', 'no space left on device')
    core.kickstarts.log(token, 'anaconda.log', 'first\n\nsecond\n')
    expect(core.installs.get(installId)).toMatchObject({
      state: 'failed',
      failure: { code: 'INSTALLER_FAILED', message: 'no space left on device' },
    })
    expect(core.installs.log(installId).map(({ text }) => text)).toEqual([
      'anaconda.log: first',
      'anaconda.log: second',
    ])
  })

  it('are refused before the kickstart was fetched', async () => {
    const { token } = await armed()
    expect(() => core.kickstarts.stage(token, 'started', '')).toThrow(expect.objectContaining({ code: 'CONFLICT' }))
    expect(() => core.kickstarts.log(token, 'x', 'y')).toThrow(expect.objectContaining({ code: 'INSTALL_OVER' }))
  })
})

describe('silence', () => {
  it('ends an install by Anaconda, and no other', async () => {
    const { token, installId } = await armed()
    await core.kickstarts.kickstart(token, client)
    core.clock.advance(SILENCE_MS / 2)
    core.kickstarts.stage(token, 'started', '')
    core.clock.advance(SILENCE_MS / 2 + 60_000)
    core.kickstarts.endSilent()
    expect(core.installs.get(installId).state).toBe('running')
    core.clock.advance(SILENCE_MS)
    core.kickstarts.endSilent()
    expect(core.installs.get(installId)).toMatchObject({ state: 'failed', failure: { code: 'TIMEOUT' } })
  })
})

describe('the preview', () => {
  it('shows what is wanted and what was assigned, without secrets', async () => {
    await armed()
    core.inventory.update(machineId, { spec: { ...SPEC, image: 'os/web:next' } }, 'token:me')
    const { wanted, assigned } = core.kickstarts.preview(machineId, 'RHEL10')
    expect([wanted.release, assigned!.release]).toEqual(['RHEL10', 'F44'])
    expect(wanted.text).toContain('os/web:next')
    expect(assigned!.text).toContain('os/web:stable')
    expect(wanted.files.map(({ name }) => name)).toEqual(['storage.ks', 'accounts.ks'])
    expect(JSON.stringify([wanted, assigned])).not.toMatch(/correct horse|salt\$hash|lfi_/)
  })
})
