// Entries put together to what happened: a message with its answers, a file with how its transfer ended.
import type { Event } from '../contract/event.ts'
import { decodePacket as decodeTftp } from '../tftp/packet.ts'
import type { RequestPacket } from '../tftp/packet.ts'
import { readRequest } from './dhcp-request.ts'
import type { DhcpRequest } from './dhcp-request.ts'
import type { DhcpDecision, Entry, HttpEnd, HttpRequest, TftpOutcome } from './entry.ts'
import { roleOf } from './roles.ts'

interface Part {
  at: number
  entries: Entry[]
}

/** A message of the client, what was decided about it, and what was sent back. */
export interface DhcpHappening extends Part {
  type: 'dhcp'
  request: DhcpRequest
  /** The server that it asked instead of this one. */
  otherServer: string | undefined
  decisions: DhcpDecision[]
  /** How many messages were sent back. */
  replies: number
}

export interface TftpHappening extends Part {
  type: 'tftp'
  file: string
  request: RequestPacket | undefined
  outcome: TftpOutcome | undefined
  /** What was decided for a machine whose script this is. */
  decision: Event | undefined
}

export interface HttpHappening extends Part {
  type: 'http'
  request: HttpRequest
  end: HttpEnd | undefined
  /** What was decided for a machine that asked for its script. */
  decision: Event | undefined
}

export type Happening =
  | DhcpHappening
  | TftpHappening
  | HttpHappening
  | (Part & { type: 'malformed'; reason: string })
  | (Part & { type: 'event'; event: Event })

/** In order of time. Answers whose message was forgotten are left out. */
export function happeningsOf(entries: readonly Entry[]): Happening[] {
  const reader = new Reader()
  for (const entry of entries) reader.read(entry)
  return reader.happenings
}

class Reader {
  readonly happenings: Happening[] = []
  /** By version of the protocol. */
  readonly #lastDhcp = new Map<4 | 6, DhcpHappening>()
  /** By the client's address and port. */
  readonly #tftp = new Map<string, TftpHappening>()
  #decision: { event: Event; entry: Entry } | undefined

  read(entry: Entry): void {
    switch (entry.kind) {
      case 'dhcp-datagram':
        if (entry.datagram.direction === 'in') this.#asked(entry)
        else this.#answered(entry)
        return
      case 'dhcp-decision':
        this.#decided(entry)
        return
      case 'tftp-request':
        this.#tftpRequest(entry)
        return
      case 'tftp-outcome':
        this.#tftpOutcome(entry)
        return
      case 'http':
        this.#http(entry)
        return
      case 'event':
        this.#event(entry)
    }
  }

  #asked(entry: Entry & { kind: 'dhcp-datagram' }): void {
    const { at, version, datagram } = entry
    const read = readRequest(datagram, version)
    if ('malformed' in read) {
      this.happenings.push({ type: 'malformed', at, entries: [entry], reason: read.malformed })
      return
    }
    const { request } = read
    // In DHCPv6 a server has an identifier, which the datagram does not tell: the decision says whose it was.
    const isOther = version === 4 && request.server !== datagram.local
    const otherServer = isOther ? request.server : undefined
    const asked: DhcpHappening = {
      type: 'dhcp',
      at,
      entries: [entry],
      request,
      otherServer,
      decisions: [],
      replies: 0,
    }
    this.#lastDhcp.set(version, asked)
    this.happenings.push(asked)
  }

  #decided(entry: Entry & { kind: 'dhcp-decision' }): void {
    const { version, event } = entry
    const asked = this.#lastDhcp.get(version)
    if (!asked) return
    asked.decisions.push(event)
    asked.entries.push(entry)
    if (event.type === 'ignored' && event.reason === 'other-server-chosen') asked.otherServer ??= asked.request.server
  }

  #answered(entry: Entry & { kind: 'dhcp-datagram' }): void {
    const asked = this.#lastDhcp.get(entry.version)
    if (!asked) return
    asked.replies++
    asked.entries.push(entry)
  }

  #tftpRequest(entry: Entry & { kind: 'tftp-request' }): void {
    const { at, datagram } = entry
    const packet = decodeTftp(datagram.bytes)
    if (!('op' in packet) || (packet.op !== 'rrq' && packet.op !== 'wrq')) return
    const key = `${datagram.from.address}:${datagram.from.port}`
    const open = this.#tftp.get(key)
    // The same once more: our first answer was lost.
    if (open && !open.outcome && open.file === packet.file) {
      open.entries.push(entry)
      return
    }
    const happening: TftpHappening = {
      type: 'tftp',
      at,
      entries: [entry],
      file: packet.file,
      request: packet,
      outcome: undefined,
      decision: undefined,
    }
    this.#tftp.set(key, happening)
    this.happenings.push(happening)
  }

  #tftpOutcome(entry: Entry & { kind: 'tftp-outcome' }): void {
    const { at, event } = entry
    const open = this.#tftp.get(`${event.remote.address}:${event.remote.port}`)
    if (open && !open.outcome) {
      open.outcome = event
      open.entries.push(entry)
      if (roleOf(open.file) === 'script') this.#decide(open)
      return
    }
    const { file } = event
    const unknown = { request: undefined, decision: undefined }
    this.happenings.push({ type: 'tftp', at, entries: [entry], file, outcome: event, ...unknown })
  }

  #http(entry: Entry & { kind: 'http' }): void {
    const { at, request, end } = entry
    const happening: HttpHappening = { type: 'http', at, entries: [entry], request, end, decision: undefined }
    if (roleOf(request.path) === 'script') this.#decide(happening)
    this.happenings.push(happening)
  }

  #decide(happening: HttpHappening | TftpHappening): void {
    if (!this.#decision) return
    happening.decision = this.#decision.event
    happening.entries.unshift(this.#decision.entry)
    this.#decision = undefined
  }

  /** The decision is noted down before the answer to the request is. */
  #event(entry: Entry & { kind: 'event' }): void {
    const { at, event } = entry
    const isDecision = ['boot.script', 'boot.refused'].includes(event.type) && event.data['decision'] !== undefined
    if (isDecision) this.#decision = { event, entry }
    else this.happenings.push({ type: 'event', at, entries: [entry], event })
  }
}
