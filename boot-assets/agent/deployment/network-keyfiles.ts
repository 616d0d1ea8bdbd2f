// Connections as keyfiles of NetworkManager: nm-settings-keyfile(5).
import { createHash } from 'node:crypto'
import type { Connection } from '../../../server/contract/spec-network.ts'
import { linkId } from './link-names.ts'
import type { NamedLink } from './link-names.ts'
import type { NewFile } from './new-file.ts'

type Section = readonly [name: string, values: Record<string, string | number>]

const NO_ADDRESS: Section[] = [
  ['ipv4', { method: 'disabled' }],
  ['ipv6', { method: 'disabled' }],
]

/** One file for each connection, member of a bond, and NIC that only carries VLANs; NetworkManager wants them readable by root alone. */
export function keyfiles(links: readonly NamedLink[]): NewFile[] {
  return links.flatMap((link) => {
    const { bond, macs, untagged, vlans } = link
    const id = `landfall-${linkId(link)}`
    const addresses = untagged ? addressSections(untagged) : NO_ADDRESS
    const parents = bond
      ? [
          keyfile(id, { type: 'bond', 'interface-name': bond.name }, [
            ['bond', { mode: bond.mode, ...bond.options }],
            ...addresses,
          ]),
          ...macs.map((mac) =>
            // The older two names: newer versions still read them, and write `controller` and `port-type` themselves.
            keyfile(
              `landfall-${linkId({ bond: undefined, macs: [mac] })}`,
              { type: 'ethernet', master: bond.name, 'slave-type': 'bond' },
              [['ethernet', { 'mac-address': mac }]],
            ),
          ),
        ]
      : [keyfile(id, { type: 'ethernet' }, [['ethernet', { 'mac-address': macs[0]! }], ...addresses])]
    return [
      ...parents,
      ...vlans.map(({ name, vlan, connection }) =>
        keyfile(`landfall-${name}`, { type: 'vlan', 'interface-name': name }, [
          ['vlan', { id: vlan, parent: uuidOf(id) }],
          ...addressSections(connection),
        ]),
      ),
    ]
  })
}

function keyfile(id: string, connection: Record<string, string>, sections: readonly Section[]): NewFile {
  const all: Section[] = [['connection', { id, uuid: uuidOf(id), ...connection }], ...sections]
  const text = all
    .map(
      ([name, values]) =>
        `[${name}]\n${Object.entries(values)
          .map(([key, value]) => `${key}=${value}\n`)
          .join('')}`,
    )
    .join('\n')
  return { path: `etc/NetworkManager/system-connections/${id}.nmconnection`, text, mode: 0o600 }
}

/** The same for the same name, so that a second run changes nothing. */
function uuidOf(id: string): string {
  const hex = createHash('sha256').update(id).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}

function addressSections({ ipv4, ipv6, nameservers }: Connection): Section[] {
  const dns = (family: 'ipv4' | 'ipv6') => {
    const servers = nameservers.filter((address) => address.includes(':') === (family === 'ipv6'))
    return servers.length === 0 ? {} : { dns: servers.map((server) => `${server};`).join('') }
  }
  const methods = { dhcp: 'auto', auto: 'auto', none: 'disabled', static: 'manual' } as const
  const fixed = (method: Connection['ipv4'] | Connection['ipv6']) =>
    method.method === 'static'
      ? { address1: method.address, ...(method.gateway !== undefined && { gateway: method.gateway }) }
      : {}
  return [
    ['ipv4', { method: methods[ipv4.method], ...fixed(ipv4), ...(ipv4.method !== 'none' && dns('ipv4')) }],
    [
      'ipv6',
      {
        method: ipv6.method === 'dhcp' ? 'dhcp' : methods[ipv6.method],
        ...fixed(ipv6),
        ...(ipv6.method !== 'none' && dns('ipv6')),
      },
    ],
  ]
}
