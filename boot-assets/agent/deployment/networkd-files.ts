// Connections as files of systemd-networkd: systemd.network(5), systemd.netdev(5).
import type { Connection } from '../../../server/contract/spec-network.ts'
import { AgentError } from '../errors.ts'
import { linkId } from './link-names.ts'
import type { NamedLink } from './link-names.ts'
import type { NewFile } from './new-file.ts'

/** `Key=value` lines under their headings, in this order. */
type Sections = readonly (readonly [name: string, lines: readonly string[]])[]

/** Options of the bonding driver by their names here; what is missing has none. */
const BOND_OPTIONS: Record<string, (value: string) => string> = {
  active_slave: (value) => `ActiveSlave=${value}`,
  ad_select: (value) => `AdSelect=${value}`,
  all_slaves_active: (value) => `AllSlavesActive=${value}`,
  arp_all_targets: (value) => `ARPAllTargets=${value}`,
  arp_interval: (value) => `ARPIntervalSec=${value}ms`,
  arp_ip_target: (value) => `ARPIPTargets=${value}`,
  arp_validate: (value) => `ARPValidate=${value}`,
  downdelay: (value) => `DownDelaySec=${value}ms`,
  fail_over_mac: (value) => `FailOverMACPolicy=${value}`,
  lacp_rate: (value) => `LACPTransmitRate=${{ '0': 'slow', '1': 'fast' }[value] ?? value}`,
  lp_interval: (value) => `LearnPacketIntervalSec=${value}`,
  miimon: (value) => `MIIMonitorSec=${value}ms`,
  min_links: (value) => `MinLinks=${value}`,
  num_grat_arp: (value) => `GratuitousARP=${value}`,
  packets_per_slave: (value) => `PacketsPerSlave=${value}`,
  primary_reselect: (value) => `PrimaryReselectPolicy=${value}`,
  resend_igmp: (value) => `ResendIGMP=${value}`,
  tlb_dynamic_lb: (value) => `DynamicTransmitLoadBalancing=${value}`,
  updelay: (value) => `UpDelaySec=${value}ms`,
  xmit_hash_policy: (value) => `TransmitHashPolicy=${value}`,
}

/** The first file by name that matches counts: these come before the image's. Throws AgentError CONFIGURE_FAILED for a bond's option. */
export function networkdFiles(links: readonly NamedLink[]): NewFile[] {
  return links.flatMap((link) => {
    const { bond, macs, untagged, vlans } = link
    const own = linkLines(
      untagged,
      vlans.map(({ name }) => `VLAN=${name}`),
    )
    const devices = bond
      ? [
          netdev(bond.name, 'bond', [['Bond', [`Mode=${bond.mode}`, ...bondLines(bond.options)]]]),
          networkFile(bond.name, [`Name=${bond.name}`], own),
          ...macs.map((mac) =>
            networkFile(linkId({ bond: undefined, macs: [mac] }), nicMatch(mac), [
              ['Link', ['RequiredForOnline=enslaved']],
              ['Network', [`Bond=${bond.name}`]],
            ]),
          ),
        ]
      : [networkFile(linkId(link), nicMatch(macs[0]!), own)]
    return [
      ...devices,
      ...vlans.flatMap(({ name, vlan, connection }) => [
        netdev(name, 'vlan', [['VLAN', [`Id=${vlan}`]]]),
        networkFile(name, [`Name=${name}`], linkLines(connection, [])),
      ]),
    ]
  })
}

/** A VLAN has the address of its NIC, and a member of a bond that of the bond: only what the card itself was made with tells it from them. */
function nicMatch(mac: string): string[] {
  return [`PermanentMACAddress=${mac}`, 'Kind=!*']
}

function linkLines(connection: Connection | undefined, carries: readonly string[]): Sections {
  if (connection && (connection.ipv4.method !== 'none' || connection.ipv6.method !== 'none')) {
    return addressLines(connection, carries)
  }
  return [
    // Without an address it never gets further, and the boot would wait for it.
    ['Link', ['RequiredForOnline=carrier']],
    ['Network', ['LinkLocalAddressing=no', 'IPv6AcceptRA=no', ...carries]],
  ]
}

function addressLines({ ipv4, ipv6, nameservers }: Connection, carries: readonly string[]): Sections {
  const dhcp = { true: { true: 'yes', false: 'ipv4' }, false: { true: 'ipv6', false: 'no' } } as const
  const fixed = (method: Connection['ipv4'] | Connection['ipv6']) =>
    method.method === 'static'
      ? [`Address=${method.address}`, ...(method.gateway === undefined ? [] : [`Gateway=${method.gateway}`])]
      : []
  return [
    [
      'Network',
      [
        `DHCP=${dhcp[`${ipv4.method === 'dhcp'}`][`${ipv6.method === 'dhcp'}`]}`,
        `LinkLocalAddressing=${ipv6.method === 'none' ? 'no' : 'ipv6'}`,
        `IPv6AcceptRA=${ipv6.method === 'auto' || ipv6.method === 'dhcp' ? 'yes' : 'no'}`,
        ...fixed(ipv4),
        ...fixed(ipv6),
        ...nameservers.map((server) => `DNS=${server}`),
        ...carries,
      ],
    ],
    // A network whose routers say nothing of DHCPv6 is asked all the same.
    ...(ipv6.method === 'dhcp' ? ([['DHCPv6', ['WithoutRA=solicit']]] as const) : []),
  ]
}

function bondLines(options: Readonly<Record<string, string>>): string[] {
  return Object.entries(options).map(([name, value]) => {
    const line = BOND_OPTIONS[name]
    if (line) return line(value)
    throw new AgentError('CONFIGURE_FAILED', `network: systemd-networkd has no setting for the bond option ${name}`, {
      hint: `it has ${Object.keys(BOND_OPTIONS).join(', ')}`,
    })
  })
}

function netdev(name: string, kind: string, sections: Sections): NewFile {
  return file(`${name}.netdev`, [['NetDev', [`Name=${name}`, `Kind=${kind}`]], ...sections])
}

function networkFile(name: string, match: readonly string[], sections: Sections): NewFile {
  return file(`${name}.network`, [['Match', match], ...sections])
}

function file(name: string, sections: Sections): NewFile {
  const text = sections
    .map(([heading, lines]) => `[${heading}]\n${lines.map((line) => `${line}\n`).join('')}`)
    .join('\n')
  return { path: `etc/systemd/network/10-landfall-${name}`, text, mode: 0o644 }
}
