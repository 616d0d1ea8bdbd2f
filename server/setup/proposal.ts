// The configuration proposed for a link. Pure.
import type { DhcpChoice } from '../contract/network.ts'
import { SetupError } from './errors.ts'

/** An interface with its IPv4 address. */
export interface SetupLink {
  name: string
  address: string
  /** `10.77.0.1/24` */
  cidr: string
  /** The default route that leads out there. */
  gateway: string | undefined
}

export interface Wishes {
  mode: DhcpChoice
  /** Ranges and addresses; by default the upper half of the network, without those that are taken. */
  pool?: string[] | undefined
  /** Told to machines; null for none. By default the link's gateway. */
  router?: string | null | undefined
  dataDir?: string | undefined
}

const MAX_POOL = 200
/** Smaller networks have no room for a pool beside the server. */
const MAX_PREFIX = 29

/** As TOML. Throws NO_ROOM for a network that is too small to give addresses of. */
export function proposedConfig(
  link: SetupLink,
  { mode, pool, router = link.gateway ?? null, dataDir }: Wishes,
): string {
  const { name, cidr } = link
  const lines = [
    '# Made by the first set-up; docs/reference/configuration.md has everything there is.',
    ...(dataDir === undefined ? [] : [`dataDir = ${JSON.stringify(dataDir)}`]),
    '',
    '[dhcp]',
    MODE_COMMENTS[mode],
    `mode = "${mode}"`,
    `interface = ${JSON.stringify(name)}`,
  ]
  if (mode !== 'proxy') {
    lines.push(
      '',
      '[dhcp.subnet]',
      `cidr = "${networkOf(cidr)}"`,
      `pool = ${JSON.stringify(pool ?? poolOf(link, router))}`,
      ...(router === null ? [] : [`router = ${JSON.stringify(router)}`]),
    )
  }
  return `${lines.join('\n')}\n`
}

const MODE_COMMENTS: Readonly<Record<DhcpChoice, string>> = {
  auto: '# Gives addresses unless another DHCP server answers; then it only tells machines what to boot.',
  server: '# Gives addresses: no other DHCP server may be on this network.',
  proxy: '# Another DHCP server gives addresses; Landfall tells machines what to boot.',
}

/** Addresses to give on a link, beside the server's own and the router's. Throws NO_ROOM. */
export function poolOf({ address, cidr }: SetupLink, router: string | null): string[] {
  return freeRanges(cidr, [address, ...(router === null ? [] : [router])])
}

/** `10.77.0.1/24` as `10.77.0.0/24`. */
export function networkOf(cidr: string): string {
  const { network, prefix } = parse(cidr)
  return `${format(network)}/${prefix}`
}

/** Ranges of the upper half of the network, between the addresses that are taken. Throws NO_ROOM. */
export function freeRanges(cidr: string, taken: readonly string[]): string[] {
  const { network, prefix } = parse(cidr)
  if (prefix > MAX_PREFIX) {
    throw new SetupError('NO_ROOM', `${cidr} has no room to give addresses of`, { hint: 'choose proxy' })
  }
  const size = 2 ** (32 - prefix)
  const last = network + size - 2
  const first = Math.max(network + size / 2, last - MAX_POOL + 1)
  const holes = taken.map(toNumber).filter((address) => address >= first && address <= last)
  const edges = [first - 1, ...holes.toSorted((a, b) => a - b), last + 1]
  return edges.slice(1).flatMap((to, at) => {
    const [from, end] = [edges[at]! + 1, to - 1]
    if (from > end) return []
    return [from === end ? format(from) : `${format(from)}-${format(end)}`]
  })
}

/** The gateway that goes out by this interface, in the table of /proc/net/route. */
export function gatewayOf(table: string, name: string): string | undefined {
  for (const line of table.split('\n')) {
    const [link, destination, gateway] = line.trim().split(/\s+/)
    if (link === name && destination === '00000000' && gateway !== undefined && gateway !== '00000000') {
      // In the byte order of the host, which is little-endian wherever Landfall runs.
      return gateway
        .match(/../g)!
        .map((byte) => Number.parseInt(byte, 16))
        .toReversed()
        .join('.')
    }
  }
  return undefined
}

function parse(cidr: string): { network: number; prefix: number } {
  const [address = '', bits] = cidr.split('/')
  const prefix = Number(bits)
  const size = 2 ** (32 - prefix)
  return { network: Math.floor(toNumber(address) / size) * size, prefix }
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function format(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}
