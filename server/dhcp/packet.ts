/** The DHCPv4 message: bytes in, values out (RFC 2131, 2132, 3396). No sockets, no clock, no policy. */
import { DhcpError } from './errors.ts'
import { ipv4Bytes, readIpv4 } from './ipv4.ts'
import { OPTION } from './options.ts'

export const BOOTREQUEST = 1
export const BOOTREPLY = 2
/** Flag bit by which a client, or a reply to a relay, asks for broadcast (RFC 2131 section 2). */
export const BROADCAST_FLAG = 0x8000

const COOKIE = Uint8Array.of(0x63, 0x82, 0x53, 0x63)
const OPTIONS_OFFSET = 240
const CHADDR_LENGTH = 16
const SNAME_LENGTH = 64
const FILE_LENGTH = 128
const PAD = 0
const END = 255
/** BOOTP relays and old clients drop anything shorter (RFC 1542 section 2.1). */
const MIN_LENGTH = 300
/** UDP payload every client must accept: 576 bytes less IP and UDP headers. */
export const DEFAULT_LIMIT = 548
/** edk2 ignores longer replies, and an Ethernet frame carries no more. */
export const MAX_LIMIT = 1472

/** Addresses are dotted text; `sname` and `file` come without trailing NULs; `options` keep their bytes and order. */
export interface DhcpPacket {
  op: number
  htype: number
  hlen: number
  hops: number
  xid: number
  secs: number
  flags: number
  ciaddr: string
  yiaddr: string
  siaddr: string
  giaddr: string
  /** All 16 bytes, echoed as received: `hlen` says how many of them are an address. */
  chaddr: Uint8Array
  sname: Uint8Array
  file: Uint8Array
  options: ReadonlyMap<number, Uint8Array>
}

export type MalformedReason =
  'too-short' | 'wrong-op' | 'bad-hlen' | 'bad-cookie' | 'truncated-option' | 'no-message-type'

export type Decoded = { packet: DhcpPacket } | { malformed: MalformedReason }

/** Reads one datagram. Never throws; what cannot be a DHCP message of direction `op` is named instead. */
export function decodePacket(bytes: Uint8Array, op: number = BOOTREQUEST): Decoded {
  if (bytes.length < OPTIONS_OFFSET) return { malformed: 'too-short' }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint8(0) !== op) return { malformed: 'wrong-op' }
  const hlen = view.getUint8(2)
  if (hlen > CHADDR_LENGTH) return { malformed: 'bad-hlen' }
  if (!COOKIE.every((byte, i) => bytes[236 + i] === byte)) return { malformed: 'bad-cookie' }

  let sname = bytes.slice(44, 44 + SNAME_LENGTH)
  let file = bytes.slice(108, 108 + FILE_LENGTH)
  const instances = new Map<number, Uint8Array[]>()
  if (!readOptions(bytes.subarray(OPTIONS_OFFSET), instances)) return { malformed: 'truncated-option' }
  const overload = instances.get(OPTION.overload)
  if (overload?.length === 1 && overload[0]?.length === 1) {
    const areas = overload[0][0] ?? 0
    if (areas & 1) {
      if (!readOptions(file, instances)) return { malformed: 'truncated-option' }
      file = new Uint8Array()
    }
    if (areas & 2) {
      if (!readOptions(sname, instances)) return { malformed: 'truncated-option' }
      sname = new Uint8Array()
    }
  }
  const options = new Map<number, Uint8Array>()
  for (const [code, parts] of instances) options.set(code, parts.length === 1 ? parts[0]! : Buffer.concat(parts))
  if (options.get(OPTION.messageType)?.length !== 1) return { malformed: 'no-message-type' }

  return {
    packet: {
      op,
      htype: view.getUint8(1),
      hlen,
      hops: view.getUint8(3),
      xid: view.getUint32(4),
      secs: view.getUint16(8),
      flags: view.getUint16(10),
      ciaddr: readIpv4(bytes, 12),
      yiaddr: readIpv4(bytes, 16),
      siaddr: readIpv4(bytes, 20),
      giaddr: readIpv4(bytes, 24),
      chaddr: bytes.slice(28, 28 + CHADDR_LENGTH),
      sname: stripNuls(sname),
      file: stripNuls(file),
      options,
    },
  }
}

/** Collects `area` into `into`, repeated tags in order (RFC 3396); false if a length points past the end. */
function readOptions(area: Uint8Array, into: Map<number, Uint8Array[]>): boolean {
  let at = 0
  while (at < area.length) {
    const code = area[at++]!
    if (code === PAD) continue
    if (code === END) return true
    const length = area[at++]
    if (length === undefined || at + length > area.length) return false
    const value = area.slice(at, at + length)
    const parts = into.get(code)
    if (parts) parts.push(value)
    else into.set(code, [value])
    at += length
  }
  return true
}

function stripNuls(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytes.subarray(0, end)
}

/** Clients depend on these; everything else may be left out of a reply that grows too large. */
const INDISPENSABLE: ReadonlySet<number> = new Set([
  OPTION.messageType,
  OPTION.serverIdentifier,
  OPTION.leaseTime,
  OPTION.subnetMask,
  OPTION.router,
  OPTION.vendorSpecific,
  OPTION.vendorClass,
  OPTION.tftpServer,
  OPTION.bootFile,
  OPTION.clientUuid,
  OPTION.relayAgent,
])

/** edk2 and GRUB read the first instance only, so these are never split over two. */
const UNSPLITTABLE: ReadonlySet<number> = new Set([
  OPTION.vendorSpecific,
  OPTION.vendorClass,
  OPTION.tftpServer,
  OPTION.bootFile,
])

/**
 * Writes a message of at least 300 and at most `limit` bytes: 53 first, 54 second, 82 last (RFC 3046 section 2.2), the
 * rest in the order of the map. Options that do not fit are left out from the end, except those no client can miss.
 * Never overloads `file` and `sname`. Throws OPTION_TOO_LONG and REPLY_TOO_LARGE.
 */
export function encodePacket(packet: DhcpPacket, { limit = DEFAULT_LIMIT }: { limit?: number } = {}): Uint8Array {
  const entries = ordered(packet.options)
  let length = OPTIONS_OFFSET + 1
  for (const [code, value] of entries) length += wireLength(code, value)
  for (let i = entries.length - 1; i >= 0 && length > limit; i--) {
    const [code, value] = entries[i]!
    if (INDISPENSABLE.has(code)) continue
    length -= wireLength(code, value)
    entries.splice(i, 1)
  }
  if (length > limit) {
    throw new DhcpError(
      'REPLY_TOO_LARGE',
      `encoding a reply: ${length} bytes of needed options, the client takes ${limit}`,
    )
  }

  const bytes = new Uint8Array(Math.max(length, MIN_LENGTH))
  const view = new DataView(bytes.buffer)
  view.setUint8(0, packet.op)
  view.setUint8(1, packet.htype)
  view.setUint8(2, packet.hlen)
  view.setUint8(3, packet.hops)
  view.setUint32(4, packet.xid)
  view.setUint16(8, packet.secs)
  view.setUint16(10, packet.flags)
  bytes.set(ipv4Bytes(packet.ciaddr), 12)
  bytes.set(ipv4Bytes(packet.yiaddr), 16)
  bytes.set(ipv4Bytes(packet.siaddr), 20)
  bytes.set(ipv4Bytes(packet.giaddr), 24)
  bytes.set(packet.chaddr.subarray(0, CHADDR_LENGTH), 28)
  setField(bytes, 44, packet.sname, SNAME_LENGTH, 'sname')
  setField(bytes, 108, packet.file, FILE_LENGTH, 'file')
  bytes.set(COOKIE, 236)
  let at = OPTIONS_OFFSET
  for (const [code, value] of entries) at = writeOption(bytes, at, code, value)
  bytes[at] = END
  return bytes
}

function ordered(options: ReadonlyMap<number, Uint8Array>): [number, Uint8Array][] {
  const entries: [number, Uint8Array][] = []
  const [type, server, relay] = [OPTION.messageType, OPTION.serverIdentifier, OPTION.relayAgent]
  for (const code of [type, server]) if (options.has(code)) entries.push([code, options.get(code)!])
  for (const entry of options) if (entry[0] !== type && entry[0] !== server && entry[0] !== relay) entries.push(entry)
  if (options.has(relay)) entries.push([relay, options.get(relay)!])
  return entries
}

/** Two bytes for each instance of at most 255. */
function wireLength(code: number, value: Uint8Array): number {
  if (value.length <= 255) return value.length + 2
  if (UNSPLITTABLE.has(code)) {
    throw new DhcpError('OPTION_TOO_LONG', `encoding option ${code}: ${value.length} bytes, want 255 at most`)
  }
  return value.length + 2 * Math.ceil(value.length / 255)
}

/** Returns where the next one goes. */
function writeOption(bytes: Uint8Array, offset: number, code: number, value: Uint8Array): number {
  let out = offset
  let at = 0
  do {
    const part = value.length <= 255 ? value : value.subarray(at, at + 255)
    bytes[out++] = code
    bytes[out++] = part.length
    bytes.set(part, out)
    out += part.length
    at += 255
  } while (at < value.length)
  return out
}

function setField(bytes: Uint8Array, offset: number, value: Uint8Array, room: number, field: string): void {
  if (value.length > room) {
    throw new DhcpError(
      'OPTION_TOO_LONG',
      `encoding header field ${field}: ${value.length} bytes, want ${room} at most`,
    )
  }
  bytes.set(value, offset)
}
