/** What goes in and out of the DHCPv6 server: messages with what the socket knew of them, and where replies go. */
import type { DhcpEvent, Endpoint } from '../dhcp/events.ts'
import { encodeMessage, throughRelays, type Message6, type RelayHop } from './message.ts'
import { OPTION6, firstOption, type Option6 } from './options.ts'

const CLIENT_PORT6 = 546
export const SERVER_PORT6 = 547

/** The link a message came in on: its interface, and our address there, which URLs name. */
export interface Link6 {
  interface: string
  address: string
}

/** One message. `from` is the client or the last relay, with its zone if link-local; `now` is milliseconds since the epoch. */
export interface Received6 {
  message: Message6
  relays: readonly RelayHop[]
  from: Endpoint
  link: Link6
  now: number
}

export interface Reply6 {
  bytes: Uint8Array
  to: Endpoint
}

/** All that a message leads to. */
export interface Outcome6 {
  replies: Reply6[]
  events: DhcpEvent[]
}

/** Answers messages without touching sockets, clocks or timers. */
export interface Responder6 {
  handle(received: Received6): Outcome6
}

/** A reply back the way its message came: identifiers first, as some clients want. */
export function buildReply6(
  { message, relays, from }: Received6,
  type: number,
  serverDuid: Uint8Array,
  options: readonly Option6[],
): Reply6 {
  const clientId = firstOption(message.options, OPTION6.clientId)
  const identifiers: Option6[] = [
    ...(clientId ? [[OPTION6.clientId, clientId] satisfies Option6] : []),
    [OPTION6.serverId, serverDuid],
  ]
  const reply = encodeMessage({ type, transaction: message.transaction, options: [...identifiers, ...options] })
  return { bytes: throughRelays(reply, relays), to: { address: from.address, port: destinationPort(relays, from) } }
}

/** A relay listens on the server's port, unless it says that its own is another (RFC 8357). */
function destinationPort([outermost]: readonly RelayHop[], from: Endpoint): number {
  if (!outermost) return CLIENT_PORT6
  return firstOption(outermost.options, OPTION6.relaySourcePort) ? from.port : SERVER_PORT6
}
