// Addresses of this host. Node lists only interfaces with a carrier, but a server that starts before its switch must not fail for that.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { isLinkLocal } from './ipv6.ts'

export interface InterfaceAddress {
  name: string
  address: string
  /** Loopback. */
  internal: boolean
}

/** IPv4 addresses of all interfaces that carry traffic now. */
export function activeAddresses(): InterfaceAddress[] {
  return active('IPv4')
}

/** IPv6 addresses of all interfaces that carry traffic now, link-local ones too. */
export function activeAddresses6(): InterfaceAddress[] {
  return active('IPv6')
}

function active(wanted: 'IPv4' | 'IPv6'): InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    (list ?? [])
      .filter(({ family }) => family === wanted)
      .map(({ address, internal }) => ({ name, address, internal })),
  )
}

/** The first IPv4 address of an interface, also while its cable is unplugged; undefined when it has none or does not exist. */
export function addressOf(name: string): string | undefined {
  return activeAddresses().find((one) => one.name === name)?.address ?? configuredAddresses(name, '-4')[0]
}

/** The first IPv6 address of an interface that reaches beyond its link, also while its cable is unplugged. */
export function addressOf6(name: string): string | undefined {
  const reaches = (address: string): boolean => !isLinkLocal(address)
  const active = activeAddresses6().find((one) => one.name === name && reaches(one.address))
  return active?.address ?? configuredAddresses(name, '-6').find(reaches)
}

/** The hardware address of an interface, unless it has none. */
export function macOf(name: string): string | undefined {
  const mac = networkInterfaces()[name]?.[0]?.mac
  return mac === undefined || mac === '00:00:00:00:00:00' ? undefined : mac
}

/** The hardware addresses of this host, written with colons and in lower case. */
export function ownMacs(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ mac }) => mac)))
}

/** The kernel's number of an interface: another one when it was removed and made again. Undefined while it does not exist. */
export function linkIndex(name: string): number | undefined {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'))
  } catch {
    return undefined
  }
}

function configuredAddresses(name: string, family: '-4' | '-6'): string[] {
  if (!existsSync(`/sys/class/net/${name}`)) return []
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore']
    const answer = execFileSync('ip', ['-json', family, 'address', 'show', 'dev', name], { encoding: 'utf8', stdio })
    const [link] = JSON.parse(answer) as { addr_info?: { local: string }[] }[]
    return (link?.addr_info ?? []).map(({ local }) => local)
  } catch {
    return [] // no iproute2 here: what Node says is all there is to know
  }
}
