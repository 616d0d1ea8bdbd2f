// What the schema cannot say of one value alone: settings that contradict each other.
import { ConfigError } from './errors.ts'
import { isEveryAddress } from './defaults.ts'
import type { Config } from './defaults.ts'
import { checkDhcp6 } from './dhcp6.ts'

type Subnet = NonNullable<Config['dhcp']['subnet']>

/** Throws ConfigError CONTRADICTION naming the setting at fault. */
export function checkConfig(config: Config): void {
  const { dhcp, http, https, tftp } = config
  const sameHost = http.host === https.host || isEveryAddress(http.host) || isEveryAddress(https.host)
  if (http.port === https.port && sameHost) {
    throw new ConfigError('CONTRADICTION', `https.port: ${https.port} is http.port already`)
  }
  if (dhcp.mode !== 'off' && dhcp.interface === undefined) {
    const hint = 'set dhcp.interface to the interface that machines boot from'
    throw new ConfigError('CONTRADICTION', `dhcp.mode: ${dhcp.mode} needs dhcp.interface`, { hint })
  }
  checkInterfaces(dhcp)
  if (dhcp.mode === 'server' || dhcp.mode === 'auto') checkSubnets(config)
  if ((https.certificate === undefined) !== (https.key === undefined)) {
    const [given, other] = https.key === undefined ? ['certificate', 'key'] : ['key', 'certificate']
    throw new ConfigError('CONTRADICTION', `https.${given}: needs https.${other}`)
  }
  checkDhcp6(config)
  if (tftp.transferPorts !== undefined) parsePorts(tftp.transferPorts)
}

function checkInterfaces({ interface: first, interfaces }: Config['dhcp']): void {
  if (interfaces.length > 0 && first === undefined) {
    const hint = 'name one of them in dhcp.interface: machines elsewhere are told its address'
    throw new ConfigError('CONTRADICTION', 'dhcp.interfaces: needs dhcp.interface', { hint })
  }
  const twice = interfaces.find((name, at) => interfaces.indexOf(name) !== at)
  if (twice !== undefined) throw new ConfigError('CONTRADICTION', `dhcp.interfaces: ${twice} is served already`)
}

function checkSubnets({ dhcp: { mode, subnet, subnets }, address }: Config): void {
  if (!subnet) {
    const hint = 'set at least dhcp.subnet.cidr and dhcp.subnet.pool'
    throw new ConfigError('CONTRADICTION', `dhcp.mode: ${mode} needs dhcp.subnet`, { hint })
  }
  checkSubnet(subnet, 'dhcp.subnet', address)
  const seen = [subnet]
  for (const further of subnets) {
    const twin = seen.find(
      ({ cidr }) => contains(cidr, networkOf(further.cidr)) || contains(further.cidr, networkOf(cidr)),
    )
    if (twin) throw new ConfigError('CONTRADICTION', `dhcp.subnets: ${further.cidr} overlaps with ${twin.cidr}`)
    checkSubnet(further, 'dhcp.subnets', address)
    seen.push(further)
  }
}

function checkSubnet({ cidr, pool, exclude, router, reservations }: Subnet, where: string, address: string): void {
  // `dhcp.subnet.pool` is a setting of its own; the tables of dhcp.subnets are one.
  const setting = (key: string) => (where === 'dhcp.subnets' ? `${where}: ${key}` : `${where}.${key}:`)
  const inside = (text: string, key: string) => {
    if (!contains(cidr, text)) {
      throw new ConfigError(
        'CONTRADICTION',
        `${setting(key)} ${text} is outside of ${where === 'dhcp.subnets' ? 'its cidr' : `${where}.cidr`} ${cidr}`,
      )
    }
  }
  for (const { from, to, text } of pool.map(parseRange)) {
    inside(from, 'pool')
    inside(to, 'pool')
    if (toNumber(from) > toNumber(to)) {
      throw new ConfigError('CONTRADICTION', `${setting('pool')} ${text} ends before it begins`)
    }
  }
  for (const one of exclude) inside(one, 'exclude')
  if (router !== undefined) inside(router, 'router')
  const taken = new Set([address])
  for (const reservation of reservations) {
    inside(reservation.address, 'reservations')
    if (taken.has(reservation.address)) {
      throw new ConfigError('CONTRADICTION', `${setting('reservations')} ${reservation.address} is taken already`)
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

function networkOf(cidr: string): string {
  return cidr.split('/')[0]!
}

/** The ends of `from-to`, or of one port. Throws ConfigError INVALID_VALUE. */
export function parsePorts(text: string): { from: number; to: number } {
  const [from = 0, to = from] = text.split('-').map(Number)
  if (from >= 1 && from <= to && to <= 65_535) return { from, to }
  throw new ConfigError('INVALID_VALUE', `tftp.transferPorts: ${text} is no range of ports from 1 to 65535`)
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
