/** A prefix that addresses are given of: its configuration, checked. */
import { DhcpError } from '../dhcp/errors.ts'
import { inPrefix, parseIpv6, parsePrefix, type Prefix } from '../host/ipv6.ts'

export interface Subnet6Config {
  /** Such as `2001:db8:77::/64`. */
  prefix: string
  /** The interface whose direct clients get these addresses; those behind relays are told by the relay's link address. */
  interface?: string
  /** Addresses for clients without a reservation. */
  ranges: readonly { from: string; to: string }[]
  exclusions?: readonly string[]
  /** Valid and preferred lifetime; 1 hour by default. */
  leaseSeconds?: number
}

export interface Subnet6 {
  config: Subnet6Config
  prefix: Prefix
  ranges: readonly { from: bigint; size: number }[]
  leaseSeconds: number
  /** Never given to anybody: the routers' anycast address, which is the prefix itself (RFC 4291 section 2.6.1). */
  anycast: bigint
  excluded: ReadonlySet<bigint>
  contains(address: string): boolean
}

const DEFAULT_LEASE_SECONDS = 3600
const MIN_LEASE_SECONDS = 60
/** Addresses in all ranges: every one that is ever used stays on record. */
const MAX_POOL = 2 ** 20

/** Checks one subnet's configuration. Throws INVALID_CONFIG. */
export function createSubnet6(config: Subnet6Config): Subnet6 {
  const fail = (what: string): never => {
    throw new DhcpError('INVALID_CONFIG', `reading subnet ${config.prefix}: ${what}`)
  }
  const prefix = parsePrefix(config.prefix) ?? fail('it is no prefix')
  const inside = (text: string): bigint => {
    const address = parseIpv6(text) ?? fail(`${text} is no IPv6 address`)
    return inPrefix(prefix, address) ? address : fail(`${text} is outside of it`)
  }
  const ranges = config.ranges.map((range) => {
    const from = inside(range.from)
    const size = inside(range.to) - from + 1n
    if (size < 1n) fail(`${range.from} is after ${range.to}`)
    return { from, size: Number(size) }
  })
  const total = ranges.reduce((sum, { size }) => sum + size, 0)
  if (total > MAX_POOL) fail(`its ranges hold ${total} addresses, want ${MAX_POOL} at most`)
  const leaseSeconds = config.leaseSeconds ?? DEFAULT_LEASE_SECONDS
  if (!Number.isInteger(leaseSeconds) || leaseSeconds < MIN_LEASE_SECONDS || leaseSeconds > 0xffff_fffe) {
    fail(`leaseSeconds ${leaseSeconds} is not a whole number from ${MIN_LEASE_SECONDS}`)
  }
  return {
    config,
    prefix,
    ranges,
    leaseSeconds,
    anycast: prefix.network,
    excluded: new Set((config.exclusions ?? []).map(inside)),
    contains: (text) => {
      const address = parseIpv6(text)
      return address !== undefined && inPrefix(prefix, address)
    },
  }
}
