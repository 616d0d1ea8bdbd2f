// Where the trace listens: each tap takes what a listener already has at hand and files it under the client it is about.
import type { Event } from '../contract/event.ts'
import { plausibleMac } from '../core/identity.ts'
import type { Client } from '../dhcp/client.ts'
import type { Datagram, DhcpEvent } from '../dhcp/events.ts'
import type { TftpEvent } from '../tftp/server.ts'
import { AddressBook } from './address-book.ts'
import { UNKNOWN_CLIENT, addressIn, clientOf, isRoutine, nameOf } from './datagram.ts'
import type { HttpRequest } from './entry.ts'
import { maskPath } from './mask.ts'
import type { Recorder } from './recorder.ts'

export interface TapPorts {
  recorder: Recorder
  /** Whom an address was leased to, for clients heard of before this server started. */
  macAt: (address: string) => string | undefined
  /** A MAC of the machine. */
  macOf: (machineId: string) => string | undefined
  now: () => number
}

/** More than a frame carries is no boot traffic. */
const MAX_DATAGRAM = 1500

/** What of the plain HTTP side belongs to a boot; the rest is health checks and people. */
const BOOT_PATHS = /^\/(boot|media|i)\/|\/grub\.cfg/

/** Events that tell how a boot went on; everything else the trace saw itself, or has nothing to do with booting. */
const BOOT_EVENTS: ReadonlySet<string> = new Set([
  'boot.script',
  'boot.refused',
  'boot.loader',
  'machine.facts',
  'agent.refused',
])

/** What arrived from anybody. Times are milliseconds since the epoch. */
export interface WireCount {
  dhcpReceived: number
  dhcpMalformed: number
  dhcpLastAt: number | undefined
  tftpReceived: number
  tftpLastAt: number | undefined
  /** When a client last chose it, by address. */
  otherServers: Map<string, number>
}

const MAX_OTHER_SERVERS = 16

export class Taps {
  readonly #ports: TapPorts
  readonly #addresses = new AddressBook()
  readonly wire: WireCount = {
    dhcpReceived: 0,
    dhcpMalformed: 0,
    dhcpLastAt: undefined,
    tftpReceived: 0,
    tftpLastAt: undefined,
    otherServers: new Map(),
  }

  constructor(ports: TapPorts) {
    this.#ports = ports
  }

  dhcpDatagram(datagram: Datagram): void {
    const { at, direction, from } = datagram
    this.#count(datagram)
    const bytes = kept(datagram.bytes)
    const known = clientOf(bytes)
    const client = known ?? this.#at(from.address)
    if (known !== undefined) {
      const address = addressIn(bytes)
      if (address !== undefined) this.#addresses.learn(address, known)
    }
    const routine = known === undefined || isRoutine(bytes, direction)
    this.#ports.recorder.add(
      client,
      { kind: 'dhcp-datagram', at, version: 4, datagram: { ...datagram, bytes } },
      { routine },
    )
  }

  /** Of DHCPv6, where the listener has found out who it is about; undefined for what is no message. */
  dhcp6Datagram(datagram: Datagram, client: Client | undefined): void {
    const { at, from } = datagram
    this.#count(datagram)
    const name = client ? nameOf(client) : this.#at(from.address)
    const entry = {
      kind: 'dhcp-datagram',
      at,
      version: 6,
      datagram: { ...datagram, bytes: kept(datagram.bytes) },
    } as const
    this.#ports.recorder.add(name, entry, { routine: !client?.netboot })
  }

  dhcpEvent(event: DhcpEvent): void {
    this.#decided(event, 4)
  }

  dhcp6Event(event: DhcpEvent): void {
    // Nothing else shows whose an address is to whoever asks for files.
    if (event.type === 'offer' || event.type === 'ack' || event.type === 'inform') {
      this.#addresses.learn(event.address.replace(/%.*$/, ''), nameOf(event.client))
    }
    this.#decided(event, 6)
  }

  #count({ at, direction }: Datagram): void {
    if (direction === 'out') return
    this.wire.dhcpReceived++
    this.wire.dhcpLastAt = at
  }

  #decided(event: DhcpEvent, version: 4 | 6): void {
    const at = this.#ports.now()
    if (event.type === 'malformed') this.wire.dhcpMalformed++
    if (event.type === 'foreign-server') this.#otherServer(event.server, at)
    if (!('client' in event) || event.type === 'received') return
    const routine = event.client.kind === 'plain'
    this.#ports.recorder.add(nameOf(event.client), { kind: 'dhcp-decision', at, version, event }, { routine })
  }

  /** A datagram to the TFTP port of `local`. */
  tftpDatagram(
    bytes: Uint8Array,
    from: { address: string; port: number },
    local: { address: string; port: number },
  ): void {
    const at = this.#ports.now()
    this.wire.tftpReceived++
    this.wire.tftpLastAt = at
    const datagram: Datagram = {
      at,
      direction: 'in',
      interface: '',
      local: local.address,
      from,
      to: local,
      bytes: kept(bytes),
    }
    this.#ports.recorder.add(this.#at(from.address), { kind: 'tftp-request', at, datagram })
  }

  tftpEvent(event: TftpEvent): void {
    if (event.type !== 'transfer' && event.type !== 'refused') return
    const entry = { kind: 'tftp-outcome', at: this.#ports.now(), event } as const
    this.#ports.recorder.add(this.#at(event.remote.address), entry)
  }

  /** A request that is answered now. Returns what to call once the answer has gone out, or was broken off. */
  httpRequest(request: HttpRequest): (complete: boolean) => void {
    if (!BOOT_PATHS.test(request.path)) return () => {}
    const { now, recorder } = this.#ports
    const mac = plausibleMac(/[?&]mac=([^&]*)/.exec(request.path)?.[1]?.replaceAll(/%3a/gi, ':'))
    const { address } = request
    if (mac !== undefined && address !== undefined) this.#addresses.learn(address, mac)
    const entry: Parameters<Recorder['add']>[1] & { kind: 'http' } = {
      kind: 'http',
      at: now(),
      request: { ...request, path: maskPath(request.path) },
    }
    const client = mac ?? (address === undefined ? UNKNOWN_CLIENT : this.#at(address))
    recorder.add(client, entry)
    return (complete) => {
      entry.end = { at: now(), complete }
      recorder.touch(client)
    }
  }

  /** A listener for the event log. */
  event(event: Event): void {
    const { mac, address, reason } = event.data
    // What DHCP refused was filed with its packet.
    if (!BOOT_EVENTS.has(event.type) || (event.type === 'boot.refused' && reason !== undefined)) return
    const client =
      (typeof mac === 'string' ? mac : undefined) ??
      (event.machineId === null ? undefined : this.#ports.macOf(event.machineId)) ??
      (typeof address === 'string' ? this.#at(address) : undefined)
    if (client === undefined) return
    this.#ports.recorder.add(client, { kind: 'event', at: this.#ports.now(), event })
  }

  #at(address: string): string {
    if (address === '0.0.0.0') return UNKNOWN_CLIENT
    return this.#addresses.clientAt(address) ?? this.#ports.macAt(address) ?? address
  }

  #otherServer(address: string, at: number): void {
    const { otherServers } = this.wire
    if (otherServers.size >= MAX_OTHER_SERVERS && !otherServers.has(address)) return
    otherServers.set(address, at)
  }
}

/** As much as is worth keeping; copied where it is a piece of something larger, which would be kept with it. */
function kept(bytes: Uint8Array): Uint8Array {
  const isWhole = bytes.length === bytes.buffer.byteLength && bytes.length <= MAX_DATAGRAM
  return isWhole ? bytes : new Uint8Array(bytes.subarray(0, MAX_DATAGRAM))
}
