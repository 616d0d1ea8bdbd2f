// How an installed machine is connected. NICs are named by MAC: what a kernel calls them changes with its version.
import { z } from 'zod'
import { Mac } from './common.ts'

const Ipv4Method = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('dhcp') }),
  z.strictObject({ method: z.literal('none') }),
  z.strictObject({
    method: z.literal('static'),
    /** Address and prefix length: `192.0.2.10/24`. */
    address: z.cidrv4('must be an address with prefix length, like 192.0.2.10/24'),
    gateway: z.ipv4().optional(),
  }),
])

const Ipv6Method = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('auto') }),
  z.strictObject({ method: z.literal('dhcp') }),
  z.strictObject({ method: z.literal('none') }),
  z.strictObject({
    method: z.literal('static'),
    address: z.cidrv6('must be an address with prefix length, like 2001:db8::10/64'),
    gateway: z.ipv6().optional(),
  }),
])

/** Interface names as the kernel takes them, and no character that a list or a command line would split at. */
const InterfaceName = z.string().regex(/^[A-Za-z0-9._-]{1,15}$/, 'must be an interface name of at most 15 characters')

const Bond = z.strictObject({
  name: InterfaceName.default('bond0'),
  mode: z.enum(['balance-rr', 'active-backup', 'balance-xor', 'broadcast', '802.3ad', 'balance-tlb', 'balance-alb']),
  /** Further options of the bonding driver: `miimon`, `lacp_rate`. */
  options: z.record(z.string().regex(/^[a-z_]+$/), z.string().regex(/^[A-Za-z0-9_.+-]+$/)).default({}),
})

/** One connection; the first is the one the machine installs over. */
export const Connection = z
  .strictObject({
    /** One NIC, or the members of the bond. */
    macs: z.array(Mac).min(1).max(16),
    bond: Bond.optional(),
    vlan: z.number().int().min(1).max(4094).optional(),
    ipv4: Ipv4Method.prefault({ method: 'dhcp' }),
    ipv6: Ipv6Method.prefault({ method: 'auto' }),
    nameservers: z.array(z.union([z.ipv4(), z.ipv6()])).default([]),
  })
  .refine(({ macs, bond }) => bond !== undefined || macs.length === 1, {
    path: ['macs'],
    message: 'several NICs in one connection need a bond',
  })
  .meta({ id: 'Connection' })
export type Connection = z.infer<typeof Connection>

/** What connections have in common: one NIC or bond, with an untagged connection, VLANs, or both. */
export interface NetworkLink {
  macs: readonly string[]
  bond: NonNullable<Connection['bond']> | undefined
  untagged: Connection | undefined
  vlans: readonly (Connection & { vlan: number })[]
}

/** The connections by what they go through, or a sentence that says where they contradict each other. */
export function networkLinks(connections: readonly Connection[]): NetworkLink[] | string {
  const links = new Map<string, NetworkLink>()
  for (const connection of connections) {
    const { macs, bond, vlan } = connection
    const key = bond?.name ?? macs[0]!
    const link = links.get(key) ?? { macs, bond, untagged: undefined, vlans: [] }
    if (JSON.stringify([link.macs, link.bond]) !== JSON.stringify([macs, bond])) {
      return `connections over ${key} differ in their NICs or in the options of the bond`
    }
    if (vlan === undefined) {
      if (link.untagged) return `${key} has two connections without a VLAN`
      links.set(key, { ...link, untagged: connection })
    } else {
      if (link.vlans.some((other) => other.vlan === vlan)) return `${key} has VLAN ${vlan} twice`
      links.set(key, { ...link, vlans: [...link.vlans, { ...connection, vlan }] })
    }
  }
  const macs = [...links.values()].flatMap((link) => link.macs)
  const twice = macs.find((mac, at) => macs.indexOf(mac) !== at)
  return twice === undefined ? [...links.values()] : `${twice} belongs to two connections`
}

export const Connections = z.array(Connection).superRefine((connections, context) => {
  const links = networkLinks(connections)
  if (typeof links === 'string') context.addIssue({ code: 'custom', message: links })
})
