// IPv6 addresses as text (RFC 5952), as bytes and as numbers, and how a URL writes them.
import { isIPv6 } from 'node:net'

/** The number of an address without zone; undefined for anything else. */
export function parseIpv6(text: string): bigint | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined
  const [head = '', tail] = text.split('::')
  const front = groupsOf(head)
  const back = tail === undefined ? [] : groupsOf(tail)
  const zeros = Array<number>(8 - front.length - back.length).fill(0)
  return [...front, ...zeros, ...back].reduce((number, group) => (number << 16n) | BigInt(group), 0n)
}

/** The canonical text of a number: lower case, the longest run of zeros as `::`. */
export function formatIpv6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => Number((address >> BigInt(16 * (7 - i))) & 0xffffn))
  const run = longestZeros(groups)
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(':')
  if (run.length < 2) return hex(groups)
  return `${hex(groups.slice(0, run.at))}::${hex(groups.slice(run.at + run.length))}`
}

/** The address at `offset`. */
export function readIpv6(bytes: Uint8Array, offset = 0): string {
  let number = 0n
  for (let i = 0; i < 16; i++) number = (number << 8n) | BigInt(bytes[offset + i] ?? 0)
  return formatIpv6(number)
}

/** Sixteen bytes of an address. Throws RangeError for anything else. */
export function ipv6Bytes(text: string): Uint8Array {
  const number = parseIpv6(text)
  if (number === undefined) throw new RangeError(`${text} is no IPv6 address`)
  return Uint8Array.from({ length: 16 }, (_, i) => Number((number >> BigInt(8 * (15 - i))) & 0xffn))
}

/** A network such as `2001:db8:77::/64`. */
export interface Prefix {
  network: bigint
  length: number
}

/** Undefined for what is no prefix; bits beyond its length are dropped. */
export function parsePrefix(text: string): Prefix | undefined {
  const [address = '', bits = '', ...rest] = text.split('/')
  const number = parseIpv6(address)
  const length = Number(bits)
  if (number === undefined || !/^\d{1,3}$/.test(bits) || length > 128 || rest.length > 0) return undefined
  return { network: (number >> hostBits(length)) << hostBits(length), length }
}

export function inPrefix({ network, length }: Prefix, address: bigint): boolean {
  return address >> hostBits(length) === network >> hostBits(length)
}

/** Only on its own link: fe80::/10. */
export function isLinkLocal(text: string): boolean {
  return /^fe[89ab]/i.test(text)
}

/** The Ethernet address that an address was made of (EUI-64, RFC 4291 appendix A); undefined where it was not. */
export function macInAddress(text: string): string | undefined {
  const number = parseIpv6(text.replace(/%.*$/, ''))
  if (number === undefined) return undefined
  const bytes = Array.from({ length: 8 }, (_, i) => Number((number >> BigInt(8 * (7 - i))) & 0xffn))
  if (bytes[3] !== 0xff || bytes[4] !== 0xfe) return undefined
  const mac = [bytes[0]! ^ 2, bytes[1]!, bytes[2]!, ...bytes.slice(5)]
  return mac.map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

/** An address or name as the host part of a URL: IPv6 addresses in brackets. */
export function urlHost(address: string): string {
  return isIPv6(address) ? `[${address}]` : address
}

/** Groups of one half of the text; a last part in IPv4's notation makes two. */
function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

function longestZeros(groups: readonly number[]): { at: number; length: number } {
  let best = { at: 0, length: 0 }
  let at = 0
  for (const [i, group] of groups.entries()) {
    if (group !== 0) at = i + 1
    else if (i + 1 - at > best.length) best = { at, length: i + 1 - at }
  }
  return best
}

function hostBits(length: number): bigint {
  return BigInt(128 - length)
}
