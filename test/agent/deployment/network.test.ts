import { describe, expect, it } from 'vitest'
import { withNames } from '../../../boot-assets/agent/deployment/link-names.ts'
import { network } from '../../../boot-assets/agent/deployment/network.ts'
import type { NewFile } from '../../../boot-assets/agent/deployment/new-file.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { networkLinks } from '../../../server/contract/spec-network.ts'
import type { Connection } from '../../../server/contract/spec-network.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { FakeTree, saysNo } from '../fake-tree.ts'

const A = '52:54:00:00:00:0a'
const B = '52:54:00:00:00:0b'
const STATIC = { method: 'static', address: '192.0.2.10/24', gateway: '192.0.2.1' }
const STATIC6 = { method: 'static', address: '2001:db8::10/64', gateway: '2001:db8::1' }
const BOND = { name: 'bond0', mode: '802.3ad', options: { miimon: '100', lacp_rate: 'fast' } }

const parse = (connections: readonly object[]): Connection[] => MachineSpec.parse({ network: connections }).network

async function filesOf(service: 'NetworkManager' | 'systemd-networkd', connections: readonly object[]) {
  await using fake = await FakeTree.make()
  if (service === 'NetworkManager') fake.programs.add('NetworkManager')
  else await fake.image('usr/lib/systemd/systemd-networkd')
  return texts(await network(fake.tree, parse(connections)))
}

/** Texts by the names of the files. */
function texts(files: readonly NewFile[]): Record<string, string> {
  return Object.fromEntries(files.map((file) => [file.path.replace(/.*\//, ''), 'text' in file ? file.text : '']))
}

describe('the network for NetworkManager', () => {
  it('is a keyfile for each card, found by its MAC', async () => {
    const files = await filesOf('NetworkManager', [
      { macs: [A], ipv4: STATIC, ipv6: STATIC6, nameservers: ['192.0.2.53', '2001:db8::53'] },
      { macs: [B], ipv4: { method: 'none' }, ipv6: { method: 'dhcp' } },
    ])
    expect(files['landfall-52540000000a.nmconnection']).toMatch(
      /^\[connection\]\nid=landfall-52540000000a\nuuid=[0-9a-f-]{36}\ntype=ethernet\n\n/,
    )
    expect(files['landfall-52540000000a.nmconnection']).toContain(`[ethernet]\nmac-address=${A}

[ipv4]
method=manual
address1=192.0.2.10/24
gateway=192.0.2.1
dns=192.0.2.53;

[ipv6]
method=manual
address1=2001:db8::10/64
gateway=2001:db8::1
dns=2001:db8::53;
`)
    expect(files['landfall-52540000000b.nmconnection']).toContain('[ipv4]\nmethod=disabled\n\n[ipv6]\nmethod=dhcp\n')
  })

  it('carries VLANs on a card that has no address of its own', async () => {
    const files = await filesOf('NetworkManager', [{ macs: [A], vlan: 100 }])
    const parent = files['landfall-52540000000a.nmconnection']!
    expect(parent).toContain('[ipv4]\nmethod=disabled\n')
    const [, uuid] = /uuid=(\S+)/.exec(parent)!
    expect(files['landfall-vlan100.nmconnection']).toContain(
      `type=vlan\ninterface-name=vlan100\n\n[vlan]\nid=100\nparent=${uuid}\n\n[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n`,
    )
  })

  it('bonds, with a VLAN on top', async () => {
    const files = await filesOf('NetworkManager', [{ macs: [A, B], bond: BOND, vlan: 7, ipv4: STATIC }])
    expect(Object.keys(files)).toEqual([
      'landfall-bond0.nmconnection',
      'landfall-52540000000a.nmconnection',
      'landfall-52540000000b.nmconnection',
      'landfall-bond0.7.nmconnection',
    ])
    expect(files['landfall-bond0.nmconnection']).toContain('[bond]\nmode=802.3ad\nmiimon=100\nlacp_rate=fast\n')
    expect(files['landfall-52540000000a.nmconnection']).toContain('master=bond0\nslave-type=bond\n')
  })
})

describe('the network for systemd-networkd', () => {
  it("is a file for each card, found by the MAC that it was made with, before the image's", async () => {
    const files = await filesOf('systemd-networkd', [{ macs: [A], ipv4: STATIC, nameservers: ['192.0.2.53'] }])
    expect(files).toEqual({
      '10-landfall-52540000000a.network': `[Match]
PermanentMACAddress=${A}
Kind=!*

[Network]
DHCP=no
LinkLocalAddressing=ipv6
IPv6AcceptRA=yes
Address=192.0.2.10/24
Gateway=192.0.2.1
DNS=192.0.2.53
`,
    })
  })

  it.each([
    ['dhcp', 'auto', ['DHCP=ipv4', 'LinkLocalAddressing=ipv6', 'IPv6AcceptRA=yes']],
    ['dhcp', 'dhcp', ['DHCP=yes', 'WithoutRA=solicit']],
    ['none', 'dhcp', ['DHCP=ipv6']],
    ['dhcp', 'none', ['DHCP=ipv4', 'LinkLocalAddressing=no', 'IPv6AcceptRA=no']],
    ['none', 'none', ['RequiredForOnline=carrier', 'LinkLocalAddressing=no']],
  ])('says ipv4 %s, ipv6 %s in its words', async (ipv4, ipv6, lines) => {
    const [text] = Object.values(
      await filesOf('systemd-networkd', [{ macs: [A], ipv4: { method: ipv4 }, ipv6: { method: ipv6 } }]),
    )
    expect(text!.split('\n')).toEqual(expect.arrayContaining(lines))
  })

  it('does not make the boot wait for an address of a card that only carries VLANs', async () => {
    const files = await filesOf('systemd-networkd', [{ macs: [A], vlan: 100 }])
    expect(files['10-landfall-52540000000a.network']).toContain(
      '[Link]\nRequiredForOnline=carrier\n\n[Network]\nLinkLocalAddressing=no\nIPv6AcceptRA=no\nVLAN=vlan100\n',
    )
    expect(files['10-landfall-vlan100.netdev']).toBe('[NetDev]\nName=vlan100\nKind=vlan\n\n[VLAN]\nId=100\n')
    expect(files['10-landfall-vlan100.network']).toMatch(/^\[Match\]\nName=vlan100\n\n\[Network\]\nDHCP=ipv4\n/)
  })

  it('bonds, with the options under its own names', async () => {
    const files = await filesOf('systemd-networkd', [{ macs: [A, B], bond: BOND }])
    expect(files['10-landfall-bond0.netdev']).toBe(
      '[NetDev]\nName=bond0\nKind=bond\n\n[Bond]\nMode=802.3ad\nMIIMonitorSec=100ms\nLACPTransmitRate=fast\n',
    )
    expect(files['10-landfall-52540000000b.network']).toContain('[Network]\nBond=bond0\n')
  })

  it('refuses an option of the bond that it has no name for', async () => {
    const bond = { mode: 'active-backup', options: { primary: 'eth0' } }
    await expect(filesOf('systemd-networkd', [{ macs: [A, B], bond }])).rejects.toThrow(/the bond option primary/)
  })
})

describe('the network', () => {
  it('is left to the image where the spec says nothing', async () => {
    await using fake = await FakeTree.make()
    expect(await network(fake.tree, [])).toEqual([])
    expect(fake.ran).toEqual([])
  })

  it('is refused for an image in which nothing would bring it up', async () => {
    await using fake = await FakeTree.make()
    fake.programs.add('NetworkManager')
    fake.answers.set('systemctl --root=/ is-enabled', saysNo(''))
    const refused = network(fake.tree, parse([{ macs: [A] }]))
    await expect(refused).rejects.toThrowWithCode(AgentError, 'CONFIGURE_FAILED')
  })

  it('gives each VLAN a name of its own, as long as the kernel takes it', () => {
    const connections = parse([
      { macs: [A], vlan: 5 },
      { macs: [B], vlan: 5 },
      { macs: ['52:54:00:00:00:0c'], bond: { ...BOND, name: 'storagebond' }, vlan: 4094 },
    ])
    const links = networkLinks(connections)
    if (typeof links === 'string') throw new Error(links)
    expect(withNames(links).flatMap(({ vlans }) => vlans.map(({ name }) => name))).toEqual([
      'vlan5',
      'vlan5-1',
      'vlan4094',
    ])
  })

  it.each([
    ['two addresses for one card', [{ macs: [A] }, { macs: [A] }], /two connections without a VLAN/],
    [
      'a VLAN twice',
      [
        { macs: [A], vlan: 5 },
        { macs: [A], vlan: 5 },
      ],
      /VLAN 5 twice/,
    ],
    ['a card of a bond besides', [{ macs: [A, B], bond: BOND }, { macs: [B] }], /0b belongs to two connections/],
    [
      'a bond of two kinds',
      [
        { macs: [A], bond: BOND },
        { macs: [B], bond: BOND, vlan: 2 },
      ],
      /over bond0 differ/,
    ],
  ])('refuses %s in the spec already', (_, connections, message) => {
    expect(() => parse(connections)).toThrow(message)
  })
})
