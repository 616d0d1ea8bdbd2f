/** Options of DHCPv6: bytes as they came, and typed views of those that matter (RFC 8415 section 21, 5970, 3646, 4704, 6939). */
import { ipv6Bytes, readIpv6 } from '../host/ipv6.ts'

/** Option codes by the names of their RFCs. */
export const OPTION6 = {
  clientId: 1,
  serverId: 2,
  iaNa: 3,
  iaTa: 4,
  iaAddress: 5,
  optionRequest: 6,
  preference: 7,
  elapsedTime: 8,
  relayMessage: 9,
  statusCode: 13,
  rapidCommit: 14,
  userClass: 15,
  vendorClass: 16,
  interfaceId: 18,
  dnsServers: 23,
  domainList: 24,
  iaPd: 25,
  clientFqdn: 39,
  bootFileUrl: 59,
  clientArchitecture: 61,
  clientLinkLayer: 79,
  relaySourcePort: 135,
} as const

/** RFC 8415 section 21.13, 8.2 of RFC 3633. */
export const STATUS = { success: 0, noAddresses: 2, noBinding: 3, notOnLink: 4, noPrefix: 6 } as const

/** One option; codes may repeat, and the order is the sender's. */
export type Option6 = readonly [code: number, value: Uint8Array]
export type Options6 = readonly Option6[]

/** An identity association as a client sends it. */
export interface IdentityAssociation {
  iaid: number
  /** Addresses the client has, or would like. */
  addresses: string[]
}

/** An address in a reply. Lifetimes are seconds; zero takes the address away. */
export interface LentAddress {
  address: string
  preferred: number
  valid: number
}

const MAX_NAME = 255

/** The options in an area; undefined if a length points past its end. */
export function readOptions(area: Uint8Array): Option6[] | undefined {
  const options: Option6[] = []
  let at = 0
  while (at < area.length) {
    if (at + 4 > area.length) return undefined
    const length = uint16At(area, at + 2)
    const end = at + 4 + length
    if (end > area.length) return undefined
    options.push([uint16At(area, at), area.subarray(at + 4, end)])
    at = end
  }
  return options
}

export function writeOptions(options: Options6): Uint8Array {
  return Buffer.concat(options.map(([code, value]) => Buffer.concat([uint16(code), uint16(value.length), value])))
}

/** The first option of that code. */
export function firstOption(options: Options6, code: number): Uint8Array | undefined {
  return options.find(([one]) => one === code)?.[1]
}

/** All IA_NA that can be read. */
export function identityAssociations(options: Options6): IdentityAssociation[] {
  return options.flatMap(([code, value]) => {
    const inner = code === OPTION6.iaNa && value.length >= 12 ? readOptions(value.subarray(12)) : undefined
    if (!inner) return []
    const addresses = inner.flatMap(([one, bytes]) =>
      one === OPTION6.iaAddress && bytes.length >= 24 ? [readIpv6(bytes)] : [],
    )
    return [{ iaid: uint32At(value, 0), addresses }]
  })
}

/** Codes of option 6 in the client's order. */
export function requestedCodes(options: Options6): number[] {
  return numbers(firstOption(options, OPTION6.optionRequest))
}

/** Types of option 61 in the client's order. */
export function architectureTypes(options: Options6): number[] {
  return numbers(firstOption(options, OPTION6.clientArchitecture))
}

/** The texts of option 15. */
export function userClasses(options: Options6): string[] {
  return countedTexts(firstOption(options, OPTION6.userClass))
}

/** The texts of option 16, whatever the enterprise: firmware of several vendors sends that of Intel. */
export function vendorClasses(options: Options6): string[] {
  const value = firstOption(options, OPTION6.vendorClass)
  return value && value.length >= 4 ? countedTexts(value.subarray(4)) : []
}

/** The first label of option 39: a client names itself with or without domain. */
export function hostName(options: Options6): string | undefined {
  const value = firstOption(options, OPTION6.clientFqdn)
  const length = value?.[1] ?? 0
  if (!value || length === 0 || length > 63 || value.length < 2 + length) return undefined
  const name = Buffer.from(value.subarray(2, 2 + length)).toString('latin1')
  return /^[A-Za-z0-9-]+$/.test(name) ? name : undefined
}

/** The hardware address that a relay saw (option 79), if it is Ethernet's. */
export function relayedMac(options: Options6): string | undefined {
  const value = firstOption(options, OPTION6.clientLinkLayer)
  return value?.length === 8 && uint16At(value, 0) === 1 ? macText(value.subarray(2)) : undefined
}

export function macText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

/** IA_NA with addresses, or with a status that says why there are none. */
export function iaNa(iaid: number, times: { t1: number; t2: number }, inner: Options6): Option6 {
  return [OPTION6.iaNa, Buffer.concat([uint32(iaid), uint32(times.t1), uint32(times.t2), writeOptions(inner)])]
}

export function iaAddress({ address, preferred, valid }: LentAddress): Option6 {
  return [OPTION6.iaAddress, Buffer.concat([ipv6Bytes(address), uint32(preferred), uint32(valid)])]
}

export function statusCode(code: number, message: string): Option6 {
  return [OPTION6.statusCode, Buffer.concat([uint16(code), Buffer.from(message, 'utf8')])]
}

/** Option 16: an enterprise number and one text. */
export function vendorClass(enterprise: number, text: string): Option6 {
  return [OPTION6.vendorClass, Buffer.concat([uint32(enterprise), uint16(text.length), Buffer.from(text, 'latin1')])]
}

export function addressList(addresses: readonly string[]): Uint8Array {
  return Buffer.concat(addresses.map(ipv6Bytes))
}

/** Option 24: names as DNS labels, never compressed (RFC 8415 section 10). */
export function domainList(domains: readonly string[]): Uint8Array {
  return Buffer.concat(domains.map(domainName))
}

export function text(value: string): Uint8Array {
  return Buffer.from(value, 'latin1')
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function uint16(value: number): Uint8Array {
  return Uint8Array.of((value >>> 8) & 255, value & 255)
}

export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)
}

export function uint16At(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)
}

function uint32At(bytes: Uint8Array, at: number): number {
  return uint16At(bytes, at) * 65_536 + uint16At(bytes, at + 2)
}

/** Empty for a value of odd length. */
function numbers(value: Uint8Array | undefined): number[] {
  if (!value || value.length % 2 !== 0) return []
  return Array.from({ length: value.length / 2 }, (_, i) => uint16At(value, 2 * i))
}

/** Texts with two bytes of length before each; a cut one ends the list. */
function countedTexts(value: Uint8Array | undefined): string[] {
  const texts: string[] = []
  let at = 0
  while (value && at + 2 <= value.length) {
    const end = at + 2 + uint16At(value, at)
    if (end > value.length) break
    texts.push(
      Buffer.from(value.subarray(at + 2, end))
        .toString('latin1')
        .replace(/\0+$/, ''),
    )
    at = end
  }
  return texts
}

function domainName(domain: string): Buffer {
  const labels = domain.replace(/\.$/, '').split('.')
  const bytes = labels.flatMap((label) => {
    const part = [...Buffer.from(label, 'latin1').subarray(0, 63)]
    return [part.length, ...part]
  })
  return Buffer.from([...bytes.slice(0, MAX_NAME - 1), 0])
}
