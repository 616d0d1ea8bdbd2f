// Messages as clients send them, and servers to send them to, for the tests of this folder.

import type { BootAnswer, BootQuestion } from '../../../server/dhcp/boot-options.ts'
import { memoryLeaseStore6 } from '../../../server/dhcp6/leases.ts'
import { MESSAGE6, decodeMessage, encodeMessage, relayMessage, type Message6 } from '../../../server/dhcp6/message.ts'
import {
  OPTION6,
  firstOption,
  iaAddress,
  iaNa,
  readOptions,
  uint16,
  uint16At,
  vendorClass,
  type Option6,
} from '../../../server/dhcp6/options.ts'
import type { Outcome6, Received6 } from '../../../server/dhcp6/reply.ts'
import { createDhcp6Server, type Server6Options } from '../../../server/dhcp6/server.ts'
import { readIpv6 } from '../../../server/host/ipv6.ts'

export const LINK = { interface: 'lan0', address: 'fd00:77::1' }
export const MAC = '52:54:00:12:34:56'
export const SENDER = 'fe80::5054:ff:fe12:3456%lan0'
export const SERVER_DUID = Buffer.from('00030001525400ffffff', 'hex')
/** What edk2 calls itself: type 4 and the SMBIOS UUID. */
export const UUID_DUID = Buffer.from('00044c4c4544003339108048b7c04f303033', 'hex')
export const LL_DUID = Buffer.from('00030001525400123456', 'hex')
/** 2026-01-01, in ms: any time will do. */
export const NOW = 1_767_225_600_000
export const HOUR = 3_600_000

export const SUBNET = {
  prefix: 'fd00:77::/64',
  interface: 'lan0',
  ranges: [{ from: 'fd00:77::1000', to: 'fd00:77::10ff' }],
}

export interface MessageParts {
  type?: number
  duid?: Uint8Array | null
  /** The server that the message is for. */
  server?: Uint8Array
  ias?: { iaid: number; addresses?: string[] }[]
  options?: Option6[]
  from?: string
  now?: number
  transaction?: number
}

/** A message of a client on our link; a Solicit for one address if nothing else is said. */
export function received(parts: MessageParts = {}): Received6 {
  const { from = SENDER, now = NOW } = parts
  return { message: message(parts), relays: [], from: { address: from, port: 546 }, link: LINK, now }
}

export function message(parts: MessageParts): Message6 {
  const { type = MESSAGE6.solicit, duid = LL_DUID, server, ias = [{ iaid: 1 }], options = [] } = parts
  const associations = ias.map(({ iaid, addresses = [] }) =>
    iaNa(
      iaid,
      { t1: 0, t2: 0 },
      addresses.map((address) => iaAddress({ address, preferred: 0, valid: 0 })),
    ),
  )
  return {
    type,
    transaction: parts.transaction ?? 0x123456,
    options: [
      ...(duid ? [[OPTION6.clientId, duid] satisfies Option6] : []),
      ...(server ? [[OPTION6.serverId, server] satisfies Option6] : []),
      ...associations,
      ...options,
    ],
  }
}

/** What UEFI firmware adds: options 6, 62, 61, 16, in its order (edk2 NetworkPkg, PxeBcDhcp6.c and HttpBootDhcp6.c). */
export function uefiOptions(arch: number, transport: 'PXEClient' | 'HTTPClient' = 'PXEClient'): Option6[] {
  const wanted = transport === 'PXEClient' ? [59, 60] : [59, 60, 23, 16]
  return [
    [OPTION6.optionRequest, Buffer.concat(wanted.map(uint16))],
    [62, Uint8Array.of(1, 3, 0)],
    [OPTION6.clientArchitecture, uint16(arch)],
    vendorClass(343, `${transport}:Arch:${String(arch).padStart(5, '0')}:UNDI:003000`),
  ]
}

/** What iPXE adds. */
export function ipxeOptions(): Option6[] {
  return [
    [OPTION6.optionRequest, Buffer.concat([23, 24, 59, 60].map(uint16))],
    [OPTION6.userClass, Buffer.concat([uint16(4), Buffer.from('iPXE')])],
    [OPTION6.clientArchitecture, uint16(7)],
  ]
}

/** The same message as a relay sends it on. */
export function relayed(
  inner: Message6 | Uint8Array,
  { linkAddress = 'fd00:88::1', peerAddress = 'fe80::5054:ff:fe12:3456', hops = 0, options = [] as Option6[] } = {},
): Uint8Array {
  const bytes = inner instanceof Uint8Array ? inner : encodeMessage(inner)
  const all: Option6[] = [...options, [OPTION6.relayMessage, bytes]]
  return relayMessage(MESSAGE6.relayForward, { hops, linkAddress, peerAddress }, all)
}

/** The bytes of a relay as the listener hands them on. */
export function fromRelay(bytes: Uint8Array, port = 547): Received6 {
  const decoded = decodeMessage(bytes)
  if ('malformed' in decoded) throw new Error(decoded.malformed)
  return { ...decoded, from: { address: 'fd00:88::1', port }, link: LINK, now: NOW }
}

/** A boot decision of the usual kind: iPXE by TFTP or HTTP, then a script. */
export function usualBoot({ wants, serverAddress }: BootQuestion): BootAnswer {
  if (wants === 'script') return { kind: 'script', url: `http://[${serverAddress}]:8080/boot/ipxe` }
  return { kind: 'loader', file: 'snponly.efi', httpUrl: `http://[${serverAddress}]:8080/boot/loaders/snponly.efi` }
}

export function server(options: Partial<Server6Options> = {}) {
  return createDhcp6Server({
    mode: 'stateful',
    duid: SERVER_DUID,
    subnets: [SUBNET],
    store: memoryLeaseStore6(),
    bootFileFor: usualBoot,
    ownAddresses: () => new Set([LINK.address]),
    ...options,
  })
}

/** A reply as tests look at it. */
export interface ReadReply {
  type: number
  transaction: number
  options: Map<number, Uint8Array>
  /** By number of the association: its addresses with their lifetimes, or its status. */
  ias: Map<number, { addresses: Record<string, number>; status?: number }>
  status?: number
}

/** The only reply of an outcome; throws if there is none. */
export function reply({ replies }: Outcome6): ReadReply {
  const [only] = replies
  if (!only || replies.length > 1) throw new Error(`${replies.length} replies`)
  return readReply(only.bytes)
}

export function readReply(bytes: Uint8Array): ReadReply {
  const options = readOptions(bytes.subarray(4))
  if (!options) throw new Error('truncated reply')
  const ias: ReadReply['ias'] = new Map()
  for (const [code, value] of options) {
    if (code !== OPTION6.iaNa) continue
    const inner = readOptions(value.subarray(12))!
    const status = firstOption(inner, OPTION6.statusCode)
    const addresses = inner
      .filter(([one]) => one === OPTION6.iaAddress)
      .map(([, one]) => [readIpv6(one), uint16At(one, 20) * 65_536 + uint16At(one, 22)] as const)
    ias.set(uint16At(value, 2), {
      addresses: Object.fromEntries(addresses),
      ...(status && { status: uint16At(status, 0) }),
    })
  }
  const status = firstOption(options, OPTION6.statusCode)
  return {
    type: bytes[0]!,
    transaction: (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!,
    options: new Map(options),
    ias,
    ...(status && { status: uint16At(status, 0) }),
  }
}

export const textOf = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString('latin1')
