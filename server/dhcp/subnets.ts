/** The networks a server gives addresses of. */
import { DhcpError } from './errors.ts'
import { cidrContains, parseCidr, parseIpv4, requireIpv4, type Cidr } from './ipv4.ts'
import type { Route } from './options.ts'

interface AddressRange {
  from: string
  /** Inclusive. */
  to: string
}

/** One subnet, as configured. */
export interface SubnetConfig {
  /** Such as `10.77.0.0/24`. */
  cidr: string
  /** Addresses for clients without a reservation; may be empty. */
  ranges: readonly AddressRange[]
  /** Addresses inside the ranges that are never given out. */
  exclusions?: readonly string[]
  router?: string
  dns?: readonly string[]
  ntp?: readonly string[]
  domain?: string
  search?: readonly string[]
  mtu?: number
  /** Sent to clients that ask for option 121; the default route is added from `router`. */
  routes?: readonly Route[]
  /** Seconds; 3600 by default. */
  leaseSeconds?: number
  /** No other server serves this subnet, so strangers' addresses may be refused. Default true. */
  authoritative?: boolean
  /** Subnets of one name are on the same wire: who finds one full gets an address of the next. */
  sharedNetwork?: string
}

/** A checked subnet with its numbers at hand. */
export interface Subnet {
  config: SubnetConfig
  cidr: Cidr
  ranges: readonly { from: number; to: number }[]
  leaseSeconds: number
  authoritative: boolean
  /** What it has in common with subnets on the same wire, else its own. */
  network: string
  /** Never given to anybody: network, broadcast, router. */
  unusable: ReadonlySet<number>
  /** In no range and thus only by reservation. */
  excluded: ReadonlySet<number>
  contains(address: string): boolean
}

const DEFAULT_LEASE_SECONDS = 3600
const MIN_LEASE_SECONDS = 60

/** Checks one subnet's configuration. Throws INVALID_CONFIG. */
export function createSubnet(config: SubnetConfig): Subnet {
  const cidr = parseCidr(config.cidr)
  const inside = (text: string, what: string): number => {
    const address = requireIpv4(text, `${what} of subnet ${config.cidr}`)
    if (!cidrContains(cidr, address)) {
      throw new DhcpError('INVALID_CONFIG', `reading ${what} of subnet ${config.cidr}: ${text} is outside of it`)
    }
    return address
  }
  const ranges = config.ranges.map((range) => {
    const from = inside(range.from, 'range')
    const to = inside(range.to, 'range')
    if (from > to) {
      throw new DhcpError(
        'INVALID_CONFIG',
        `reading range of subnet ${config.cidr}: ${range.from} is after ${range.to}`,
      )
    }
    return { from, to }
  })
  const leaseSeconds = config.leaseSeconds ?? DEFAULT_LEASE_SECONDS
  if (!Number.isInteger(leaseSeconds) || leaseSeconds < MIN_LEASE_SECONDS || leaseSeconds > 0xffffffff) {
    throw new DhcpError(
      'INVALID_CONFIG',
      `reading leaseSeconds of subnet ${config.cidr}: ${leaseSeconds} is not a whole number from ${MIN_LEASE_SECONDS}`,
    )
  }
  const router = config.router === undefined ? [] : [inside(config.router, 'router')]
  for (const server of [...(config.dns ?? []), ...(config.ntp ?? [])]) requireIpv4(server, `a server of ${config.cidr}`)
  return {
    config,
    cidr,
    ranges,
    leaseSeconds,
    authoritative: config.authoritative ?? true,
    network: config.sharedNetwork === undefined ? `subnet ${config.cidr}` : `shared ${config.sharedNetwork}`,
    unusable: new Set([cidr.network, cidr.broadcast, ...router]),
    excluded: new Set((config.exclusions ?? []).map((text) => inside(text, 'exclusion'))),
    contains: (text) => {
      const address = parseIpv4(text)
      return address !== undefined && cidrContains(cidr, address)
    },
  }
}
