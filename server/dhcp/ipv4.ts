/** IPv4 addresses: dotted text at the edges, unsigned 32-bit numbers where they are counted. */
import { DhcpError } from './errors.ts'

/** The address that means "none" in every field of a DHCP header. */
export const UNSPECIFIED = '0.0.0.0'
export const LIMITED_BROADCAST = '255.255.255.255'

const [DOT, ZERO, NINE] = [0x2e, 0x30, 0x39]

/** A network in numbers; `network` and `broadcast` are its first and last address. */
export interface Cidr {
  network: number
  broadcast: number
  mask: number
  prefix: number
}

/** The number of a dotted address, or undefined for anything but four decimal bytes. */
export function parseIpv4(text: string): number | undefined {
  // By hand, for it is done a dozen times per message.
  let [value, byte, digits, dots] = [0, 0, 0, 0]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return undefined
      value = value * 256 + byte
      byte = digits = 0
    } else {
      byte = byte * 10 + code - ZERO
      if (code < ZERO || code > NINE || ++digits > 3 || byte > 255) return undefined
    }
  }
  return dots === 3 && digits > 0 ? value * 256 + byte : undefined
}

/** Like parseIpv4, for configuration: throws INVALID_CONFIG naming `what`. */
export function requireIpv4(text: string, what: string): number {
  const value = parseIpv4(text)
  if (value === undefined) throw new DhcpError('INVALID_CONFIG', `reading ${what}: "${text}" is not an IPv4 address`)
  return value
}

export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

/** Reads `10.77.0.0/24`; host bits may be set and are dropped. Throws INVALID_CONFIG. */
export function parseCidr(text: string): Cidr {
  const [address = '', length = ''] = text.split('/')
  const prefix = Number(length)
  if (!/^\d{1,2}$/.test(length) || prefix < 1 || prefix > 30) {
    throw new DhcpError('INVALID_CONFIG', `reading subnet "${text}": want ADDRESS/PREFIX with a prefix of 1 to 30`)
  }
  const mask = (0xffffffff << (32 - prefix)) >>> 0
  const network = (requireIpv4(address, `subnet "${text}"`) & mask) >>> 0
  return { network, broadcast: (network | ~mask) >>> 0, mask, prefix }
}

export function cidrContains(cidr: Cidr, address: number): boolean {
  return address >= cidr.network && address <= cidr.broadcast
}

/** The dotted address in four bytes at `offset`. */
export function readIpv4(bytes: Uint8Array, offset = 0): string {
  return `${bytes[offset] ?? 0}.${bytes[offset + 1] ?? 0}.${bytes[offset + 2] ?? 0}.${bytes[offset + 3] ?? 0}`
}

/** Four bytes of a dotted address; throws INVALID_CONFIG for anything else. */
export function ipv4Bytes(address: string): Uint8Array {
  const value = requireIpv4(address, 'address')
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)
}
