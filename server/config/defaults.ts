// Defaults that depend on the host, and the finished configuration.
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { activeAddresses, addressOf } from '../host/addresses.ts'
import type { InterfaceAddress } from '../host/addresses.ts'
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
}

/** The settings a server runs by: nothing is left open. */
export type Config = Omit<
  ConfigInput,
  'name' | 'dataDir' | 'templatesDir' | 'address' | 'registry' | 'tftp' | 'log'
> & {
  name: string
  dataDir: string
  templatesDir: string
  address: string
  registry: string
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
  }
}

/** Fills in what was left open. Throws ConfigError CONTRADICTION when the host has no address to offer. */
export function withDefaults(input: ConfigInput, host: Host): Config {
  const { name, dataDir: wantedDir, templatesDir, address: wanted, registry, tftp, log, ...rest } = input
  const address = wanted ?? ownAddress(input, host)
  const dataDir = wantedDir ?? (host.isRoot ? '/var/lib/landfall' : join(host.home, '.local/share/landfall'))
  return {
    ...rest,
    name: name ?? (host.name || 'landfall'),
    dataDir,
    templatesDir: templatesDir ?? join(dataDir, 'templates'),
    address,
    registry: registry ?? `${address}:${input.https.port}`,
    tftp: { ...tftp, enabled: tftp.enabled ?? input.dhcp.mode !== 'off' },
    log: { level: log.level, format: log.format ?? (host.isTerminal ? 'pretty' : 'json') },
  }
}

function ownAddress({ dhcp, https }: ConfigInput, { interfaces, addressOf }: Host): string {
  if (dhcp.interface !== undefined) {
    const served = addressOf(dhcp.interface)
    if (served !== undefined) return served
    const names = [...new Set(interfaces.map(({ name }) => name))].join(', ')
    const hint = `interfaces with one: ${names || 'none'}; or set address`
    throw new ConfigError('CONTRADICTION', `dhcp.interface: ${dhcp.interface} has no IPv4 address`, { hint })
  }
  if (https.host !== '0.0.0.0') return https.host
  // Without any network a trial on this very machine still works.
  return interfaces.find(({ internal }) => !internal)?.address ?? '127.0.0.1'
}
