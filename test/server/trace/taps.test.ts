import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MESSAGE, OPTION, addresses } from '../../../server/dhcp/options.ts'
import { createProxy } from '../../../server/dhcp/proxy.ts'
import { clientOf } from '../../../server/trace/datagram.ts'
import { maskPath } from '../../../server/trace/mask.ts'
import { ipxeOptions, LINK, pxeOptions, selecting, usualBoot } from '../dhcp/messages.ts'
import { CLIENT_ADDRESS, MAC, MadeUpBoot } from './made-up.ts'

const texts = (boot: MadeUpBoot, client = MAC) =>
  boot.trace.of([client]).boots.flatMap(({ steps }) => steps.map(({ text }) => text))

describe('who it is', () => {
  it('is told by the address that DHCP gave', () => {
    const boot = new MadeUpBoot()
    boot.dhcp({ options: pxeOptions(7) })
    boot.tftp('snponly.efi', {}).http('/boot/loaders/snponly.efi')
    expect(texts(boot)).toHaveLength(3)
  })

  it('is told by the address that another server gave, beside a proxy', () => {
    const boot = new MadeUpBoot({
      responder: createProxy({ bootFileFor: usualBoot, ownAddresses: () => new Set([LINK.address]) }),
    })
    const chosen = selecting(CLIENT_ADDRESS, '10.77.0.254')
    boot.dhcp({ type: MESSAGE.request, options: [...pxeOptions(7), ...chosen] })
    boot.tftp('snponly.efi', {})
    expect(texts(boot)).toHaveLength(2)
    expect(boot.trace.overview().wire.otherServers).toMatchObject([{ address: '10.77.0.254' }])
  })

  it('is told by leases of a server before this one, or by the query, else by the address', () => {
    const leased = new MadeUpBoot({ macAt: (address) => (address === CLIENT_ADDRESS ? MAC : undefined) })
    leased.tftp('snponly.efi', {})
    expect(texts(leased)).toHaveLength(1)
    const asking = new MadeUpBoot().http(`/boot/ipxe?mac=${MAC.toUpperCase()}`).http('/boot/installer/vmlinuz')
    expect(texts(asking)).toHaveLength(2)
    const unknown = new MadeUpBoot().http('/boot/installer/vmlinuz')
    expect(unknown.trace.overview().clients).toMatchObject([{ client: CLIENT_ADDRESS, description: null }])
  })

  it('is a machine, and then no stranger', () => {
    const boot = new MadeUpBoot({ machineOf: (mac) => (mac === MAC ? 'id' : undefined) })
    boot.dhcp({ options: pxeOptions(7) })
    boot.dhcp({ mac: '52:54:00:00:00:99', options: pxeOptions(7), giaddr: '10.77.0.2' })
    expect(boot.trace.overview().clients).toMatchObject([
      { client: '52:54:00:00:00:99', description: 'x64 UEFI firmware (PXE)', relay: '10.77.0.2' },
    ])
  })

  it('is this host itself, which is looked at once, and no stranger either', () => {
    let looks = 0
    const ownMacs = () => {
      looks++
      return new Set([MAC])
    }
    const boot = new MadeUpBoot({ ownMacs })
    boot.dhcp({ options: pxeOptions(7) })
    for (const end of ['98', '99']) boot.dhcp({ mac: `52:54:00:00:00:${end}`, options: pxeOptions(7) })
    expect(boot.trace.overview().clients.map(({ client }) => client)).toEqual([
      '52:54:00:00:00:99',
      '52:54:00:00:00:98',
    ])
    expect(looks).toBe(1)
    expect(texts(boot)).toHaveLength(1)
  })

  it('is option 61 on a link without hardware addresses', () => {
    const boot = new MadeUpBoot()
    const options = [...pxeOptions(7), [OPTION.clientIdentifier, Uint8Array.of(255, 1, 2)]] as const
    boot.dhcp({ hlen: 0, htype: 32, options })
    expect(boot.trace.overview().clients).toMatchObject([{ client: 'id:ff0102' }])
  })
})

describe('what is kept', () => {
  it('has no secrets', () => {
    const boot = new MadeUpBoot()
    boot.dhcp({ options: ipxeOptions(7) })
    boot.http('/i/lfi_verysecret/ks').http('/boot/x?token=lfi_verysecret&serial=lfa_verysecret')
    const everything = JSON.stringify(boot.trace.of([MAC])) + boot.trace.pcap([MAC]).toString('latin1')
    expect(everything).not.toContain('verysecret')
    expect(texts(boot).join()).toContain('its kickstart')
  })

  it.each([
    ['/i/lfi_abc/ks', '/i/[secret]/ks'],
    ['/i/anything/ks?x=1', '/i/[secret]/ks?x=1'],
    ['/boot/ipxe?token=abc&mac=1', '/boot/ipxe?token=[secret]&mac=1'],
    ['/boot/ipxe?mac=52:54:00:12:34:56', '/boot/ipxe?mac=52:54:00:12:34:56'],
  ])('%s is kept as %s', (path, masked) => {
    expect(maskPath(path)).toBe(masked)
  })

  it('is nothing of health checks and people', () => {
    const boot = new MadeUpBoot().http('/livez').http('/')
    expect(boot.trace.overview().clients).toEqual([])
  })

  it('are bytes of our own: the listener may use its buffer again', () => {
    const boot = new MadeUpBoot()
    const before = boot.trace.pcap([MAC]).length
    boot.dhcp({ options: pxeOptions(7) })
    const pcap = boot.trace.pcap([MAC])
    boot.dhcp({ options: [...pxeOptions(7), [OPTION.requestedAddress, addresses([CLIENT_ADDRESS])]] })
    expect(before).toBe(24)
    expect(boot.trace.pcap([MAC]).subarray(0, pcap.length)).toEqual(pcap)
  })
})

describe('any bytes', () => {
  it('neither stop the taps nor the story', () => {
    const boot = new MadeUpBoot()
    const header = Buffer.alloc(240)
    header.set([1, 1, 6, 0])
    header.set([0x63, 0x82, 0x53, 0x63], 236)
    const noise = fc.uint8Array({ maxLength: 400 })
    fc.assert(
      fc.property(noise, fc.boolean(), (bytes, framed) => {
        const datagram = framed ? Buffer.concat([header, bytes]) : bytes
        boot.dhcp(datagram)
        boot.trace.taps.tftpDatagram(bytes, { address: '10.77.0.9', port: 9 }, { address: '10.77.0.1', port: 69 })
        const { clients } = boot.trace.overview()
        for (const { client } of clients) expect(boot.trace.pcap([client]).length).toBeGreaterThanOrEqual(24)
        clientOf(datagram)
      }),
      { numRuns: 200 },
    )
    expect(boot.trace.overview().wire.dhcpMalformed).toBeGreaterThan(0)
  })
})
