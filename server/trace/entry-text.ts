// One entry read out: a packet's fields by name, a request, a decision. Only fields that are known to hold no secret are shown.
import type { TraceEntry } from '../contract/trace.ts'
import { classifyClient } from '../dhcp/client.ts'
import type { Datagram } from '../dhcp/events.ts'
import { UNSPECIFIED } from '../dhcp/ipv4.ts'
import {
  OPTION,
  architectures,
  clientUuid,
  hex,
  messageName,
  messageType,
  readAddress,
  readText,
  readUint16,
  relayAgent,
  userClasses,
} from '../dhcp/options.ts'
import type { Options } from '../dhcp/options.ts'
import { BOOTREPLY, BOOTREQUEST, decodePacket } from '../dhcp/packet.ts'
import type { DhcpPacket } from '../dhcp/packet.ts'
import { decodePacket as decodeTftp } from '../tftp/packet.ts'
import { urlHost } from '../host/ipv6.ts'
import type { Entry, TftpOutcome } from './entry.ts'
import { dhcp6Text } from './entry-text6.ts'

export type Detail = readonly [name: string, value: string | number | undefined]

export function entryText(entry: Entry): TraceEntry {
  const { summary, details } = read(entry)
  return {
    at: new Date(entry.at).toISOString(),
    summary,
    details: details.flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [{ name, value: printable(String(value)) }],
    ),
  }
}

function read(entry: Entry): { summary: string; details: Detail[] } {
  switch (entry.kind) {
    case 'dhcp-datagram':
      return entry.version === 4 ? dhcpText(entry.datagram) : dhcp6Of(entry.datagram)
    case 'tftp-request':
      return tftpRequestText(entry.datagram)
    case 'tftp-outcome':
      return {
        summary: `TFTP ${entry.event.type === 'transfer' ? 'transfer' : 'refusal'}`,
        details: outcomeDetails(entry.event),
      }
    case 'dhcp-decision': {
      const { type, client: _, ...rest } = entry.event
      return {
        summary: `decided: ${type}`,
        details: Object.entries(rest).map(([name, value]) => [name, asText(value)]),
      }
    }
    case 'http': {
      const { method, path, status, bytes, userAgent, address } = entry.request
      const ms = entry.end && Math.round(entry.end.at - entry.at)
      return {
        summary: `HTTP ${method} ${path}`,
        details: [
          ['Status', status],
          ['Bytes', bytes],
          ['Sent', entry.end && (entry.end.complete ? `whole, in ${ms} ms` : `broken off after ${ms} ms`)],
          ['From', address],
          ['User agent', userAgent],
        ],
      }
    }
    case 'event': {
      const { type, message } = entry.event
      return { summary: `event: ${type}`, details: [['Message', message]] }
    }
  }
}

function route({ from, to, bytes }: Datagram): string {
  return `${urlHost(from.address)}:${from.port} to ${urlHost(to.address)}:${to.port}, ${bytes.length} bytes`
}

function dhcp6Of(datagram: Datagram): { summary: string; details: Detail[] } {
  const link: Detail = ['Interface', datagram.interface]
  const text = dhcp6Text(datagram)
  if ('malformed' in text) return { summary: `no DHCPv6 (${text.malformed}), ${route(datagram)}`, details: [link] }
  return { summary: `DHCPv6 ${text.name}, ${route(datagram)}`, details: [link, ...text.details] }
}

function dhcpText(datagram: Datagram): { summary: string; details: Detail[] } {
  const decoded = decodePacket(datagram.bytes, datagram.direction === 'in' ? BOOTREQUEST : BOOTREPLY)
  if ('malformed' in decoded) {
    return {
      summary: `no DHCP (${decoded.malformed}), ${route(datagram)}`,
      details: [['Interface', datagram.interface]],
    }
  }
  const { packet } = decoded
  const message = messageName(messageType(packet.options)).toUpperCase()
  return {
    summary: `DHCP ${message}, ${route(datagram)}`,
    details: [['Interface', datagram.interface], ...headerDetails(packet), ...optionDetails(packet.options)],
  }
}

function headerDetails(packet: DhcpPacket): Detail[] {
  const { xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, file } = packet
  const address = (text: string) => (text === UNSPECIFIED ? undefined : text)
  return [
    ['Client', classifyClient(packet).mac],
    ['Transaction', xid.toString(16).padStart(8, '0')],
    ['Seconds', secs || undefined],
    ['Flags', flags & 0x8000 ? 'broadcast' : undefined],
    ['ciaddr', address(ciaddr)],
    ['yiaddr', address(yiaddr)],
    ['siaddr', address(siaddr)],
    ['giaddr', address(giaddr)],
    ['file', Buffer.from(file).toString('latin1')],
  ]
}

/** Options that are shown by value; of all others only the number is told. */
const SHOWN = [
  OPTION.messageType,
  OPTION.hostname,
  OPTION.vendorSpecific,
  OPTION.requestedAddress,
  OPTION.leaseTime,
  OPTION.serverIdentifier,
  OPTION.message,
  OPTION.maxMessageSize,
  OPTION.vendorClass,
  OPTION.tftpServer,
  OPTION.bootFile,
  OPTION.userClass,
  OPTION.relayAgent,
  OPTION.clientArchitecture,
  OPTION.clientUuid,
] as const

function optionDetails(options: Options): Detail[] {
  const relay = options.has(OPTION.relayAgent) ? relayAgent(options) : undefined
  const lease = options.get(OPTION.leaseTime)
  const architecture = options.has(OPTION.clientArchitecture) ? architectures(options).join(', ') : undefined
  const others = [...options.keys()].filter((code) => !(SHOWN as readonly number[]).includes(code))
  return [
    ['12 host name', readText(options, OPTION.hostname)],
    ['43 vendor options', options.has(OPTION.vendorSpecific) ? hex(options.get(OPTION.vendorSpecific)!) : undefined],
    ['50 requested address', readAddress(options, OPTION.requestedAddress)],
    ['51 lease seconds', lease?.length === 4 ? Buffer.from(lease).readUInt32BE() : undefined],
    ['54 server', readAddress(options, OPTION.serverIdentifier)],
    ['56 message', readText(options, OPTION.message)],
    ['57 largest message', readUint16(options, OPTION.maxMessageSize)],
    ['60 vendor class', readText(options, OPTION.vendorClass)],
    ['66 boot server', readText(options, OPTION.tftpServer)],
    ['67 boot file', readText(options, OPTION.bootFile)],
    ['77 user class', options.has(OPTION.userClass) ? userClasses(options).join(', ') : undefined],
    [
      '82 relay',
      relay &&
        (Object.entries(relay)
          .map(([name, value]) => `${name} ${value}`)
          .join(', ') ||
          'empty'),
    ],
    ['93 architecture', architecture],
    ['97 UUID', clientUuid(options)],
    ['Other options', others.join(', ')],
  ]
}

function tftpRequestText(datagram: Datagram): { summary: string; details: Detail[] } {
  const packet = decodeTftp(datagram.bytes)
  if (!('op' in packet) || (packet.op !== 'rrq' && packet.op !== 'wrq')) {
    return { summary: `no TFTP request, ${route(datagram)}`, details: [] }
  }
  return {
    summary: `TFTP ${packet.op === 'rrq' ? 'read' : 'write'} request, ${route(datagram)}`,
    details: [['File', packet.file], ['Mode', packet.mode], ...packet.options],
  }
}

function outcomeDetails(event: TftpOutcome): Detail[] {
  if (event.type === 'refused')
    return [
      ['File', event.file],
      ['Refused', event.reason],
    ]
  const { file, outcome, bytes, size, blksize, windowsize, ms, resends, message } = event
  return [
    ['File', file],
    ['Outcome', outcome],
    ['Bytes', `${bytes} of ${size}`],
    ['Block size', blksize],
    ['Window', windowsize],
    ['Milliseconds', ms],
    ['Sent again', resends],
    ['Message', message],
  ]
}

function asText(value: unknown): string {
  if (value instanceof Error) return value.message
  return typeof value === 'object' && value !== null
    ? Object.values(value as Record<string, unknown>)
        .map(String)
        .join(', ')
    : String(value)
}

const MAX_VALUE = 300

/** Clients put any bytes into texts: what is not printable must not reach a terminal. */
export function printable(text: string): string {
  const clean = text.replaceAll(/[^\x20-\x7e]/g, '?')
  return clean.length > MAX_VALUE ? `${clean.slice(0, MAX_VALUE)}...` : clean
}
