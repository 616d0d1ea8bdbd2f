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
