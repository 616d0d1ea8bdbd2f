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

/** What all clients of a subnet are told alike, made once. */
const TOLD = new WeakMap<Subnet, { times: Entry[]; network: Entry[]; asked: ReadonlyMap<number, Uint8Array> }>()

function toldIn(subnet: Subnet): NonNullable<ReturnType<typeof TOLD.get>> {
  const known = TOLD.get(subnet)
  if (known) return known
  const { cidr, config, leaseSeconds } = subnet
  const asked: [number, Uint8Array | undefined][] = [
    [OPTION.dnsServers, config.dns && addresses(config.dns)],
    [OPTION.domainName, config.domain === undefined ? undefined : text(config.domain)],
    [OPTION.interfaceMtu, config.mtu === undefined ? undefined : uint16(config.mtu)],
    [OPTION.ntpServers, config.ntp && addresses(config.ntp)],
    [OPTION.domainSearch, config.search && domainSearch(config.search)],
    [OPTION.classlessRoutes, routes(config)],
  ]
  const told = {
    times: [
      [OPTION.leaseTime, uint32(leaseSeconds)],
      [OPTION.renewalTime, uint32(Math.floor(leaseSeconds / 2))],
      [OPTION.rebindingTime, uint32(Math.floor((leaseSeconds * 7) / 8))],
    ] satisfies Entry[],
    network: [
      [OPTION.subnetMask, ipv4Bytes(formatIpv4(cidr.mask))],
      ...(config.router === undefined ? [] : [[OPTION.router, ipv4Bytes(config.router)] satisfies Entry]),
      [OPTION.broadcastAddress, ipv4Bytes(formatIpv4(cidr.broadcast))],
    ] satisfies Entry[],
    asked: new Map(asked.filter((entry): entry is Entry => entry[1] !== undefined && entry[1].length > 0)),
  }
  TOLD.set(subnet, told)
  return told
}

/** 51, 58 and 59: half and seven eighths of the lease (RFC 2131 section 4.4.5). Some clients need them in offers. */
export function timeOptions(subnet: Subnet): Entry[] {
  return toldIn(subnet).times
}

/** 1, 3 and 28, whatever was asked; 1 must come before 3 (RFC 2132 section 3.3). */
export function networkOptions(subnet: Subnet): Entry[] {
  return toldIn(subnet).network
}

/** Options the client listed in 55 and we have a value for, in its order; `always` adds codes it did not list. */
export function askedOptions(
  subnet: Subnet,
  request: Options,
  { hostname, always = [] }: { hostname?: string | undefined; always?: readonly number[] } = {},
): Entry[] {
  const { asked } = toldIn(subnet)
  const entries = new Map<number, Uint8Array>()
  for (const code of [...requestedOptions(request), ...always]) {
    const value = code === OPTION.hostname && hostname ? text(hostname) : asked.get(code)
    if (value) entries.set(code, value)
  }
  return [...entries]
}

/** Who honours 121 ignores 3, so the default route is in it too. */
function routes({ routes: extra, router }: Subnet['config']): Uint8Array | undefined {
  if (!extra || extra.length === 0) return undefined
  const byDefault = router === undefined ? [] : [{ destination: '0.0.0.0/0', gateway: router }]
  return classlessRoutes([...extra, ...byDefault])
}
