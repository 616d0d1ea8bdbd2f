import { describe, expect, it } from 'vitest'
import { dhcpBootDesk } from '../../../server/dhcp/boot-desk.ts'
import type { Client } from '../../../server/dhcp/client.ts'
import { testCore } from '../../helpers/store-fakes.ts'

const MAC = '52:54:00:12:34:56'
const SERVER = '10.77.0.1'
const SCRIPT = { kind: 'script', url: 'http://10.77.0.1:8080/boot/ipxe' }

function client(change: Partial<Client>): Client {
  return { kind: 'pxe', netboot: true, mac: MAC, userClasses: [], ...change }
}

const BIOS = { code: 0, name: 'x86 BIOS', transport: 'tftp', platform: 'x86-bios' } as const
const UEFI = { code: 7, name: 'x64 UEFI', transport: 'tftp', platform: 'x64-uefi' } as const
const HTTP = { code: 16, name: 'x64 UEFI HTTP', transport: 'http', platform: 'x64-uefi' } as const
const ARM = { code: 11, name: 'ARM 64-bit UEFI', transport: 'tftp', platform: 'arm64-uefi' } as const

function ask(change: Partial<Client>, wants: 'script' | 'loader' = 'loader', core = testCore()) {
  return dhcpBootDesk({
    inventory: core.inventory,
    toBoot: (machine) => core.installs.toBoot(machine),
    httpPort: 8080,
  })({
    client: client(change),
    wants,
    serverAddress: SERVER,
  })
}

describe('a stranger', () => {
  it.each([
    ['BIOS firmware', { architecture: BIOS }, 'undionly.kpxe'],
    ['firmware that does not tell', {}, 'undionly.kpxe'],
    ['UEFI firmware', { architecture: UEFI }, 'snponly.efi'],
    ['UEFI HTTP Boot', { architecture: HTTP, kind: 'http' }, 'snponly.efi'],
    ['an iPXE without HTTP, BIOS', { architecture: BIOS, kind: 'ipxe' }, 'ipxe.pxe'],
    ['an iPXE without HTTP, UEFI', { architecture: UEFI, kind: 'ipxe' }, 'ipxe.efi'],
  ] as const)('with %s gets the loader for it', (_, change, file) => {
    expect(ask(change)).toEqual({ kind: 'loader', file, httpUrl: `http://10.77.0.1:8080/boot/loaders/${file}` })
  })

  it('whose iPXE runs scripts gets the script, which asks it who it is', () => {
    expect(ask({ kind: 'ipxe', architecture: UEFI }, 'script')).toEqual(SCRIPT)
  })

  it('without an installer for it is left alone, with the reason', () => {
    expect(ask({ architecture: ARM })).toEqual({ kind: 'refuse', reason: 'there is no installer for arm64 machines' })
  })
})

describe('a known machine', () => {
  it.each(['deployed', 'failed', 'assigned', 'installing'] as const)('that is %s is sent for its script', (state) => {
    const core = testCore()
    const { id } = core.inventory.discover({ mac: MAC })
    core.inventory.changeState(id, state, 'system')
    expect(ask({ kind: 'ipxe', architecture: UEFI }, 'script', core)).toEqual(SCRIPT)
    expect(ask({ architecture: UEFI }, 'loader', core)).toMatchObject({ kind: 'loader' })
  })

  it('that is retired gets an address and nothing to boot', () => {
    const core = testCore()
    const { id } = core.inventory.discover({ mac: MAC })
    core.inventory.retire(id, 'token:me')
    expect(ask({ architecture: UEFI }, 'loader', core)).toEqual({ kind: 'no-boot' })
  })
})
