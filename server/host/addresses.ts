// IPv4 addresses of this host. Node lists only interfaces with a carrier, but a server that starts before its switch must not fail for that.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'

export interface InterfaceAddress {
  name: string
  address: string
  /** Loopback. */
  internal: boolean
}

/** Addresses of all interfaces that carry traffic now. */
export function activeAddresses(): InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    (list ?? [])
      .filter(({ family }) => family === 'IPv4')
      .map(({ address, internal }) => ({ name, address, internal })),
  )
}

/** The first IPv4 address of an interface, also while its cable is unplugged; undefined when it has none or does not exist. */
export function addressOf(name: string): string | undefined {
  return activeAddresses().find((one) => one.name === name)?.address ?? configuredAddress(name)
}

/** The kernel's number of an interface: another one when it was removed and made again. Undefined while it does not exist. */
export function linkIndex(name: string): number | undefined {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'))
  } catch {
    return undefined
  }
}

function configuredAddress(name: string): string | undefined {
  if (!existsSync(`/sys/class/net/${name}`)) return undefined
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore']
    const answer = execFileSync('ip', ['-json', '-4', 'address', 'show', 'dev', name], { encoding: 'utf8', stdio })
    const [link] = JSON.parse(answer) as { addr_info?: { local: string }[] }[]
    return link?.addr_info?.[0]?.local
  } catch {
    return undefined // no iproute2 here: what Node says is all there is to know
  }
}
