/** Typed views of DHCP options: a known option of wrong length counts as absent, everything else stays bytes. */
import { ipv4Bytes, readIpv4 } from './ipv4.ts'

/** Option codes by the names of their RFCs. */
export const OPTION = {
  subnetMask: 1,
  router: 3,
  dnsServers: 6,
  hostname: 12,
  domainName: 15,
  interfaceMtu: 26,
  broadcastAddress: 28,
  ntpServers: 42,
  vendorSpecific: 43,
  requestedAddress: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  serverIdentifier: 54,
  parameterRequestList: 55,
  message: 56,
  maxMessageSize: 57,
  renewalTime: 58,
  rebindingTime: 59,
  vendorClass: 60,
  clientIdentifier: 61,
  tftpServer: 66,
  bootFile: 67,
  userClass: 77,
  relayAgent: 82,
  clientArchitecture: 93,
  clientInterface: 94,
  clientUuid: 97,
  subnetSelection: 118,
  domainSearch: 119,
  classlessRoutes: 121,
  ipxe: 175,
} as const

/** Values of option 53. */
export const MESSAGE = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const

export type Options = ReadonlyMap<number, Uint8Array>

const NAMES = new Map<number, string>(Object.entries(MESSAGE).map(([name, value]) => [value, name]))

export function messageType(options: Options): number {
  return options.get(OPTION.messageType)?.[0] ?? 0
}

/** `discover`, `request`, ... or `type-N` for one we do not know. */
export function messageName(type: number): string {
  return NAMES.get(type) ?? `type-${type}`
}

export function readAddress(options: Options, code: number): string | undefined {
  const value = options.get(code)
  return value?.length === 4 ? readIpv4(value) : undefined
}

export function readUint16(options: Options, code: number): number | undefined {
  const value = options.get(code)
  return value?.length === 2 ? value[0]! * 256 + value[1]! : undefined
}

/** Text without trailing NULs, one character per byte: clients promise no encoding. */
export function readText(options: Options, code: number): string | undefined {
  const value = options.get(code)
  return value && Buffer.from(value).toString('latin1').replace(/\0+$/, '')
}

/** The codes of option 55 in the client's order. */
export function requestedOptions(options: Options): number[] {
  return [...(options.get(OPTION.parameterRequestList) ?? [])]
}

/** The types of option 93 in the client's order; empty if absent or of odd length. */
export function architectures(options: Options): number[] {
  const value = options.get(OPTION.clientArchitecture)
  if (!value || value.length < 2 || value.length % 2 !== 0) return []
  return Array.from({ length: value.length / 2 }, (_, i) => value[2 * i]! * 256 + value[2 * i + 1]!)
}

/** The SMBIOS UUID as dmidecode prints it: option 97 holds its first three fields little-endian. */
export function clientUuid(options: Options): string | undefined {
  const value = options.get(OPTION.clientUuid)
  if (value?.length !== 17 || value[0] !== 0) return undefined
  const order = [4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16]
  const hex = Buffer.from(order.map((i) => value[i]!)).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** User classes of option 77, sent as RFC 3004 counted strings or, by iPXE, as one bare string. */
export function userClasses(options: Options): string[] {
  const value = options.get(OPTION.userClass)
  if (!value || value.length === 0) return []
  const text = (part: Uint8Array): string => Buffer.from(part).toString('latin1').replace(/\0+$/, '')
  const classes: string[] = []
  let at = 0
  while (at < value.length) {
    const length = value[at]!
    if (length === 0 || at + 1 + length > value.length) return [text(value)]
    classes.push(text(value.subarray(at + 1, at + 1 + length)))
    at += 1 + length
  }
  return classes
}

/** An encapsulated list (43, 82, 175): tag, length, value; 0 pads and 255 ends only where `padded`. Cut values end it. */
export function readEncapsulated(value: Uint8Array | undefined, { padded = true } = {}): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>()
  let at = 0
  while (value && at < value.length) {
    const tag = value[at++]!
    if (padded && tag === 0) continue
    if (padded && tag === 255) break
    const length = value[at++]
    if (length === undefined || at + length > value.length) break
    if (!found.has(tag)) found.set(tag, value.subarray(at, at + length))
    at += length
  }
  return found
}

/** What a relay added in option 82 (RFC 3046, 3527, 5107). */
export interface RelayAgent {
  circuitId?: string
  remoteId?: string
  /** Sub-option 5: an address of the subnet to serve. */
  linkSelection?: string
  /** Sub-option 11: the address to answer with as option 54. */
  serverOverride?: string
}

/** Reads option 82; identifiers as lower-case hex. */
export function relayAgent(options: Options): RelayAgent {
  const parts = readEncapsulated(options.get(OPTION.relayAgent), { padded: false })
  const circuitId = parts.get(1)
  const remoteId = parts.get(2)
  const linkSelection = readAddress(parts, 5)
  const serverOverride = readAddress(parts, 11)
  return {
    ...(circuitId && { circuitId: hex(circuitId) }),
    ...(remoteId && { remoteId: hex(remoteId) }),
    ...(linkSelection && { linkSelection }),
    ...(serverOverride && { serverOverride }),
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function text(value: string): Uint8Array {
  return Buffer.from(value, 'latin1')
}

/** Text with the one trailing NUL that PXE ROMs and edk2 expect after boot names. */
export function nulTerminated(value: string): Uint8Array {
  return Buffer.from(`${value}\0`, 'latin1')
}

export function addresses(list: readonly string[]): Uint8Array {
  return Buffer.concat(list.map(ipv4Bytes))
}

export function uint16(value: number): Uint8Array {
  return Uint8Array.of((value >>> 8) & 255, value & 255)
}

export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)
}

/** Tag, length, value for each entry, ended by 255: PXE ROMs read past the end of option 43 without it. */
export function encapsulated(entries: readonly (readonly [tag: number, value: Uint8Array])[]): Uint8Array {
  return Buffer.concat([
    ...entries.map(([tag, value]) => Buffer.from([tag, value.length, ...value])),
    Buffer.from([255]),
  ])
}

/** Option 119: names as DNS labels, repeated endings as compression pointers (RFC 3397). */
export function domainSearch(domains: readonly string[]): Uint8Array {
  const bytes: number[] = []
  const offsets = new Map<string, number>()
  for (const domain of domains) {
    const labels = domain.replace(/\.$/, '').split('.')
    while (labels.length > 0) {
      const suffix = labels.join('.').toLowerCase()
      const seen = offsets.get(suffix)
      if (seen !== undefined) {
        bytes.push(0xc0 | (seen >> 8), seen & 255)
        break
      }
      if (bytes.length < 0x4000) offsets.set(suffix, bytes.length)
      const label = Buffer.from(labels.shift()!, 'latin1').subarray(0, 63)
      bytes.push(label.length, ...label)
    }
    if (labels.length === 0) bytes.push(0)
  }
  return Uint8Array.from(bytes)
}

/** A route of option 121. */
export interface Route {
  /** Such as `10.0.0.0/8`; `0.0.0.0/0` is the default route. */
  destination: string
  gateway: string
}

/** Option 121: prefix length, only the significant bytes of the destination, gateway (RFC 3442). */
export function classlessRoutes(routes: readonly Route[]): Uint8Array {
  return Buffer.concat(
    routes.map(({ destination, gateway }) => {
      const [address = '', prefix = '32'] = destination.split('/')
      const significant = ipv4Bytes(address).subarray(0, Math.ceil(Number(prefix) / 8))
      return Buffer.from([Number(prefix), ...significant, ...ipv4Bytes(gateway)])
    }),
  )
}
