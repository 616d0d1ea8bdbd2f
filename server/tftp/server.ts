/** The TFTP listener on one address: read requests to transfers, each on a socket of its own. */
import type { RemoteInfo, Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { TftpError } from './errors.ts'
import { Lingering } from './lingering.ts'
import { normalizeName } from './names.ts'
import { DEFAULT_LIMITS, negotiate, type Limits, type Terms } from './options.ts'
import { ERROR, decodePacket, encodeError, type MalformedReason, type RequestPacket } from './packet.ts'
import { openContent, type TftpSource } from './source.ts'
import { Transfer, type Outcome, type Timer, type TransferResult } from './transfer.ts'
import { TransferSockets, type TransferSocket } from './transfer-sockets.ts'
import { bound, codeOf, socketFor } from './udp.ts'

/** `transfer` comes once for each request that was answered with data, `refused` for every other. Only `aborted`, `timed-out` and `failed` are troubles. */
export type TftpEvent =
  | {
      type: 'transfer'
      remote: Remote
      file: string
      size: number
      bytes: number
      blksize: number
      windowsize: number
      ms: number
      resends: number
      outcome: Outcome
      message?: string
    }
  /** `not-found` is normal: firmware tries many names. */
  | { type: 'refused'; remote: Remote; file: string; reason: RefusedReason; error?: unknown }
  | { type: 'malformed'; remote: Remote; reason: MalformedReason | 'not-a-request' }
  | { type: 'listening'; socket: string }
  | { type: 'socket-error'; socket: string; error: Error }

type RefusedReason = 'not-found' | 'outside-root' | 'write' | 'mode' | 'busy' | 'source-failed' | 'no-socket'

interface Remote {
  address: string
  port: number
}

export interface TftpServerOptions {
  /** The address clients ask and replies come from: one server per address, never 0.0.0.0. */
  address: string
  port?: number
  /** A bound socket opened by the parent, instead of one of our own on `port`. */
  fd?: number
  source: TftpSource
  onEvent: (event: TftpEvent) => void
  /** Sees each datagram to the service's own port, before it is looked at; its bytes may be kept, not changed. */
  onDatagram?: (bytes: Uint8Array, remote: Remote) => void
  limits?: Partial<Limits>
  maxTransfers?: number
  maxTransfersPerClient?: number
  /** Local ports of transfers, for firewalls; by default any. */
  transferPorts?: { from: number; to: number }
}

export interface TftpServer {
  /** Rejects with TftpError naming the socket. */
  start(): Promise<void>
  /** Ends all transfers, telling their clients. */
  stop(): Promise<void>
  /** Transfers under way. */
  readonly active: number
}

const TFTP_PORT = 69
const MAX_TRANSFERS = 2048
const MAX_TRANSFERS_PER_CLIENT = 8
/** A refusal is said once a second and client at most: a flood must not become a flood of log lines. */
const BUSY_EVENT_MS = 1000
/** A transfer that begins so long after the one before, and is followed by none, has the server to itself. */
const ALONE_MS = 200

/** A server for one address; it holds nothing until started. */
export function createTftpServer(options: TftpServerOptions): TftpServer {
  return new Server(options)
}

/** A transfer from its request on; `transfer` is there once the file was found. */
interface Session {
  request: Uint8Array
  transfer?: Transfer
}

class Server implements TftpServer {
  readonly #options: TftpServerOptions
  readonly #limits: Limits
  readonly #name: string
  /** By client address and port. */
  readonly #sessions = new Map<string, Session>()
  readonly #perClient = new Map<string, number>()
  #socket: Socket | undefined
  readonly #sockets: TransferSockets
  #lastBusy = -Infinity
  /** When the newest transfer began. */
  #lastBegan = -Infinity

  constructor(options: TftpServerOptions) {
    this.#options = options
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    const { address, port = TFTP_PORT, transferPorts } = options
    this.#sockets = new TransferSockets(address, transferPorts)
    this.#name = `TFTP socket ${isIPv6(address) ? `[${address}]` : address}:${port}`
  }

  get active(): number {
    return this.#sessions.size
  }

  async start(): Promise<void> {
    const { address, port = TFTP_PORT, fd, onEvent } = this.#options
    const socket = socketFor(address)
    try {
      await bound(socket, fd === undefined ? { address, port } : { fd })
    } catch (cause) {
      socket.close()
      throw listenError(this.#name, cause)
    }
    socket.on('error', (error) => onEvent({ type: 'socket-error', socket: this.#name, error }))
    socket.on('message', (bytes, from) => this.#receive(bytes, from))
    this.#socket = socket
    onEvent({ type: 'listening', socket: this.#name })
  }

  async stop(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    for (const { transfer } of this.#sessions.values()) transfer?.stop('stopped', 'server stopping')
    if (socket) await new Promise<void>((resolve) => socket.close(resolve))
  }

  #receive(bytes: Uint8Array, { address, port }: RemoteInfo): void {
    // Nobody can be answered on port 0, and trying would throw.
    if (port === 0) return
    const remote = { address, port }
    this.#options.onDatagram?.(bytes, remote)
    const packet = decodePacket(bytes)
    if ('malformed' in packet) {
      this.#options.onEvent({ type: 'malformed', remote, reason: packet.malformed })
    } else if (packet.op === 'wrq') {
      this.#refuse(remote, packet.file, 'write')
    } else if (packet.op === 'rrq') {
      this.#requested(packet, bytes, remote)
    } else {
      this.#options.onEvent({ type: 'malformed', remote, reason: 'not-a-request' })
    }
  }

  #requested(packet: RequestPacket, bytes: Uint8Array, remote: Remote): void {
    const key = `${remote.address}:${remote.port}`
    const running = this.#sessions.get(key)
    if (running && Buffer.compare(running.request, bytes) === 0) {
      // Still looking for the file, or our first answer was lost.
      if (!running.transfer || running.transfer.repeated()) return
    }
    // The client has begun anew from the same port, as some boot ROMs do; there is no telling the transfers apart on its side.
    running?.transfer?.stop('replaced', 'replaced by a new request')
    if (this.#sessions.has(key)) return

    const mine = this.#perClient.get(remote.address) ?? 0
    const { maxTransfers = MAX_TRANSFERS, maxTransfersPerClient = MAX_TRANSFERS_PER_CLIENT } = this.#options
    if (this.#sessions.size >= maxTransfers || mine >= maxTransfersPerClient) {
      this.#refuse(remote, packet.file, 'busy')
      return
    }
    const session: Session = { request: Uint8Array.from(bytes) }
    this.#sessions.set(key, session)
    this.#perClient.set(remote.address, mine + 1)
    const finished = (): void => {
      this.#sessions.delete(key)
      const left = (this.#perClient.get(remote.address) ?? 1) - 1
      if (left > 0) this.#perClient.set(remote.address, left)
      else this.#perClient.delete(remote.address)
    }
    this.#serve(packet, remote, session, finished).catch((error: unknown) => {
      finished()
      this.#refuse(remote, packet.file, 'source-failed', error)
    })
  }

  /** Rejects only before the transfer has begun. Calls `finished` at its end, or when there is none. */
  async #serve(packet: RequestPacket, remote: Remote, session: Session, finished: () => void): Promise<void> {
    const refuse = (reason: RefusedReason, error?: unknown): void => {
      finished()
      this.#refuse(remote, packet.file, reason, error)
    }
    if (packet.mode !== 'octet' && packet.mode !== 'netascii') return refuse('mode')
    const name = normalizeName(packet.file)
    if (name === undefined) return refuse('outside-root')
    const found = await this.#find(name, remote)
    if (!found) return refuse('not-found')

    const content = await openContent(found, packet.mode)
    let opened: TransferSocket
    try {
      opened = await this.#sockets.open(remote)
    } catch (error) {
      content.close()
      return refuse('no-socket', error)
    }
    const { socket, descriptor } = opened
    const terms = negotiate(packet, content.size, this.#limits)
    const began = performance.now()
    const isAlone = began - this.#lastBegan > ALONE_MS
    this.#lastBegan = began
    let isOver = false
    const transfer = new Transfer({
      content,
      terms,
      send: (datagram) => sendSafely(socket, datagram),
      createTimer,
      onEnd: (result) => {
        isOver = true
        finished()
        socket.close()
        this.#report(remote, name, content.size, terms, performance.now() - began, result)
      },
    })
    session.transfer = transfer
    const receive = (datagram: Uint8Array): void => transfer.receive(datagram)
    const fail = (message: string): void => transfer.abandon(message)
    const lingering = new Lingering()
    socket.on('message', (datagram) => {
      receive(datagram)
      // Where machines come in numbers there is better to do than to wait for one.
      if (descriptor !== undefined && isAlone && began === this.#lastBegan)
        lingering.attend({ descriptor, receive, fail, isOver: () => isOver })
    })
    // The kernel tells of the client's ICMP "port unreachable": it closed its socket.
    socket.on('error', (error) => fail(error.message))
    if (this.#socket) transfer.start()
    else transfer.stop('stopped', 'server stopping')
  }

  async #find(name: string, { address }: Remote): ReturnType<TftpSource> {
    const request = { remoteAddress: address, localAddress: this.#options.address }
    const lower = name.toLowerCase()
    const exact = await this.#options.source(name, request)
    return exact ?? (lower === name ? undefined : this.#options.source(lower, request))
  }

  #refuse(remote: Remote, file: string, reason: RefusedReason, error?: unknown): void {
    const { code, message } = REFUSALS[reason]
    if (this.#socket) sendSafely(this.#socket, encodeError(code, message), remote)
    if (reason === 'busy' || reason === 'no-socket') {
      const now = performance.now()
      if (now - this.#lastBusy < BUSY_EVENT_MS) return
      this.#lastBusy = now
    }
    this.#options.onEvent({ type: 'refused', remote, file, reason, ...(error !== undefined && { error }) })
  }

  #report(remote: Remote, file: string, size: number, terms: Terms, ms: number, result: TransferResult): void {
    const { blksize, windowsize } = terms
    this.#options.onEvent({ type: 'transfer', remote, file, size, blksize, windowsize, ms: Math.round(ms), ...result })
  }
}

const REFUSALS: Record<RefusedReason, { code: number; message: string }> = {
  'not-found': { code: ERROR.notFound, message: 'file not found' },
  'outside-root': { code: ERROR.accessViolation, message: 'no such place' },
  write: { code: ERROR.accessViolation, message: 'read only' },
  mode: { code: ERROR.illegalOperation, message: 'want mode octet or netascii' },
  busy: { code: ERROR.undefined, message: 'busy' },
  'source-failed': { code: ERROR.undefined, message: 'read error' },
  'no-socket': { code: ERROR.undefined, message: 'busy' },
}

/** A timer that is set for the same time over and over costs next to nothing. */
function createTimer(onTime: () => void): Timer {
  let timer: NodeJS.Timeout | undefined
  let duration = 0
  return {
    set(ms) {
      if (timer !== undefined && duration === ms) {
        timer.refresh()
        return
      }
      clearTimeout(timer)
      duration = ms
      timer = setTimeout(onTime, ms)
    },
    clear() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}

/** Sending on a socket that was closed meanwhile throws; a client that is gone is noticed by its silence. */
function sendSafely(socket: Socket, datagram: Uint8Array, to?: Remote): void {
  try {
    if (to) socket.send(datagram, to.port, to.address, () => {})
    // Without a callback: it would cost every block a turn of its own.
    else socket.send(datagram)
  } catch {
    // Nothing to do: see above.
  }
}

function listenError(name: string, cause: unknown): TftpError {
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return new TftpError('ADDRESS_IN_USE', `opening ${name}: another program holds the port, stop it first`, {
        cause,
      })
    case 'EACCES':
    case 'EPERM':
      return new TftpError('NOT_PERMITTED', `opening ${name}: needs root or CAP_NET_BIND_SERVICE`, { cause })
    default:
      return new TftpError(
        'LISTEN_FAILED',
        `opening ${name}: ${cause instanceof Error ? cause.message : String(cause)}`,
        {
          cause,
        },
      )
  }
}
