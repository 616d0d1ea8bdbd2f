import { describe, expect, it } from 'vitest'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { beyondAgent, beyondDiskImage } from '../../../server/contract/agent-limits.ts'

describe("what is beyond Landfall's agent", () => {
  it('is nothing of a spec by default, nor of what it does', () => {
    expect(beyondAgent(MachineSpec.parse({}))).toEqual([])
    const users = [{ name: 'ada', sshKeys: ['ssh-ed25519 AAAA a'], groups: ['wheel'], password: '$6$a$b' }]
    expect(
      beyondAgent(MachineSpec.parse({ hostname: 'a', rootPassword: '$6$a$b', users, disks: { filesystem: 'btrfs' } })),
    ).toEqual([])
  })

  it('is nothing of what it does with disks', () => {
    const disks = {
      scheme: 'lvm',
      raid: { level: 1, disks: [{ serial: 'B' }] },
      thin: true,
      volumes: [{ mount: '/var', size: 2 ** 30 }],
      encryption: { passphrase: 'long enough', tpm2: true },
      rootSize: 2 ** 33,
      erase: 'discard',
    }
    expect(beyondAgent(MachineSpec.parse({ disks }))).toEqual([])
  })

  it('is nothing of what it does in /etc', () => {
    const system = {
      users: [{ name: 'ada', uid: 1815, gid: 1852, comment: 'Ada', home: '/var/lib/ada', shell: '/bin/zsh' }],
      groups: [{ name: 'app', gid: 800 }],
      timezone: 'Etc/UTC',
      timeServers: ['ntp.example'],
      language: 'it_IT.UTF-8',
      keyboard: 'it',
      selinux: 'permissive',
      firewall: { mode: 'enabled', services: ['http'] },
      services: { enabled: ['a'], disabled: ['b'], masked: ['c'] },
      network: [{ macs: ['52:54:00:12:34:56'] }],
      registry: { insecure: ['a:5000'], mirrors: [{ registry: 'quay.io', mirror: 'a:5000/quay' }] },
      files: [{ path: '/etc/app.conf', content: '' }],
      finish: 'kexec',
    }
    expect(beyondAgent(MachineSpec.parse(system))).toEqual([])
  })

  it.each([
    ['disks.automatic', { disks: { automatic: true } }],
    ['kickstart.post', { kickstart: { post: 'true' } }],
  ])('is %s', (path, spec) => {
    expect(beyondAgent(MachineSpec.parse(spec))).toEqual([path])
  })
})

it.each([
  ['disks.scheme', { disks: { scheme: 'lvm' } }],
  ['disks.volumes', { disks: { volumes: [{ mount: '/var', size: 2 ** 30 }] } }],
  ['disks.encryption', { disks: { encryption: { passphrase: 'long enough' } } }],
  ['disks.automatic', { disks: { automatic: true } }],
])('%s is beyond a disk image', (path, spec) => {
  expect(beyondDiskImage(MachineSpec.parse(spec))).toEqual([path])
})
