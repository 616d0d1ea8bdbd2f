import { describe, expect, it } from 'vitest'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { beyondAgent } from '../../../server/contract/agent-limits.ts'

describe("what is beyond Landfall's agent", () => {
  it('is nothing of a spec by default, nor of what it does', () => {
    expect(beyondAgent(MachineSpec.parse({}))).toEqual([])
    const users = [{ name: 'ada', sshKeys: ['ssh-ed25519 AAAA a'], groups: ['wheel'], password: '$6$a$b' }]
    expect(
      beyondAgent(MachineSpec.parse({ hostname: 'a', rootPassword: '$6$a$b', users, disks: { filesystem: 'btrfs' } })),
    ).toEqual([])
  })

  it.each([
    ['timezone', { timezone: 'Etc/UTC' }],
    ['disks.scheme', { disks: { scheme: 'raid1' } }],
    ['disks.encryption', { disks: { encryption: { passphrase: 'long enough' } } }],
    ['network', { network: [{ macs: ['52:54:00:12:34:56'] }] }],
    ['kickstart.post', { kickstart: { post: 'true' } }],
  ])('is %s', (path, spec) => {
    expect(beyondAgent(MachineSpec.parse(spec))).toEqual([path])
  })
})
