// What the schema cannot say of one value alone: settings that contradict each other.
import { ConfigError } from './errors.ts'
import type { Config } from './defaults.ts'

/** Throws ConfigError CONTRADICTION naming the setting at fault. */
export function checkConfig(config: Config): void {
  const { dhcp, http, https } = config
  const sameHost = http.host === https.host || http.host === '0.0.0.0' || https.host === '0.0.0.0'
  if (http.port === https.port && sameHost) {
    throw new ConfigError('CONTRADICTION', `https.port: ${https.port} is http.port already`)
  }
  if (dhcp.mode !== 'off' && dhcp.interface === undefined) {
    const hint = 'set dhcp.interface to the interface that machines boot from'
    throw new ConfigError('CONTRADICTION', `dhcp.mode: ${dhcp.mode} needs dhcp.interface`, { hint })
  }
  if (dhcp.mode === 'server') checkSubnet(config)
}

function checkSubnet({ dhcp: { subnet }, address }: Config): void {
  if (!subnet) {
    const hint = 'set at least dhcp.subnet.cidr and dhcp.subnet.pool'
    throw new ConfigError('CONTRADICTION', 'dhcp.mode: server needs dhcp.subnet', { hint })
  }
  const { cidr } = subnet
  const inside = (text: string, setting: string) => {
    if (!contains(cidr, text)) {
      throw new ConfigError('CONTRADICTION', `${setting}: ${text} is outside of dhcp.subnet.cidr ${cidr}`)
    }
  }
  for (const { from, to, text } of subnet.pool.map(parseRange)) {
    inside(from, 'dhcp.subnet.pool')
    inside(to, 'dhcp.subnet.pool')
    if (toNumber(from) > toNumber(to)) {
      throw new ConfigError('CONTRADICTION', `dhcp.subnet.pool: ${text} ends before it begins`)
    }
  }
  for (const one of subnet.exclude) inside(one, 'dhcp.subnet.exclude')
  if (subnet.router !== undefined) inside(subnet.router, 'dhcp.subnet.router')
  const taken = new Set([address])
  for (const reservation of subnet.reservations) {
    inside(reservation.address, 'dhcp.subnet.reservations')
    if (taken.has(reservation.address)) {
      const message = `dhcp.subnet.reservations: ${reservation.address} is taken already`
      throw new ConfigError('CONTRADICTION', message)
    }
    taken.add(reservation.address)
  }
}

/** The ends of `from-to`, or of one address. Throws ConfigError INVALID_VALUE. */
export function parseRange(text: string): { from: string; to: string; text: string } {
  const [from = '', to = from] = text.split('-').map((part) => part.trim())
  for (const end of [from, to]) {
    if (toNumber(end) < 0) throw new ConfigError('INVALID_VALUE', `dhcp.subnet.pool: ${end} is no IPv4 address`)
  }
  return { from, to, text }
}

function contains(cidr: string, address: string): boolean {
  const [network = '', bits = ''] = cidr.split('/')
  const size = 2 ** (32 - Number(bits))
  return Math.floor(toNumber(network) / size) === Math.floor(toNumber(address) / size)
}

/** -1 for what is no address. */
function toNumber(address: string): number {
  const parts = address.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return -1
  return parts.reduce((number, part) => number * 256 + Number(part), 0)
}
