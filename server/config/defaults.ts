// Defaults that depend on the host, and the finished configuration.
import { existsSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { activeAddresses, addressOf, addressOf6 } from '../host/addresses.ts'
import type { InterfaceAddress } from '../host/addresses.ts'
import { urlHost } from '../host/ipv6.ts'
import { ConfigError } from './errors.ts'
import type { ConfigInput } from './schema.ts'

/** What of the host shapes defaults. */
export interface Host {
  name: string
  isRoot: boolean
  home: string
  isTerminal: boolean
  /** Of interfaces with a carrier. */
  interfaces: InterfaceAddress[]
  /** Of one interface, with or without carrier. */
  addressOf: (name: string) => string | undefined
  /** The same for IPv6, beyond link-local. */
  addressOf6: (name: string) => string | undefined
  /** The kernel speaks IPv6. */
  hasIpv6: boolean
}

/** The settings a server runs by: nothing is left open. */
export type Config = Omit<
  ConfigInput,
  'name' | 'dataDir' | 'templatesDir' | 'address' | 'registry' | 'http' | 'https' | 'tftp' | 'log'
> & {
  name: string
  dataDir: string
  templatesDir: string
  address: string
  registry: string
  http: ConfigInput['http'] & { host: string }
  https: ConfigInput['https'] & { host: string }
  tftp: ConfigInput['tftp'] & { enabled: boolean }
  log: { level: ConfigInput['log']['level']; format: 'json' | 'pretty' }
}

export function thisHost(): Host {
  return {
    name: hostname(),
    isRoot: process.getuid?.() === 0,
    home: homedir(),
    isTerminal: process.stdout.isTTY === true,
    interfaces: activeAddresses(),
    addressOf,
    addressOf6,
    hasIpv6: existsSync('/proc/net/if_inet6'),
  }
}

/** Fills in what was left open; `dhcp.interfaces` are all of them then, `dhcp.interface` the first. Throws ConfigError CONTRADICTION when the host has no address to offer. */
export function withDefaults(input: ConfigInput, host: Host): Config {
  const { name, dataDir: wantedDir, templatesDir, address: wanted, registry, http, https, tftp, log, ...rest } = input
  const address = wanted ?? ownAddress(input, host)
  const dataDir = wantedDir ?? defaultDataDir(host)
  const { interface: first } = rest.dhcp
  const everyAddress = host.hasIpv6 ? '::' : '0.0.0.0'
  return {
    ...rest,
    name: name ?? (host.name || 'landfall'),
    dataDir,
    templatesDir: templatesDir ?? join(dataDir, 'templates'),
    address,
    registry: registry ?? `${urlHost(address)}:${https.port}`,
    http: { ...http, host: http.host ?? everyAddress },
    https: { ...https, host: https.host ?? everyAddress },
    dhcp: { ...rest.dhcp, interfaces: [...(first === undefined ? [] : [first]), ...rest.dhcp.interfaces] },
    dhcp6: { ...rest.dhcp6, interface: rest.dhcp6.interface ?? first },
    tftp: { ...tftp, enabled: tftp.enabled ?? (rest.dhcp.mode !== 'off' || rest.dhcp6.mode !== 'off') },
    log: { level: log.level, format: log.format ?? (host.isTerminal ? 'pretty' : 'json') },
  }
}

/** Where data is kept unless a setting says otherwise. */
export function defaultDataDir({ isRoot, home }: Pick<Host, 'isRoot' | 'home'>): string {
  return isRoot ? '/var/lib/landfall' : join(home, '.local/share/landfall')
}

function ownAddress({ dhcp, dhcp6, https }: ConfigInput, { interfaces, addressOf, addressOf6 }: Host): string {
  const only6 = dhcp.mode === 'off' && dhcp6.mode !== 'off'
  const link = only6 ? (dhcp6.interface ?? dhcp.interface) : dhcp.interface
  if (link !== undefined) {
    const served = only6 ? (dhcp6.address ?? addressOf6(link)) : addressOf(link)
    if (served !== undefined) return served
    if (only6) {
      const hint = 'add one, such as fd00:77::1/64; or set address'
      throw new ConfigError('CONTRADICTION', `dhcp6.interface: ${link} has no IPv6 address beyond link-local`, { hint })
    }
    const names = [...new Set(interfaces.map(({ name }) => name))].join(', ')
    const hint = `interfaces with one: ${names || 'none'}; or set address`
    throw new ConfigError('CONTRADICTION', `dhcp.interface: ${link} has no IPv4 address`, { hint })
  }
  if (https.host !== undefined && !isEveryAddress(https.host)) return https.host
  // Without any network a trial on this very machine still works.
  return interfaces.find(({ internal }) => !internal)?.address ?? '127.0.0.1'
}

/** A host to listen on that means all of them. */
export function isEveryAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
