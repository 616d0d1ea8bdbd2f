// What a DHCP message of a client says about its boot, in terms that both versions of the protocol share.
import { classifyClient } from '../dhcp/client.ts'
import type { Client } from '../dhcp/client.ts'
import type { Datagram } from '../dhcp/events.ts'
import { UNSPECIFIED } from '../dhcp/ipv4.ts'
import { MESSAGE, OPTION, messageName, messageType, readAddress } from '../dhcp/options.ts'
import { decodePacket } from '../dhcp/packet.ts'
import { clientAddress, isRelayed } from '../dhcp/reply.ts'
import { classifyClient6 } from '../dhcp6/client.ts'
import { MESSAGE6, decodeMessage, messageName6 } from '../dhcp6/message.ts'
import { OPTION6, firstOption, hex, identityAssociations, uint16At } from '../dhcp6/options.ts'

export interface DhcpRequest {
  client: Client
  /** `DISCOVER`, `SOLICIT` */
  name: string
  /** The client has nothing yet, and looks for servers. */
  begins: boolean
  /** It takes an offer, or asks to keep what it has. */
  chooses: boolean
  /** The address that it asks for or asks to keep. */
  address: string | undefined
  /** The server that it names: an address, `DUID` and that in hex. */
  server: string | undefined
  /** The relay that it came through. */
  relay: string | undefined
  /** Whether the relay tells the port of a switch (option 82); undefined where there is none, or no such option. */
  option82: boolean | undefined
  /** For how long it has been asking, it says. */
  seconds: number
}

type Read = { request: DhcpRequest } | { malformed: string }

export function readRequest(datagram: Datagram, version: 4 | 6): Read {
  return version === 4 ? read4(datagram) : read6(datagram)
}

function read4({ bytes }: Datagram): Read {
  const decoded = decodePacket(bytes)
  if ('malformed' in decoded) return decoded
  const { packet } = decoded
  const type = messageType(packet.options)
  const requested = readAddress(packet.options, OPTION.requestedAddress) ?? clientAddress(packet)
  const relayed = isRelayed(packet)
  const client = classifyClient(packet)
  return {
    request: {
      client,
      name: NAMED4.has(type) ? messageName(type).toUpperCase() : `message type ${type}`,
      begins: type === MESSAGE.discover,
      chooses: type === MESSAGE.request,
      address: type === MESSAGE.request && requested !== UNSPECIFIED ? requested : undefined,
      server: readAddress(packet.options, OPTION.serverIdentifier),
      relay: relayed ? packet.giaddr : undefined,
      option82: relayed ? packet.options.has(OPTION.relayAgent) : undefined,
      // iPXE puts state into this field.
      seconds: client.kind === 'ipxe' ? 0 : packet.secs,
    },
  }
}

const NAMED4: ReadonlySet<number> = new Set(Object.values(MESSAGE))

function read6({ bytes, from }: Datagram): Read {
  const decoded = decodeMessage(bytes)
  if ('malformed' in decoded) return decoded
  const { message, relays } = decoded
  const { type, options } = message
  const server = firstOption(options, OPTION6.serverId)
  const elapsed = firstOption(options, OPTION6.elapsedTime)
  return {
    request: {
      client: classifyClient6(message, relays, from.address),
      name: messageText6(type),
      begins: type === MESSAGE6.solicit || type === MESSAGE6.informationRequest,
      chooses: CHOOSING6.has(type),
      address: !CHOOSING6.has(type) ? undefined : identityAssociations(options)[0]?.addresses[0],
      server: server && `DUID ${hex(server)}`,
      relay: relays.at(-1)?.linkAddress,
      option82: undefined,
      // Option 8 counts hundredths.
      seconds: elapsed?.length === 2 ? Math.floor(uint16At(elapsed, 0) / 100) : 0,
    },
  }
}

const CHOOSING6: ReadonlySet<number> = new Set([MESSAGE6.request, MESSAGE6.renew, MESSAGE6.rebind])

/** `INFORMATION-REQUEST` */
export function messageText6(type: number): string {
  return messageName6(type)
    .replace(/^dhcp6-/, '')
    .toUpperCase()
}
