/** What the DHCP service reports: facts for the log, the metrics and each machine's boot story. */
import type { Client } from './client.ts'
import type { MalformedReason } from './packet.ts'

/** What a reply told the client to boot. */
export interface BootSummary {
  /** TFTP name or URL. */
  file: string
  kind: 'loader' | 'script'
}

/** Why a datagram is no DHCPv6 message of a client or relay. */
export type Malformed6Reason =
  'too-short' | 'truncated-option' | 'wrong-direction' | 'no-relay-message' | 'too-many-relays'

/** Where a message passed by. */
export interface Endpoint {
  address: string
  port: number
}

/** One datagram on our ports, as it was on the wire. */
export interface Datagram {
  /** When, in milliseconds since the epoch. */
  at: number
  direction: 'in' | 'out'
  interface: string
  /** Our address on that link. */
  local: string
  from: Endpoint
  /** Of one that came in, as far as it can be told: the kernel does not say. */
  to: Endpoint
  bytes: Uint8Array
}

/** One fact. Normal traffic is `received` and the replies; the rest deserves somebody's look. */
export type DhcpEvent =
  | { type: 'received'; message: string; client: Client; from?: Endpoint; giaddr?: string }
  | { type: 'malformed'; reason: MalformedReason | Malformed6Reason; from: Endpoint; bytes: number }
  | { type: 'ignored'; reason: IgnoredReason; message: string; client: Client }
  | { type: 'offer'; client: Client; address: string; boot?: BootSummary }
  | { type: 'ack'; client: Client; address: string; leaseSeconds: number; boot?: BootSummary }
  | { type: 'nak'; client: Client; address: string; reason: string }
  | { type: 'inform'; client: Client; address: string; boot?: BootSummary }
  | { type: 'release'; client: Client; address: string }
  /** The client found somebody else on the address it was given. */
  | { type: 'decline'; client: Client; address: string; quarantineUntil: number }
  /** We found somebody else on an address before giving it out. */
  | { type: 'conflict'; client: Client; address: string; foundMac: string }
  /** The client's reserved address is still in somebody else's use. */
  | { type: 'reservation-busy'; client: Client; address: string; usedBy?: string }
  | { type: 'pool-exhausted'; client: Client; subnet: string }
  /** Boot data offered by proxyDHCP on port 67, or handed out on port 4011. */
  | { type: 'proxy-offer'; client: Client; boot: BootSummary }
  | { type: 'boot-server-ack'; client: Client; boot: BootSummary }
  /** The client wants to netboot and is left alone: nothing to run on its architecture, or the boot decision says so. */
  | { type: 'refused'; client: Client; reason: string }
  | { type: 'boot-loop'; client: Client; loaders: number }
  /** Another DHCP server answers on this link: expected beside a proxy, else a fault. */
  | { type: 'foreign-server'; server: string; client: Client }
  /** A reply could not be made: store, boot decision or encoding failed. */
  | { type: 'failed'; client: Client; error: unknown }
  | { type: 'listening'; sockets: string[]; address: string; interface: string }
  /** Mode `auto` took up or laid down the giving of addresses; `server` is for whose sake. */
  | { type: 'mode-changed'; interface: string; mode: 'server' | 'proxy'; server?: string }
  /** There is no telling whether another DHCP server is here. */
  | { type: 'probe-failed'; interface: string; error: Error }
  /** Another program holds the port; it is tried again. */
  | { type: 'port-busy'; interface: string; error: Error }
  | { type: 'ambiguous-links'; interface: string; others: string[]; message: string }
  | { type: 'address-changed'; interface: string; address?: string }
  | { type: 'socket-error'; socket: string; error: Error }
  | { type: 'send-failed'; socket: string; to: Endpoint; error: Error }

export type IgnoredReason =
  | 'other-server-chosen'
  | 'unknown-client'
  | 'unknown-subnet'
  | 'unknown-link'
  | 'no-identity'
  | 'not-ours'
  | 'not-netbooting'
  | 'nothing-to-boot'
  | 'unsupported-message'
  | 'checking-address'
  /** Mode `auto` has not looked for other servers yet. */
  | 'undecided-mode'
