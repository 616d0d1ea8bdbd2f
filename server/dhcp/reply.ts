/** A reply to a DHCP message: what it copies, and where it goes (RFC 2131 section 4.1, 4.3). */
import type { Client } from './client.ts'
import { LIMITED_BROADCAST, UNSPECIFIED, ipv4Bytes } from './ipv4.ts'
import type { DhcpEvent, Endpoint } from './events.ts'
import { MESSAGE, OPTION, readUint16 } from './options.ts'
import { BOOTREPLY, BROADCAST_FLAG, DEFAULT_LIMIT, MAX_LIMIT, encodePacket, type DhcpPacket } from './packet.ts'

export const SERVER_PORT = 67
export const CLIENT_PORT = 68
/** PXE boot servers and proxyDHCP answer here (PXE 2.1 section 2.2). */
export const BOOT_SERVER_PORT = 4011

/** The link a message came in on: its interface and our address there, which every reply names. */
export interface Link {
  interface: string
  address: string
}

/** One message with what the socket knew of it. `now` is milliseconds since the epoch. */
export interface Received {
  packet: DhcpPacket
  client: Client
  from: Endpoint
  link: Link
  now: number
}

/** Bytes to send from `fromPort` of the receiving link's address. */
export interface Reply {
  bytes: Uint8Array
  to: Endpoint
  fromPort: typeof SERVER_PORT | typeof BOOT_SERVER_PORT
}

/** Before the offer is made, see whether a machine answers at `address`; then ask `resolve` for what to send. */
interface ConflictCheck {
  address: string
  /** `foundMac`: who answered, undefined for nobody. */
  resolve(foundMac: string | undefined, now: number): Outcome
}

/** All that a message leads to. */
export interface Outcome {
  replies: Reply[]
  events: DhcpEvent[]
  check?: ConflictCheck
  /** Rests on leases of this client that are not durable yet: nothing of it may be sent or told before `commit`. */
  unsaved?: Client
}

/** Answers messages without touching sockets, clocks or timers. */
export interface Responder {
  handle(received: Received): Outcome
  /** Makes durable what outcomes so far rest on, all in one. Throws what the store throws. */
  commit?(): void
}

/** The parts of a reply that are not copied from the request. */
export interface ReplyParts {
  type: number
  /** Option 54. */
  serverIdentifier: string
  ciaddr?: string
  yiaddr?: string
  siaddr?: string
  sname?: Uint8Array
  file?: Uint8Array
  broadcast?: boolean
  options?: Iterable<readonly [code: number, value: Uint8Array]>
}

/** The reply to `request`: xid, flags, giaddr and hardware address copied, 61 (RFC 6842) and 82 (RFC 3046) echoed. */
export function buildReply(request: DhcpPacket, parts: ReplyParts): DhcpPacket {
  const options = new Map<number, Uint8Array>([
    [OPTION.messageType, Uint8Array.of(parts.type)],
    [OPTION.serverIdentifier, ipv4Bytes(parts.serverIdentifier)],
    ...(parts.options ?? []),
  ])
  for (const code of [OPTION.clientIdentifier, OPTION.relayAgent]) {
    const value = request.options.get(code)
    if (value) options.set(code, value)
  }
  return {
    op: BOOTREPLY,
    htype: request.htype,
    hlen: request.hlen,
    hops: 0,
    xid: request.xid,
    secs: 0,
    flags: parts.broadcast ? request.flags | BROADCAST_FLAG : request.flags,
    ciaddr: parts.ciaddr ?? UNSPECIFIED,
    yiaddr: parts.yiaddr ?? UNSPECIFIED,
    siaddr: parts.siaddr ?? UNSPECIFIED,
    giaddr: request.giaddr,
    chaddr: request.chaddr,
    sname: parts.sname ?? new Uint8Array(),
    file: parts.file ?? new Uint8Array(),
    options,
  }
}

/** The largest UDP payload the client takes: option 57 counts the IP and UDP headers too. */
export function replyLimit(request: DhcpPacket): number {
  const asked = readUint16(request.options, OPTION.maxMessageSize)
  return asked === undefined ? DEFAULT_LIMIT : Math.max(DEFAULT_LIMIT, Math.min(asked - 28, MAX_LIMIT))
}

/** Encodes a reply from port 67 and addresses it. */
export function sendReply(received: Received, parts: ReplyParts): Reply {
  const { packet } = received
  const type = parts.type
  const relayed = isRelayed(packet)
  // A relay sends to the client what we send to the relay: only this bit makes it broadcast.
  const broadcast = parts.broadcast || (relayed && (type === MESSAGE.nak || (isInform(packet) && !hasCiaddr(packet))))
  const reply = buildReply(packet, { ...parts, ...(broadcast && { broadcast }) })
  return {
    bytes: encodePacket(reply, { limit: replyLimit(packet) }),
    to: destination(received, type),
    fromPort: SERVER_PORT,
  }
}

function destination({ packet, from }: Received, type: number): Endpoint {
  if (isInform(packet)) {
    if (hasCiaddr(packet)) return { address: packet.ciaddr, port: CLIENT_PORT }
    if (isRelayed(packet)) return { address: packet.giaddr, port: SERVER_PORT }
    return from
  }
  if (isRelayed(packet)) return { address: packet.giaddr, port: SERVER_PORT }
  const toEverybody = { address: LIMITED_BROADCAST, port: CLIENT_PORT }
  if (type === MESSAGE.nak) return toEverybody
  const ciaddr = clientAddress(packet)
  if (ciaddr !== UNSPECIFIED) return { address: ciaddr, port: CLIENT_PORT }
  // RFC 2131 prefers unicast to yiaddr where the client can take it, but the kernel cannot send to a machine that does
  // not answer ARP yet; it allows broadcast then, and every client we know of takes it.
  return toEverybody
}

/** ciaddr as meant: some clients fill it beside option 50, and then 50 wins. */
export function clientAddress(packet: DhcpPacket): string {
  return packet.options.has(OPTION.requestedAddress) ? UNSPECIFIED : packet.ciaddr
}

export function isRelayed(packet: DhcpPacket): boolean {
  return packet.giaddr !== UNSPECIFIED
}

function isInform(packet: DhcpPacket): boolean {
  return packet.options.get(OPTION.messageType)?.[0] === MESSAGE.inform
}

function hasCiaddr(packet: DhcpPacket): boolean {
  return packet.ciaddr !== UNSPECIFIED
}
