// Messages as clients send them, and servers to send them to, for the tests of this folder.

import type { BootAnswer, BootQuestion } from '../../../server/dhcp/boot-options.ts'
import { classifyClient } from '../../../server/dhcp/client.ts'
import { memoryLeaseStore } from '../../../server/dhcp/leases.ts'
import { MESSAGE, OPTION, addresses, text } from '../../../server/dhcp/options.ts'
import { BOOTREPLY, BOOTREQUEST, decodePacket, type DhcpPacket } from '../../../server/dhcp/packet.ts'
import { committed } from '../../../server/dhcp/outcomes.ts'
import type { Outcome, Received, Reply, Responder } from '../../../server/dhcp/reply.ts'
import { createDhcpServer, type ServerOptions } from '../../../server/dhcp/server.ts'
import type { SubnetConfig } from '../../../server/dhcp/subnets.ts'

export const LINK = { interface: 'lan0', address: '10.77.0.1' }
export const MAC = '52:54:00:12:34:56'
/** 2026-01-01, in ms: any time will do. */
export const NOW = 1_767_225_600_000
export const SECOND = 1000
export const HOUR = 3_600_000

type OptionEntries = Iterable<readonly [number, Uint8Array | readonly number[]]>

export interface MessageParts extends Partial<Omit<DhcpPacket, 'options' | 'chaddr'>> {
  mac?: string
  type?: number
  options?: OptionEntries
}

/** A request of a client; a DISCOVER from MAC if nothing else is said. */
export function message({
  mac = MAC,
  type = MESSAGE.discover,
  options = [],
  ...fields
}: MessageParts = {}): DhcpPacket {
  const chaddr = new Uint8Array(16)
  chaddr.set(mac.split(':').map((byte) => parseInt(byte, 16)))
  return {
    op: BOOTREQUEST,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 0x12345678,
    secs: 0,
    flags: 0,
    ciaddr: '0.0.0.0',
    yiaddr: '0.0.0.0',
    siaddr: '0.0.0.0',
    giaddr: '0.0.0.0',
    sname: new Uint8Array(),
    file: new Uint8Array(),
    ...fields,
    chaddr,
    options: new Map([
      [OPTION.messageType, Uint8Array.of(type)],
      ...[...options].map(([code, value]): [number, Uint8Array] => [code, Uint8Array.from(value)]),
    ]),
  }
}

/** Bytes of SMBIOS UUID 44454c4c-3300-1039-8048-b7c04f303033 as option 97. */
export const UUID_OPTION = Uint8Array.of(
  0,
  0x4c,
  0x4c,
  0x45,
  0x44,
  0,
  0x33,
  0x39,
  0x10,
  0x80,
  0x48,
  0xb7,
  0xc0,
  0x4f,
  0x30,
  0x30,
  0x33,
)
export const UUID = '44454c4c-3300-1039-8048-b7c04f303033'

const PXE_LIST = [
  1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97, 128, 129,
]

/** Options of a firmware's PXE client. */
export function pxeOptions(arch: number, transport: 'PXEClient' | 'HTTPClient' = 'PXEClient'): [number, Uint8Array][] {
  return [
    [OPTION.parameterRequestList, Uint8Array.from(PXE_LIST)],
    [OPTION.maxMessageSize, Uint8Array.of(0x05, 0xc0)],
    [OPTION.clientUuid, UUID_OPTION],
    [OPTION.clientArchitecture, Uint8Array.of(arch >> 8, arch & 255)],
    [OPTION.clientInterface, Uint8Array.of(1, 3, 0)],
    [OPTION.vendorClass, text(`${transport}:Arch:${String(arch).padStart(5, '0')}:UNDI:003000`)],
  ]
}

/** Feature tags of an ordinary iPXE build. */
export const IPXE_FEATURES = [0xb1, 5, 1, 0x1a, 0xf4, 0x10, 0, 0xeb, 3, 1, 21, 1, 0x13, 1, 1, 0x15, 1, 1, 0x24, 1, 1]

export function ipxeOptions(arch: number, features: readonly number[] = IPXE_FEATURES): [number, Uint8Array][] {
  return [
    [OPTION.maxMessageSize, Uint8Array.of(0x05, 0xc0)],
    [OPTION.clientArchitecture, Uint8Array.of(0, arch)],
    [OPTION.clientInterface, Uint8Array.of(1, 3, 16)],
    [OPTION.vendorClass, text(`PXEClient:Arch:${String(arch).padStart(5, '0')}:UNDI:003016`)],
    [OPTION.userClass, text('iPXE')],
    [OPTION.parameterRequestList, Uint8Array.of(1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, 128, 129, 175, 203)],
    [OPTION.ipxe, Uint8Array.from(features)],
    [OPTION.clientIdentifier, Uint8Array.of(1, 0x52, 0x54, 0, 0x12, 0x34, 0x56)],
    [OPTION.clientUuid, UUID_OPTION],
  ]
}

/** A boot decision of the usual kind: iPXE by TFTP or HTTP, then a script. */
export function usualBoot({ wants, client, serverAddress }: BootQuestion): BootAnswer {
  if (wants === 'script') return { kind: 'script', url: `http://${serverAddress}:8080/boot/ipxe?mac=${client.mac}` }
  const firmware = client.architecture?.platform === 'x86-bios' ? 'undionly.kpxe' : 'snponly.efi'
  const file = client.kind === 'raspberry-pi' ? 'config.txt' : firmware
  return { kind: 'loader', file, httpUrl: `http://${serverAddress}:8080/boot/loaders/${file}` }
}

export const SUBNET: SubnetConfig = {
  cidr: '10.77.0.0/24',
  ranges: [{ from: '10.77.0.100', to: '10.77.0.199' }],
  router: '10.77.0.1',
  dns: ['10.77.0.1'],
  leaseSeconds: 3600,
}

export function testServer(options: Partial<ServerOptions> = {}): Responder {
  return createDhcpServer({
    subnets: [SUBNET],
    store: memoryLeaseStore(),
    bootFileFor: usualBoot,
    ownAddresses: () => new Set([LINK.address]),
    conflictCheck: false,
    ...options,
  })
}

/** Hands a message to a responder as if it had come by LINK from port 68; what it leads to is durable on return. */
export function send(responder: Responder, packet: DhcpPacket, received: Partial<Received> = {}): Outcome {
  const from = { address: '0.0.0.0', port: 68 }
  const outcome = responder.handle({ packet, client: classifyClient(packet), from, link: LINK, now: NOW, ...received })
  if (!outcome.unsaved) return outcome
  const { unsaved: _, ...told } = committed(responder, [outcome])[0]!
  return told
}

/** The single reply of an outcome, decoded. */
export function onlyReply({ replies, events }: Outcome): DhcpPacket & { to: Reply['to']; bytes: Uint8Array } {
  const [reply] = replies
  if (!reply || replies.length !== 1) throw new Error(`${replies.length} replies, events ${JSON.stringify(events)}`)
  const decoded = decodePacket(reply.bytes, BOOTREPLY)
  if (!('packet' in decoded)) throw new Error(`reply is malformed: ${decoded.malformed}`)
  return { ...decoded.packet, to: reply.to, bytes: reply.bytes }
}

export function eventTypes({ events }: Outcome): string[] {
  return events.map(({ type }) => type)
}

/** Option 50 and 54 of a REQUEST that selects our offer. */
export function selecting(address: string, server: string = LINK.address): [number, Uint8Array][] {
  return [
    [OPTION.requestedAddress, addresses([address])],
    [OPTION.serverIdentifier, addresses([server])],
  ]
}

/** DISCOVER and REQUEST of a client; returns the address it was acknowledged. */
export function obtain(responder: Responder, parts: MessageParts = {}, received: Partial<Received> = {}): string {
  const offer = onlyReply(send(responder, message(parts), received))
  const options = [...(parts.options ?? []), ...selecting(offer.yiaddr)]
  const ack = onlyReply(send(responder, message({ ...parts, type: MESSAGE.request, options }), received))
  if (ack.options.get(OPTION.messageType)?.[0] !== MESSAGE.ack) throw new Error('not acknowledged')
  return ack.yiaddr
}

/** The codes of a message's options in wire order. */
export function wireOrder(bytes: Uint8Array): number[] {
  const codes: number[] = []
  for (let at = 240; bytes[at] !== 255; at += 2 + bytes[at + 1]!) codes.push(bytes[at]!)
  return codes
}
