// The interfaces of this host that machines could boot from.
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { SetupError } from './errors.ts'
import { gatewayOf } from './proposal.ts'
import type { SetupLink } from './proposal.ts'

/** Those with an IPv4 address and a carrier. */
export function setupLinks(): SetupLink[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => {
    const found = addresses.find(({ family, internal, cidr }) => family === 'IPv4' && !internal && cidr !== null)
    return found ? [{ name, address: found.address, cidr: found.cidr!, gateway: gatewayBy(name) }] : []
  })
}

/** The one with this name. Throws LINK_UNKNOWN, which tells those that are there. */
export function linkNamed(name: string, links: readonly SetupLink[]): SetupLink {
  const link = links.find((one) => one.name === name)
  if (link) return link
  const hint =
    links.length === 0
      ? 'give the interface that machines boot from a fixed address: ip address add 10.77.0.1/24 dev eth1'
      : `there are ${links.map(({ name: other, cidr }) => `${other} (${cidr})`).join(', ')}`
  throw new SetupError('LINK_UNKNOWN', `there is no interface ${name} with an IPv4 address and a carrier`, { hint })
}

function gatewayBy(name: string): string | undefined {
  try {
    return gatewayOf(readFileSync('/proc/net/route', 'utf8'), name)
  } catch {
    return undefined
  }
}
