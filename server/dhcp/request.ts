/** What one message to the main server is about, worked out once. */
import type { Client } from './client.ts'
import type { IgnoredReason } from './events.ts'
import { memberFor, type Networks, type Served } from './networks.ts'
import { OPTION, hex, readAddress, relayAgent } from './options.ts'
import type { DhcpPacket } from './packet.ts'
import type { Holder } from './pool.ts'
import { clientAddress, isRelayed, type Received } from './reply.ts'

/** Whose lease is it: the hardware address (default), or option 61 where the client sends one. */
export type ClientIdentity = 'hardware' | 'client-id'

export interface Request extends Served {
  received: Received
  packet: DhcpPacket
  client: Client
  holder: Holder
  /** All subnets of the client's link; the message is about `subnet` of them. */
  network: readonly Served[]
  now: number
  /** Option 50. */
  requested: string | undefined
  /** Option 54 of the request. */
  chosenServer: string | undefined
  /** ciaddr as meant. */
  ciaddr: string
  /** The address we answer with as option 54. */
  serverIdentifier: string
}

/** The request, or why it is none that can be answered. */
export function readRequest(
  received: Received,
  client: Client,
  networks: Networks,
  identifyBy?: ClientIdentity,
): Request | IgnoredReason {
  const { packet, link, now } = received
  const key = clientKey(packet, identifyBy)
  if (key === undefined) return 'no-identity'
  const network = networks.of(received)
  if (network.length === 0) return 'unknown-subnet'
  const requested = readAddress(packet.options, OPTION.requestedAddress)
  return {
    ...memberFor(network, requested ?? packet.ciaddr),
    received,
    packet,
    client,
    holder: { key, client },
    network,
    now,
    requested,
    chosenServer: readAddress(packet.options, OPTION.serverIdentifier),
    ciaddr: clientAddress(packet),
    serverIdentifier: serverOverride(packet) ?? link.address,
  }
}

/** Whose leases: hardware type and address, as a machine shows several client ids while it boots; option 61 as fallback. */
export function clientKey(packet: DhcpPacket, by: ClientIdentity = 'hardware'): string | undefined {
  const clientId = packet.options.get(OPTION.clientIdentifier)
  const identified = clientId && clientId.length > 0 ? `id:${hex(clientId)}` : undefined
  const hardware = packet.hlen > 0 ? `${packet.htype}:${hex(packet.chaddr.subarray(0, packet.hlen))}` : undefined
  return by === 'client-id' ? (identified ?? hardware) : (hardware ?? identified)
}

/** Option 82.11: the relay wants to be the server the client talks to (RFC 5107). */
function serverOverride(packet: DhcpPacket): string | undefined {
  return isRelayed(packet) ? relayAgent(packet.options).serverOverride : undefined
}
