import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MachineState } from '../../../server/contract/machine.ts'
import { decideBoot as decide } from '../../../server/core/boot.ts'
import type { BootClient, BootDecision, BootMachine, Installers } from '../../../server/core/boot.ts'

const id = '01890000-0000-7000-8000-000000000001'

/** By a server that has the installer for amd64 alone. */
function decideBoot(machine: BootMachine | undefined, asker: BootClient, installers: Installers = new Set(['amd64'])) {
  return decide(machine, asker, installers)
}

function client(change: Partial<BootClient> = {}): BootClient {
  return { mac: '52:54:00:12:34:56', architecture: 'amd64', firmware: 'uefi', via: 'ipxe', ...change }
}

describe('decideBoot for a known machine', () => {
  const table: Record<MachineState, BootDecision> = {
    discovered: { kind: 'discover', machineId: id, generation: 3 },
    ready: { kind: 'discover', machineId: id, generation: 3 },
    assigned: { kind: 'install', machineId: id, generation: 3 },
    booting: { kind: 'install', machineId: id, generation: 3 },
    // NB: power was lost in the middle, or somebody pressed reset.
    installing: { kind: 'install', machineId: id, generation: 3 },
    rebooting: { kind: 'local', machineId: id },
    deployed: { kind: 'local', machineId: id },
    // NB: no second try without a person: a failed install may have a reason that destroys data.
    failed: { kind: 'discover', machineId: id, generation: 3 },
    retired: { kind: 'ignore', reason: 'the machine is retired' },
  }
  it.each(MachineState.options)('%s', (state) => {
    expect(decideBoot({ id, state, generation: 3 }, client())).toEqual(table[state])
  })

  it('sends an arm64 machine that is deployed to its disk, though there is no installer for it', () => {
    const arm = client({ architecture: 'arm64' })
    expect(decideBoot({ id, state: 'deployed', generation: 1 }, arm)).toEqual({ kind: 'local', machineId: id })
    expect(decideBoot({ id, state: 'assigned', generation: 1 }, arm)).toEqual({
      kind: 'ignore',
      reason: 'the installer for arm64 machines is not built on this server (installer.arm64)',
      tell: true,
    })
  })

  it('installs an arm64 machine where the installer for it is there', () => {
    const both: Installers = new Set(['amd64', 'arm64'])
    const arm = client({ architecture: 'arm64' })
    expect(decideBoot({ id, state: 'assigned', generation: 1 }, arm, both)).toMatchObject({ kind: 'install' })
    expect(decideBoot(undefined, arm, both)).toMatchObject({ kind: 'discover' })
  })

  it.each(MachineState.options)('%s, with Anaconda as its installer', (state) => {
    const starts = table[state].kind === 'install' ? { ...table[state], kind: 'kickstart' } : table[state]
    expect(decideBoot({ id, state, generation: 3, installer: 'anaconda' }, client())).toEqual(starts)
  })

  it('starts Anaconda on what our own installer does not exist for', () => {
    const machine = { id, state: 'assigned', generation: 3, installer: 'anaconda' } as const
    expect(decideBoot(machine, client({ architecture: 'arm64' })).kind).toBe('kickstart')
  })

  it('does not depend on the way the client asks', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...MachineState.options),
        fc.constantFrom('bios' as const, 'uefi' as const),
        fc.constantFrom('dhcp' as const, 'ipxe' as const, 'grub' as const, 'u-boot' as const, 'http' as const),
        fc.option(fc.string(), { nil: undefined }),
        (state, firmware, via, serial) => {
          const machine = { id, state, generation: 1 }
          expect(decideBoot(machine, client({ firmware, via, serial }))).toEqual(decideBoot(machine, client()))
        },
      ),
    )
  })
})

describe('decideBoot for a stranger', () => {
  const table: [string, Partial<BootClient>, BootDecision['kind']][] = [
    ['with a MAC', {}, 'discover'],
    [
      'with UUID and serial only',
      { mac: undefined, uuid: '4c4c4544-0043-3510-8052-b4c04f4a4b31', serial: 'C5Q' },
      'discover',
    ],
    ['with a UUID only', { mac: undefined, uuid: '4c4c4544-0043-3510-8052-b4c04f4a4b31' }, 'ignore'],
    ['with a placeholder identity', { mac: '00:00:00:00:00:00', serial: 'To be filled by O.E.M.' }, 'ignore'],
    ['without any identity', { mac: undefined }, 'ignore'],
    ['of another architecture', { architecture: 'other' }, 'ignore'],
  ]
  it.each(table)('%s', (_, change, kind) => {
    expect(decideBoot(undefined, client(change)).kind).toBe(kind)
  })
})
