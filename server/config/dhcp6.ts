// What the schema cannot say of the DHCPv6 settings one by one.
import { formatIpv6, inPrefix, parseIpv6, parsePrefix } from '../host/ipv6.ts'
import type { Config } from './defaults.ts'
import { ConfigError } from './errors.ts'

/** Every address that is ever used stays on record. */
const MAX_POOL = 2n ** 20n

/** Throws ConfigError CONTRADICTION or INVALID_VALUE naming the setting at fault. */
export function checkDhcp6({ dhcp6, address }: Config): void {
  const { mode, subnet } = dhcp6
  if (mode === 'off') return
  if (dhcp6.interface === undefined) {
    const hint = 'set dhcp6.interface to the interface that machines boot from'
    throw new ConfigError('CONTRADICTION', `dhcp6.mode: ${mode} needs dhcp6.interface`, { hint })
  }
  if (mode === 'stateless') return
  if (!subnet) {
    const hint = 'set at least dhcp6.subnet.prefix and dhcp6.subnet.pool'
    throw new ConfigError('CONTRADICTION', 'dhcp6.mode: stateful needs dhcp6.subnet', { hint })
  }
  const prefix = parsePrefix(subnet.prefix)!
  const inside = (text: string, setting: string): string => {
    const number = parseIpv6(text)
    if (number === undefined || !inPrefix(prefix, number)) {
      throw new ConfigError('CONTRADICTION', `${setting}: ${text} is outside of dhcp6.subnet.prefix ${subnet.prefix}`)
    }
    return formatIpv6(number)
  }
  let size = 0n
  for (const { from, to, text } of subnet.pool.map(parseRange6)) {
    const count = parseIpv6(inside(to, 'dhcp6.subnet.pool'))! - parseIpv6(inside(from, 'dhcp6.subnet.pool'))! + 1n
    if (count < 1n) throw new ConfigError('CONTRADICTION', `dhcp6.subnet.pool: ${text} ends before it begins`)
    size += count
  }
  if (size > MAX_POOL) {
    const hint = 'some thousand addresses are plenty: the network can still be a /64'
    throw new ConfigError('CONTRADICTION', `dhcp6.subnet.pool: holds ${size} addresses, want ${MAX_POOL} at most`, {
      hint,
    })
  }
  for (const one of subnet.exclude) inside(one, 'dhcp6.subnet.exclude')
  const taken = new Set([dhcp6.address, address].map((own) => canonical(own ?? '')))
  for (const reservation of subnet.reservations) {
    const reserved = inside(reservation.address, 'dhcp6.subnet.reservations')
    if (taken.has(reserved)) {
      throw new ConfigError('CONTRADICTION', `dhcp6.subnet.reservations: ${reservation.address} is taken already`)
    }
    taken.add(reserved)
  }
}

/** The ends of `from-to`, or of one address. Throws ConfigError INVALID_VALUE. */
export function parseRange6(text: string): { from: string; to: string; text: string } {
  const [from = '', to = from] = text.split('-').map((part) => part.trim())
  for (const end of [from, to]) {
    if (parseIpv6(end) === undefined) {
      throw new ConfigError('INVALID_VALUE', `dhcp6.subnet.pool: ${end} is no IPv6 address`)
    }
  }
  return { from, to, text }
}

function canonical(text: string): string | undefined {
  const number = parseIpv6(text)
  return number === undefined ? undefined : formatIpv6(number)
}
