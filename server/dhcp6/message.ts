/** The DHCPv6 message and the relay messages around it: bytes in, values out (RFC 8415 section 8, 9). */
import type { Malformed6Reason } from '../dhcp/events.ts'
import { ipv6Bytes, readIpv6 } from '../host/ipv6.ts'
import { OPTION6, firstOption, readOptions, writeOptions, type Option6, type Options6 } from './options.ts'

/** Values of the first byte. */
export const MESSAGE6 = {
  solicit: 1,
  advertise: 2,
  request: 3,
  confirm: 4,
  renew: 5,
  rebind: 6,
  reply: 7,
  release: 8,
  decline: 9,
  reconfigure: 10,
  informationRequest: 11,
  relayForward: 12,
  relayReply: 13,
} as const

/** A message of a client, or to one. */
export interface Message6 {
  type: number
  /** 24 bits. */
  transaction: number
  options: Options6
}

/** One relay's wrapping. */
export interface RelayHop {
  hops: number
  /** Tells the link of the client; `::` from a relay that leaves that to another. */
  linkAddress: string
  /** The client, or the relay before. */
  peerAddress: string
  options: Options6
}

/** `relays` from the one that sent to us to the one nearest to the client. */
export type Decoded6 = { message: Message6; relays: RelayHop[] } | { malformed: Malformed6Reason }

/** HOP_COUNT_LIMIT (RFC 8415 section 7.6). */
const MAX_RELAYS = 8
const HEADER = 4
const RELAY_HEADER = 34

const NAMES = new Map<number, string>(
  Object.entries(MESSAGE6).map(([name, value]) => [
    value,
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  ]),
)

/** `dhcp6-solicit`, ..., apart from the names of DHCPv4; `dhcp6-type-N` for one we do not know. */
export function messageName6(type: number): string {
  return `dhcp6-${NAMES.get(type) ?? `type-${type}`}`
}

/** Reads a datagram of a client or a relay, or one to them. Never throws; what cannot be one is named instead. */
export function decodeMessage(datagram: Uint8Array, from: 'client' | 'server' = 'client'): Decoded6 {
  const relays: RelayHop[] = []
  const wrapping = from === 'client' ? MESSAGE6.relayForward : MESSAGE6.relayReply
  let bytes = datagram
  while (bytes[0] === wrapping) {
    if (bytes.length < RELAY_HEADER) return { malformed: 'too-short' }
    if (relays.length === MAX_RELAYS) return { malformed: 'too-many-relays' }
    const options = readOptions(bytes.subarray(RELAY_HEADER))
    if (!options) return { malformed: 'truncated-option' }
    relays.push({ hops: bytes[1]!, linkAddress: readIpv6(bytes, 2), peerAddress: readIpv6(bytes, 18), options })
    const inner = firstOption(options, OPTION6.relayMessage)
    if (!inner) return { malformed: 'no-relay-message' }
    bytes = inner
  }
  if (bytes.length < HEADER) return { malformed: 'too-short' }
  const type = bytes[0]!
  if (FROM_SERVERS.has(type) !== (from === 'server')) return { malformed: 'wrong-direction' }
  const options = readOptions(bytes.subarray(HEADER))
  if (!options) return { malformed: 'truncated-option' }
  return { message: { type, transaction: (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!, options }, relays }
}

const FROM_SERVERS: ReadonlySet<number> = new Set([
  MESSAGE6.advertise,
  MESSAGE6.reply,
  MESSAGE6.reconfigure,
  MESSAGE6.relayReply,
])

export function encodeMessage({ type, transaction, options }: Message6): Uint8Array {
  const head = Uint8Array.of(type, (transaction >>> 16) & 255, (transaction >>> 8) & 255, transaction & 255)
  return Buffer.concat([head, writeOptions(options)])
}

/** Wraps a message for the way back through the relays it came by: each gets what it sent to find its way, byte for byte. */
export function throughRelays(message: Uint8Array, relays: readonly RelayHop[]): Uint8Array {
  return relays.toReversed().reduce((inner, relay) => {
    const echoed = relay.options.filter(([code]) => ECHOED.has(code))
    return relayMessage(MESSAGE6.relayReply, relay, [...echoed, [OPTION6.relayMessage, inner]])
  }, message)
}

const ECHOED: ReadonlySet<number> = new Set([OPTION6.interfaceId, OPTION6.relaySourcePort])

/** A relay's message of either direction. */
export function relayMessage(
  type: typeof MESSAGE6.relayForward | typeof MESSAGE6.relayReply,
  { hops, linkAddress, peerAddress }: Omit<RelayHop, 'options'>,
  options: readonly Option6[],
): Uint8Array {
  const head = [Uint8Array.of(type, hops), ipv6Bytes(linkAddress), ipv6Bytes(peerAddress)]
  return Buffer.concat([...head, writeOptions(options)])
}
