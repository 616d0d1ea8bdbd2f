// The network that machines boot from: what the server's host has, what the server does there, and what it should do.
import { z } from 'zod'
import { Finding } from './finding.ts'

/** Who gives addresses: by what is there, this server, or another one. */
export const DHCP_CHOICES = ['auto', 'server', 'proxy'] as const
export type DhcpChoice = (typeof DHCP_CHOICES)[number]

const InterfaceName = z.string().regex(/^[^\s/]{1,15}$/, 'must be the name of a network interface')
const Range = z.string().regex(/^[\d.]{7,15}(-[\d.]{7,15})?$/, 'must be an address, or two with - between')

/** An interface with its IPv4 address. */
export const NetworkLink = z
  .object({
    name: z.string(),
    address: z.string(),
    cidr: z.string().describe('`10.77.0.1/24`'),
    gateway: z.string().nullable().describe('the default route that leads out there'),
    pool: z.array(z.string()).describe('addresses that would be given there; none where the network has no room'),
  })
  .meta({ id: 'NetworkLink' })
export type NetworkLink = z.infer<typeof NetworkLink>

export const Network = z
  .object({
    links: z.array(NetworkLink).describe('interfaces of the host that carry traffic'),
    mode: z.enum(['off', ...DHCP_CHOICES]).describe('`dhcp.mode` as it is set'),
    interfaces: z.array(z.string()).describe('those that are served'),
    setBy: z
      .string()
      .nullable()
      .describe('place of settings that stand elsewhere, so that they can only be changed there'),
  })
  .meta({ id: 'Network' })
export type Network = z.infer<typeof Network>

export const NetworkQuestion = z.strictObject({ interface: InterfaceName }).meta({ id: 'NetworkQuestion' })

export const NetworkFindings = z.object({ findings: z.array(Finding) }).meta({ id: 'NetworkFindings' })
export type NetworkFindings = z.infer<typeof NetworkFindings>

export const GIVEN_ELSEWHERE = 'with proxy, another DHCP server gives addresses and router'

/** Whether somebody wants to give what a proxy does not give. */
export function isGivenElsewhere({
  mode,
  pool,
  router,
}: {
  mode: DhcpChoice
  pool?: unknown
  router?: unknown
}): boolean {
  return mode === 'proxy' && (pool !== undefined || router !== undefined)
}

export const ChangeNetwork = z
  .strictObject({
    interface: InterfaceName,
    mode: z.enum(DHCP_CHOICES),
    pool: z.array(Range).min(1).max(64).optional().describe('addresses to give; by default those of the link'),
    router: z.ipv4().nullable().optional().describe('told to machines; by default the gateway of the link'),
    dryRun: z.boolean().default(false).describe('only tell what would be written'),
  })
  .refine((wishes) => !isGivenElsewhere(wishes), {
    path: ['mode'],
    error: `${GIVEN_ELSEWHERE}: leave out pool and router, or choose auto or server`,
  })
  .meta({ id: 'ChangeNetwork' })
export type ChangeNetwork = z.infer<typeof ChangeNetwork>

export const ChangedNetwork = z
  .object({
    file: z.string(),
    config: z.string().describe('what stands in the file, as TOML'),
    written: z.boolean(),
    restarting: z.boolean().describe('the server starts anew by itself, within seconds'),
    next: z.array(z.string()).describe('what is left to do'),
  })
  .meta({ id: 'ChangedNetwork' })
export type ChangedNetwork = z.infer<typeof ChangedNetwork>
