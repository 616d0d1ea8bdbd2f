// DHCP beside other servers: proxy mode and auto mode with dnsmasq and Kea, on other hosts and on the same.

import { describe, expect, it } from 'vitest'
import { MESSAGE, OPTION } from '../../server/dhcp/options.ts'
import { BROADCAST_FLAG } from '../../server/dhcp/packet.ts'
import type { Namespace } from '../e2e/lab/namespace.ts'
import type { LabProcess } from '../e2e/lab/process.ts'
import { pxeOptions, selecting } from '../server/dhcp/messages.ts'
import { LAN, broadcasting, dnsmasq, event, exchange, kea, serve, threeHosts, told, wire } from './dhcp-lan.ts'
import type { ServeConfig } from './dhcp-serve.ts'
import { withNetns, type Netns } from './netns.ts'

type Start = (net: Netns, namespace: Namespace) => Promise<LabProcess>
const OTHERS: readonly [name: string, program: string, start: Start][] = [
  ['dnsmasq', 'dnsmasq', (net, namespace) => dnsmasq(net, namespace, '--no-ping')],
  ['Kea', 'kea-dhcp4', (net, namespace) => kea(net, namespace, 'eth0')],
]

/** Quick, so that a test sees it all. */
const AUTO: ServeConfig = {
  ...LAN,
  mode: 'auto',
  links: [{ interface: 'br0', address: '10.77.0.1' }],
  probeTimes: { waitMs: 900, pausesMs: [500] },
}

describe.for(OTHERS)('beside %s', ([, program, start]) => {
  it('statement 39, statement 40: proxy mode adds boot data to the addresses of the other server', (test) =>
    withNetns(test, [program], async (net) => {
      const { ours, theirs, client } = await threeHosts(net)
      await start(net, theirs)
      const proxy = await serve(net, ours, { mode: 'proxy', links: [{ interface: 'br0', address: '10.77.0.1' }] })

      const options = pxeOptions(7)
      // dnsmasq unicasts unless asked to broadcast, as edk2 does.
      const discover = wire({ options, flags: BROADCAST_FLAG })
      const offers = await exchange(client, broadcasting('10.77.0.250', discover, 2))
      const ofProxy = offers.find(({ from }) => from === '10.77.0.1')
      const ofOther = offers.find(({ from }) => from === '10.77.0.2')
      expect(ofProxy).toMatchObject({ yiaddr: '0.0.0.0', siaddr: '10.77.0.1' })
      expect(ofProxy?.options.has(OPTION.vendorSpecific)).toBe(false)
      expect(ofOther?.yiaddr).toMatch(/^10\.77\.0\.(5\d|60)$/)

      const chosen = [...options, ...selecting(ofOther!.yiaddr, '10.77.0.2')]
      const request = wire({ type: MESSAGE.request, flags: BROADCAST_FLAG, options: chosen })
      const acks = await exchange(client, { ...broadcasting('10.77.0.250', request, 2), ms: 2000 })
      expect(acks.map(({ from }) => from)).toEqual(['10.77.0.2'])
      await told(proxy, 'foreign-server', '"server":"10.77.0.2"')

      const again = wire({ type: MESSAGE.request, ciaddr: '10.77.0.250', options })
      const [boot] = await exchange(client, {
        listen: ['10.77.0.250', 4011],
        send: [[again, '10.77.0.1', 4011]],
        count: 1,
        ms: 5000,
      })
      expect(boot).toMatchObject({ from: '10.77.0.1', port: 4011, ciaddr: '10.77.0.250', yiaddr: '0.0.0.0' })
      expect(Buffer.from(boot!.file).toString()).toBe('snponly.efi')
    }))

  it('auto mode leaves the addresses to it, and takes over when it has gone', (test) =>
    withNetns(test, [program], async (net) => {
      const { ours, theirs, client } = await threeHosts(net)
      const other = await start(net, theirs)
      const landfall = await serve(net, ours, AUTO)
      await told(landfall, 'mode-changed', '"mode":"proxy","server":"10.77.0.2"')
      const discover = wire({ mac: '52:54:00:00:00:21', options: pxeOptions(7), flags: BROADCAST_FLAG })
      const offers = await exchange(client, broadcasting('10.77.0.250', discover, 2))
      expect(offers.map(({ from, yiaddr }) => [from, yiaddr.startsWith('10.77.0.5')]).toSorted()).toEqual([
        ['10.77.0.1', false],
        ['10.77.0.2', true],
      ])
      await other.kill()
      await told(landfall, 'mode-changed', '"mode":"server"')
      const [offer] = await exchange(client, broadcasting('10.77.0.250', discover, 1))
      expect(offer).toMatchObject({ from: '10.77.0.1', yiaddr: '10.77.0.100', siaddr: '10.77.0.1' })
    }))
})

describe('auto mode', () => {
  it('serves a link without other servers, and gives way to one that comes', (test) =>
    withNetns(test, ['dnsmasq'], async (net) => {
      const { ours, theirs, client } = await threeHosts(net)
      const landfall = await serve(net, ours, AUTO)
      await told(landfall, 'mode-changed', '"mode":"server"')
      const discover = wire({ flags: BROADCAST_FLAG })
      const [offer] = await exchange(client, broadcasting('10.77.0.250', discover, 1))
      expect(offer?.yiaddr).toBe('10.77.0.100')
      // Its own question, which it hears too, is not answered.
      expect(landfall.log.matching(event('offer'))).toHaveLength(1)
      await dnsmasq(net, theirs)
      await told(landfall, 'mode-changed', '"mode":"proxy","server":"10.77.0.2"')
    }))

  it('shares the port with a server on the same host that allows it, and gives way to it', (test) =>
    withNetns(test, ['dnsmasq'], async (net) => {
      const { ours, client } = await threeHosts(net)
      await ours.ip('address', 'add', '10.77.0.3/24', 'dev', 'br0')
      await dnsmasq(net, ours, '--bind-interfaces', '--interface=br0', '--listen-address=10.77.0.3')
      const landfall = await serve(net, ours, AUTO)
      await told(landfall, 'mode-changed', '"mode":"proxy"')
      const discover = wire({ options: pxeOptions(0), flags: BROADCAST_FLAG })
      const offers = await exchange(client, broadcasting('10.77.0.250', discover, 2))
      const addresses = offers.map(({ yiaddr }) => yiaddr).toSorted()
      expect(addresses[0]).toBe('0.0.0.0')
      expect(addresses[1]).toMatch(/^10\.77\.0\.(5\d|60)$/)
    }))

  it('two Landfalls leave the addresses to one of them', (test) =>
    withNetns(test, [], async (net) => {
      const { ours, theirs } = await threeHosts(net)
      const first = await serve(net, ours, AUTO)
      await told(first, 'mode-changed', '"mode":"server"')
      const second = await serve(net, theirs, { ...AUTO, links: [{ interface: 'eth0' }] })
      await told(second, 'mode-changed', '"mode":"proxy","server":"10.77.0.1"')
      expect(first.log.matching(event('mode-changed', '"proxy"'))).toEqual([])
    }))
})
