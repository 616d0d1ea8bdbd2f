// Recorded datagrams as a capture that tcpdump and Wireshark open: classic pcap of Ethernet frames. Headers below UDP are made up from
// what the sockets told; lengths and checksums are right.
import { isIPv6 } from 'node:net'
import { ipv4Bytes } from '../dhcp/ipv4.ts'
import type { Datagram } from '../dhcp/events.ts'
import { ipv6Bytes, macInAddress } from '../host/ipv6.ts'
import type { Entry } from './entry.ts'

const MAGIC = 0xa1b2c3d4
const LINKTYPE_ETHERNET = 1
const SNAP_LENGTH = 65_535
const IP_BYTES = 20
const IP6_BYTES = 40
const UDP_BYTES = 8
const PROTOCOL_UDP = 17

const BROADCAST_MAC = Buffer.alloc(6, 0xff)
/** Locally administered addresses stand in for those no socket tells: ours, and other people's. */
const OWN_MAC = Buffer.from('02000000000a', 'hex')
const OTHER_MAC = Buffer.from('02000000000b', 'hex')

/** All packets among the entries, in order. TFTP requests are there; files and HTTP were not kept. */
export function pcapOf(entries: readonly Entry[]): Buffer {
  const packets = entries.flatMap((entry) => ('datagram' in entry ? [record(entry.datagram)] : []))
  return Buffer.concat([fileHeader(), ...packets])
}

function fileHeader(): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32BE(MAGIC, 0)
  header.writeUInt16BE(2, 4)
  header.writeUInt16BE(4, 6)
  header.writeUInt32BE(SNAP_LENGTH, 16)
  header.writeUInt32BE(LINKTYPE_ETHERNET, 20)
  return header
}

function record(datagram: Datagram): Buffer {
  const frame = frameOf(datagram)
  const header = Buffer.alloc(16)
  header.writeUInt32BE(Math.floor(datagram.at / 1000), 0)
  header.writeUInt32BE(Math.floor(datagram.at % 1000) * 1000, 4)
  header.writeUInt32BE(frame.length, 8)
  header.writeUInt32BE(frame.length, 12)
  return Buffer.concat([header, frame])
}

function frameOf(datagram: Datagram): Buffer {
  const { direction, from, to } = datagram
  const isV6 = isIPv6(from.address)
  const client = (isV6 ? hardwareAddress6(datagram) : hardwareAddress(datagram)) ?? OTHER_MAC
  const everybody = isV6 ? multicastMac(to.address) : to.address === '255.255.255.255' ? BROADCAST_MAC : undefined
  const receiver = everybody ?? (direction === 'in' ? OWN_MAC : client)
  const type = Buffer.from(isV6 ? [0x86, 0xdd] : [0x08, 0x00])
  const packet = isV6 ? ipv6Packet(datagram) : ipv4Packet(datagram)
  return Buffer.concat([receiver, direction === 'in' ? client : OWN_MAC, type, packet])
}

function ipv4Packet(datagram: Datagram): Buffer {
  const [source, destination] = [ipv4Bytes(datagram.from.address), ipv4Bytes(datagram.to.address)]
  const udp = udpOf(datagram, (length) => [...source, ...destination, 0, PROTOCOL_UDP, ...length.subarray(2)])
  const ip = Buffer.concat([Buffer.alloc(IP_BYTES), udp])
  ip.writeUInt8(0x45, 0)
  ip.writeUInt16BE(ip.length, 2)
  ip.writeUInt8(64, 8)
  ip.writeUInt8(PROTOCOL_UDP, 9)
  ip.set(source, 12)
  ip.set(destination, 16)
  ip.writeUInt16BE(checksum(ip.subarray(0, IP_BYTES)), 10)
  return ip
}

function ipv6Packet(datagram: Datagram): Buffer {
  const [source, destination] = [ipv6Bytes(datagram.from.address), ipv6Bytes(datagram.to.address)]
  const udp = udpOf(datagram, (length) => [...source, ...destination, ...length, 0, 0, 0, PROTOCOL_UDP])
  const ip = Buffer.concat([Buffer.alloc(IP6_BYTES), udp])
  ip.writeUInt8(0x60, 0)
  ip.writeUInt16BE(udp.length, 4)
  ip.writeUInt8(PROTOCOL_UDP, 6)
  ip.writeUInt8(64, 7)
  ip.set(source, 8)
  ip.set(destination, 24)
  return ip
}

/** `pseudo` makes the header that is only summed up, given the length in four bytes. */
function udpOf({ from, to, bytes }: Datagram, pseudo: (length: Buffer) => number[]): Buffer {
  const udp = Buffer.concat([Buffer.alloc(UDP_BYTES), bytes])
  udp.writeUInt16BE(from.port, 0)
  udp.writeUInt16BE(to.port, 2)
  udp.writeUInt16BE(udp.length, 4)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(udp.length)
  // A sum of zero would mean that there is none (RFC 768).
  udp.writeUInt16BE(checksum(Buffer.concat([Buffer.from(pseudo(length)), udp])) || 0xffff, 6)
  return udp
}

/** RFC 2464 section 7. */
function multicastMac(address: string): Buffer | undefined {
  const bytes = ipv6Bytes(address)
  return bytes[0] === 0xff ? Buffer.from([0x33, 0x33, ...bytes.subarray(12)]) : undefined
}

/** Of a client whose address was made of it. */
function hardwareAddress6({ direction, from, to }: Datagram): Uint8Array | undefined {
  const mac = macInAddress((direction === 'in' ? from : to).address)
  return mac === undefined ? undefined : Buffer.from(mac.replaceAll(':', ''), 'hex')
}

/** Of a client on our own link: behind a relay the frame came from the relay. */
function hardwareAddress({ bytes, to, from }: Datagram): Uint8Array | undefined {
  const isDhcp = [from.port, to.port].some((port) => port === 67 || port === 4011) && bytes.length >= 240
  const isRelayed = isDhcp && bytes.subarray(24, 28).some((byte) => byte !== 0)
  return isDhcp && !isRelayed && bytes[2] === 6 ? bytes.subarray(28, 34) : undefined
}

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += bytes[at]! * 256 + (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
