// What is kept of a boot: packets as they were, decisions as they were reported. Nothing is formatted before somebody reads.
import type { Event } from '../contract/event.ts'
import type { Datagram, DhcpEvent } from '../dhcp/events.ts'
import type { TftpEvent } from '../tftp/server.ts'

/** A fact of the DHCP service about one client, other than that something was received. */
export type DhcpDecision = Exclude<Extract<DhcpEvent, { client: unknown }>, { type: 'received' }>

export type TftpOutcome = Extract<TftpEvent, { type: 'transfer' | 'refused' }>

/** A request to the plain HTTP side. */
export interface HttpRequest {
  method: string
  /** Without secrets. */
  path: string
  status: number
  /** Of the answer, as its header says. */
  bytes: number
  userAgent: string | undefined
  address: string | undefined
}

/** How the answer to a request went out. */
export interface HttpEnd {
  at: number
  complete: boolean
}

/** `at` is milliseconds since the epoch, `version` that of the protocol. */
export type Entry =
  | { kind: 'dhcp-datagram'; at: number; version: 4 | 6; datagram: Datagram }
  | { kind: 'dhcp-decision'; at: number; version: 4 | 6; event: DhcpDecision }
  | { kind: 'tftp-request'; at: number; datagram: Datagram }
  | { kind: 'tftp-outcome'; at: number; event: TftpOutcome }
  | { kind: 'http'; at: number; request: HttpRequest; end?: HttpEnd }
  | { kind: 'event'; at: number; event: Event }

/** What an entry weighs in memory besides its packet: objects, strings and the client's description. Measured, rounded up. */
const OVERHEAD_BYTES = 480

export function weightOf(entry: Entry): number {
  return OVERHEAD_BYTES + ('datagram' in entry ? entry.datagram.bytes.length : 0)
}
