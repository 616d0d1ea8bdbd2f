/** The options of an ordinary client: its lease times, its network, and what it asked for. */
import { formatIpv4, ipv4Bytes } from './ipv4.ts'
import {
  OPTION,
  addresses,
  classlessRoutes,
  domainSearch,
  requestedOptions,
  text,
  uint16,
  uint32,
  type Options,
} from './options.ts'
import type { Subnet } from './subnets.ts'

type Entry = [code: number, value: Uint8Array]

/** 51, 58 and 59: half and seven eighths of the lease (RFC 2131 section 4.4.5). Some clients need them in offers. */
export function timeOptions(leaseSeconds: number): Entry[] {
  return [
    [OPTION.leaseTime, uint32(leaseSeconds)],
    [OPTION.renewalTime, uint32(Math.floor(leaseSeconds / 2))],
    [OPTION.rebindingTime, uint32(Math.floor((leaseSeconds * 7) / 8))],
  ]
}

/** 1, 3 and 28, whatever was asked; 1 must come before 3 (RFC 2132 section 3.3). */
export function networkOptions({ cidr, config }: Subnet): Entry[] {
  return [
    [OPTION.subnetMask, ipv4Bytes(formatIpv4(cidr.mask))],
    ...(config.router === undefined ? [] : [[OPTION.router, ipv4Bytes(config.router)] satisfies Entry]),
    [OPTION.broadcastAddress, ipv4Bytes(formatIpv4(cidr.broadcast))],
  ]
}

/** Options the client listed in 55 and we have a value for, in its order; `always` adds codes it did not list. */
export function askedOptions(
  { config }: Subnet,
  request: Options,
  { hostname, always = [] }: { hostname?: string | undefined; always?: readonly number[] } = {},
): Entry[] {
  const known = new Map<number, () => Uint8Array | undefined>([
    [OPTION.dnsServers, () => config.dns && addresses(config.dns)],
    [OPTION.hostname, () => (hostname === undefined ? undefined : text(hostname))],
    [OPTION.domainName, () => (config.domain === undefined ? undefined : text(config.domain))],
    [OPTION.interfaceMtu, () => (config.mtu === undefined ? undefined : uint16(config.mtu))],
    [OPTION.ntpServers, () => config.ntp && addresses(config.ntp)],
    [OPTION.domainSearch, () => config.search && domainSearch(config.search)],
    [OPTION.classlessRoutes, () => routes(config)],
  ])
  return [...new Set([...requestedOptions(request), ...always])].flatMap((code) => {
    const value = known.get(code)?.()
    return value && value.length > 0 ? [[code, value] satisfies Entry] : []
  })
}

/** Who honours 121 ignores 3, so the default route is in it too. */
function routes({ routes: extra, router }: Subnet['config']): Uint8Array | undefined {
  if (!extra || extra.length === 0) return undefined
  const byDefault = router === undefined ? [] : [{ destination: '0.0.0.0/0', gateway: router }]
  return classlessRoutes([...extra, ...byDefault])
}
