// Sudo, registries, cloud-init, Ignition, credentials and the site's script.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cloudInitSeed } from '../../../boot-assets/agent/deployment/cloud-init.ts'
import { credentialFiles } from '../../../boot-assets/agent/deployment/credentials.ts'
import { runScript } from '../../../boot-assets/agent/deployment/hook-script.ts'
import { checkIgnition, writeIgnition } from '../../../boot-assets/agent/deployment/ignition.ts'
import { registries } from '../../../boot-assets/agent/deployment/registries.ts'
import { sudoers } from '../../../boot-assets/agent/deployment/sudo.ts'
import { systemFolders } from '../../../boot-assets/agent/deployment/system-path.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { FakeTree, saysNo } from '../fake-tree.ts'

let fake: FakeTree
beforeEach(async () => {
  fake = await FakeTree.make()
})
afterEach(() => fake[Symbol.asyncDispose]())

describe('sudo', () => {
  const users = MachineSpec.parse({
    users: [{ name: 'ada', sudo: 'nopasswd' }, { name: 'bob', sudo: 'password' }, { name: 'eve' }],
  }).users

  it("is a file that the image's visudo has seen", async () => {
    fake.programs = new Set(['sudo', 'visudo'])
    expect(await sudoers(fake.tree, users)).toEqual([
      {
        path: 'etc/sudoers.d/50-landfall',
        text: 'ada ALL=(ALL:ALL) NOPASSWD: ALL\nbob ALL=(ALL:ALL) ALL\n',
        mode: 0o440,
      },
    ])
    expect(fake.ran).toEqual(['visudo -c -f -'])
  })

  it('is refused where visudo says no, and where there is none', async () => {
    await expect(sudoers(fake.tree, users)).rejects.toThrow(/sudo is asked for, and the image has none/)
    fake.programs = new Set(['sudo', 'visudo'])
    fake.answers.set('visudo', saysNo('syntax error near line 1'))
    await expect(sudoers(fake.tree, users)).rejects.toThrow(/visudo: syntax error near line 1/)
    expect(await sudoers(fake.tree, users.slice(2))).toEqual([])
  })
})

describe('registries', () => {
  const { registry } = MachineSpec.parse({
    registry: {
      credentials: [{ registry: 'quay.example', username: 'me', password: 'pä:ss' }],
      mirrors: [
        { registry: 'quay.io', mirror: 'mirror.example:5000/quay' },
        { registry: 'quay.io', mirror: 'other.example/quay' },
      ],
      insecure: ['mirror.example:5000'],
    },
  })

  it('are known by certificate, mirror and login', async () => {
    const own = { registry: '[fd00::1]:8443', ca: 'PEM\n' }
    const files = await registries(fake.root, registry, own)
    expect(files.map((file) => [file.path, 'mode' in file && file.mode])).toEqual([
      ['etc/containers/certs.d/[fd00::1]:8443/ca.crt', 0o644],
      ['etc/containers/registries.conf.d/50-landfall.conf', 0o644],
      ['etc/ostree/auth.json', 0o600],
    ])
    expect(files[1]).toMatchObject({
      text: `[[registry]]
location = "mirror.example:5000"
insecure = true

[[registry]]
location = "quay.io"

[[registry.mirror]]
location = "mirror.example:5000/quay"
insecure = true

[[registry.mirror]]
location = "other.example/quay"
`,
    })
  })

  it('keep the logins of the image', async () => {
    await fake.etc('ostree/auth.json', '{"auths":{"a.example":{"auth":"eA=="},"quay.example":{"auth":"old"}},"x":1}')
    const file = (await registries(fake.root, registry, undefined)).at(-1)
    expect(JSON.parse(file && 'text' in file ? file.text : '')).toEqual({
      auths: {
        'a.example': { auth: 'eA==' },
        'quay.example': { auth: Buffer.from('me:pä:ss').toString('base64') },
      },
      x: 1,
    })
  })
})

describe('cloud-init', () => {
  const wanted = { cloudInit: { userData: '#cloud-config\n' }, hostname: 'web1', network: [] }

  it('finds its seed, readable by root alone', () => {
    fake.programs.add('cloud-init')
    const files = cloudInitSeed(fake.tree, wanted, 'one')
    expect(files.map(({ path, mode }) => [path, mode])).toEqual([
      ['/var/lib/cloud/seed/nocloud/user-data', '0600'],
      ['/var/lib/cloud/seed/nocloud/meta-data', '0644'],
      ['/etc/cloud/cloud.cfg.d/95-landfall.cfg', '0644'],
    ])
    expect(files[1]!.content).toBe('instance-id: one\nlocal-hostname: web1\n')
  })

  it('leaves the network alone where the spec has one and it was told nothing', () => {
    fake.programs.add('cloud-init')
    const { network } = MachineSpec.parse({ network: [{ macs: ['52:54:00:00:00:0a'] }] })
    expect(cloudInitSeed(fake.tree, { ...wanted, network }, 'one').at(-1)!.content).toBe(
      'network: {config: disabled}\n',
    )
    const own = { userData: '#!/bin/sh\n', networkConfig: 'version: 2\n' }
    expect(cloudInitSeed(fake.tree, { ...wanted, cloudInit: own, network }, 'one').at(-1)).toMatchObject({
      path: '/var/lib/cloud/seed/nocloud/network-config',
      mode: '0600',
    })
  })

  it('is refused for an image without it', () => {
    expect(() => cloudInitSeed(fake.tree, wanted, 'one')).toThrow(/the image has no cloud-init/)
  })
})

describe('Ignition', () => {
  it('is handed over where initramfs and menu know it, and refused elsewhere', async () => {
    await expect(checkIgnition(fake.tree, '{}')).rejects.toThrow(/no Ignition in its initramfs/)
    await fake.image('usr/lib/dracut/modules.d/30ignition/module-setup.sh')
    await expect(checkIgnition(fake.tree, '{}')).rejects.toThrowWithCode(AgentError, 'CONFIGURE_FAILED')
    await fake.image('usr/lib/bootupd/grub2-static/configs.d/05_ignition.cfg')
    await checkIgnition(fake.tree, '{}')
    const boot = join(fake.target, 'boot')
    await writeIgnition(boot, '{"ignition":{}}')
    expect(await readFile(join(boot, 'ignition/config.ign'), 'utf8')).toBe('{"ignition":{}}')
    expect((await stat(join(boot, 'ignition/config.ign'))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(boot, 'ignition.firstboot'), 'utf8')).toBe('')
  })
})

describe('credentials of systemd', () => {
  it('are readable by root alone', () => {
    expect(credentialFiles([{ name: 'app.password', value: 'x' }])).toEqual([
      { path: 'etc/credstore/app.password', text: 'x', mode: 0o600 },
    ])
  })
})

describe("the site's script", () => {
  const run = async (said: string[] = []) =>
    runScript(fake.tree, fake.target, await systemFolders(fake.path, fake.root), 'echo a\r\n', (line) =>
      said.push(line),
    )

  it("runs with the machine's own /var, and leaves nothing of itself", async () => {
    await run()
    expect(fake.ran).toEqual(['sh -c exec "$0" /sysroot/.landfall-script'])
    await expect(stat(join(fake.target, '.landfall-script'))).rejects.toThrow('ENOENT')
  })

  it('ends the install in its own words', async () => {
    fake.answers.set('sh -c', saysNo('no such account', 3))
    await expect(run()).rejects.toThrow(/^hooks\.script: no such account$/)
  })
})
