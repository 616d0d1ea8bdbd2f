import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { configure } from '../../../boot-assets/agent/stages/configure.ts'
import type { ConfigureOptions } from '../../../boot-assets/agent/stages/configure.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { FakeTree, saysNo } from '../fake-tree.ts'

let fake: FakeTree
beforeEach(async () => {
  fake = await FakeTree.make()
  fake.programs.add('curl')
  await fake.etc('shadow', 'root:*:20000::::::\n', 0o640)
})
afterEach(() => fake[Symbol.asyncDispose]())

async function run(spec: object, change: Partial<ConfigureOptions> = {}): Promise<string[]> {
  const said: string[] = []
  await configure({
    target: fake.target,
    installId: '01890000-0000-7000-8000-000000000003',
    targetReference: '192.0.2.1:8443/os/web:1',
    deployment: { path: fake.root, kernelArguments: [] },
    tree: fake.tree,
    spec: MachineSpec.parse(spec),
    confirmation: { url: 'https://192.0.2.1:8443', token: 'secret', installId: 'id', ca: 'PEM' },
    enforcement: undefined,
    files: [],
    storageFiles: [],
    say: (text) => said.push(text),
    warn: (text) => said.push(`warning: ${text}`),
    ...change,
  })
  return said
}

const silent = { confirmation: undefined }
const modeOf = async (path: string) => (await stat(join(fake.root, 'etc', path))).mode & 0o777

describe('configure', () => {
  it('writes the first-boot report, which only root may read', async () => {
    await run({})
    expect(await fake.read('landfall/confirm.env')).toContain("LANDFALL_TOKEN='secret'")
    expect(await modeOf('landfall/confirm.env')).toBe(0o600)
    expect(await fake.link('systemd/system/multi-user.target.wants/landfall-confirm.service')).toBe(
      '/etc/systemd/system/landfall-confirm.service',
    )
  })

  it('leaves a system that reports nothing as it is', async () => {
    expect(await run({}, silent)).toEqual([])
    expect(await readdir(join(fake.root, 'etc'))).toEqual(['shadow'])
    expect(fake.ran).toEqual([])
  })

  it('sets passwords, and the mode of shadow stays', async () => {
    await run({ rootPassword: '$6$s$r', users: [{ name: 'ada', password: '$6$s$a' }] }, silent)
    expect(await fake.read('shadow')).toBe('root:$6$s$r:20000::::::\nada:$6$s$a:::::::\n')
    expect(await modeOf('shadow')).toBe(0o640)
    expect(await fake.read('sysusers.d/landfall-users.conf')).not.toContain('$6$')
  })

  it('writes the files it is given, with their modes', async () => {
    await run({}, { ...silent, files: [{ path: '/etc/app/secret.conf', text: 'x', mode: 0o600 }] })
    expect(await fake.read('app/secret.conf')).toBe('x')
    expect(await modeOf('app/secret.conf')).toBe(0o600)
  })

  it('knows accounts of either place, and asks the image for its shells', async () => {
    await fake.etc('passwd', 'root:x:0:0::/root:/bin/sh\nops:x:1000:1000::/var/home/ops:/bin/sh\n')
    await fake.image('usr/lib/passwd', 'core:x:1001:1001::/var/home/core:/bin/sh\n')
    await run({ users: [{ name: 'ada', shell: '/bin/zsh' }] }, silent)
    expect(await fake.read('sysusers.d/landfall-users.conf')).toBe('u ada 1002 "ada" /var/home/ada /bin/zsh\n')
    expect(fake.ran).toEqual(['test -f /bin/zsh -a -x /bin/zsh'])
  })

  it.each([
    ['a shell that is not there', { shell: '/bin/zsh' }, /the image has no program \/bin\/zsh/],
    ['a home on the read-only part', { home: '/opt/ada' }, /user ada: \/opt\/ada lies in the image/],
    ['the uid of another', { uid: 33 }, /uid 33 belongs to user www-data/],
  ])('refuses %s, and has written nothing', async (_, user, message) => {
    await fake.image('usr/lib/passwd', 'www-data:x:33:33::/var/www:/bin/sh\n')
    fake.answers.set('test -f', saysNo(''))
    const refused = run({ hostname: 'web', users: [{ name: 'ada', ...user }] })
    await expect(refused).rejects.toThrowWithCode(AgentError, 'CONFIGURE_FAILED')
    await expect(refused).rejects.toThrow(message)
    expect(await readdir(join(fake.root, 'etc'))).toEqual(['shadow'])
  })

  it('asks which service sets the clock after services were switched, and labels all that came', async () => {
    for (const program of ['chronyd', 'setfiles', 'firewall-offline-cmd']) fake.programs.add(program)
    fake.answers.set('systemctl --root=/ list-unit-files', 'chronyd.service disabled disabled\n')
    await fake.etc('chrony.conf', 'confdir /etc/chrony.d\n')
    await fake.etc('selinux/config', 'SELINUX=enforcing\nSELINUXTYPE=targeted\n')
    await fake.etc('systemd/system/one.service', '')
    await fake.etc('firewalld/firewalld.conf', '')
    await fake.image('usr/share/zoneinfo/Etc/UTC')
    const system = { timezone: 'Etc/UTC', timeServers: ['ntp.example'], selinux: 'permissive', language: 'en_US.UTF-8' }
    await run({ ...system, services: { enabled: ['chronyd'] }, firewall: { mode: 'enabled' } }, silent)
    expect(fake.ran.slice(0, -1)).toEqual([
      'systemctl --root=/ list-unit-files --full --no-legend --no-pager',
      'systemctl --root=/ enable -- chronyd.service',
      'firewall-offline-cmd --enabled',
      'systemctl --root=/ is-enabled --quiet chronyd.service',
    ])
    const [, , policy, ...labelled] = fake.ran.at(-1)!.split(' ')
    expect(policy).toBe('/etc/selinux/targeted/contexts/files/file_contexts')
    expect(labelled.toSorted()).toEqual([
      '/etc/chrony.d',
      '/etc/chrony.d/landfall.conf',
      '/etc/firewalld',
      '/etc/locale.conf',
      '/etc/localtime',
      '/etc/selinux',
      '/etc/selinux/config',
      '/etc/systemd/system',
      '/etc/systemd/system-preset',
      '/etc/systemd/system-preset/00-landfall.preset',
    ])
    expect(await fake.link('localtime')).toBe('../usr/share/zoneinfo/Etc/UTC')
    expect(await fake.read('selinux/config')).toContain('SELINUX=permissive\n')
  })
})
