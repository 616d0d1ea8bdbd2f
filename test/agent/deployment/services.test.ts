import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { anyEnabled, checkServices, presets, switchServices } from '../../../boot-assets/agent/deployment/services.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { FakeTree, saysNo } from '../fake-tree.ts'

const UNITS = `sshd.service   disabled enabled
cups.service   enabled  enabled
getty@.service enabled  enabled
fstrim.timer   enabled  enabled
tmp.mount      static   -
`
const of = (services: object) => MachineSpec.parse({ services }).services

let fake: FakeTree
beforeEach(async () => {
  fake = await FakeTree.make()
  fake.answers.set('systemctl --root=/ list-unit-files', UNITS)
})
afterEach(() => fake[Symbol.asyncDispose]())

describe('services', () => {
  it('are switched by the image’s own systemctl, names completed', async () => {
    const services = of({ enabled: ['sshd', 'getty@tty2.service'], disabled: ['cups'], masked: ['fstrim.timer'] })
    await checkServices(fake.tree, services)
    fake.ran.length = 0
    await switchServices(fake.tree, services)
    expect(fake.ran).toEqual([
      'systemctl --root=/ disable -- cups.service',
      'systemctl --root=/ mask -- fstrim.timer',
      'systemctl --root=/ enable -- sshd.service getty@tty2.service',
    ])
  })

  it('nobody asks for run nothing', async () => {
    await checkServices(fake.tree, of({}))
    await switchServices(fake.tree, of({}))
    expect(fake.ran).toEqual([])
  })

  it.each([
    [
      'units the image has not',
      { enabled: ['nginx'], masked: ['telnet.socket'] },
      /no unit nginx.service, telnet.socket/,
    ],
    ['a unit that nothing would start', { enabled: ['tmp.mount'] }, /tmp.mount cannot be enabled/],
    ['a unit twice', { enabled: ['cups'], disabled: ['cups.service'] }, /has cups.service twice/],
  ])('refuse %s before anything is switched', async (_, services, message) => {
    const checked = checkServices(fake.tree, of(services))
    await expect(checked).rejects.toThrowWithCode(AgentError, 'CONFIGURE_FAILED')
    await expect(checked).rejects.toThrow(message)
    expect(fake.ran.filter((line) => !line.includes('list-unit-files'))).toEqual([])
  })

  it('pass on what systemctl says, without the sandbox around it', async () => {
    fake.answers.set('systemctl --root=/ enable', saysNo('Failed to enable unit: Unit cups.service is masked\n'))
    const switched = switchServices(fake.tree, of({ enabled: ['cups'] }))
    await expect(switched).rejects.toMatchObject({
      code: 'CONFIGURE_FAILED',
      message: 'services: systemctl cannot enable cups.service: Failed to enable unit: Unit cups.service is masked',
    })
  })

  it('keep what was chosen when systemd applies its presets at the first boot', () => {
    expect(presets(of({ enabled: ['sshd'], disabled: ['cups'], masked: ['fstrim.timer'] }), 'disabled')).toEqual([
      {
        path: 'etc/systemd/system-preset/00-landfall.preset',
        text: 'enable sshd.service\ndisable cups.service\ndisable firewalld.service\n',
        mode: 0o644,
      },
    ])
    expect(presets(of({}), 'image')).toEqual([])
  })

  it('are enabled if one of them is', async () => {
    fake.answers.set('systemctl --root=/ is-enabled --quiet a.service', saysNo('', 4))
    expect(await anyEnabled(fake.tree, 'a.service')).toBe(false)
    expect(await anyEnabled(fake.tree, 'a.service', 'b.service')).toBe(true)
  })
})
