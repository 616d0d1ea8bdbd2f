/** One link's DHCP sockets: datagrams to responders, their replies back out by the same link. */
import type { RemoteInfo, Socket } from 'node:dgram'
import { Burst } from './burst.ts'
import { classifyClient } from './client.ts'
import { findNeighbour } from './conflict.ts'
import { DhcpError } from './errors.ts'
import type { Datagram, DhcpEvent } from './events.ts'
import { LIMITED_BROADCAST, UNSPECIFIED } from './ipv4.ts'
import { messageName, messageType } from './options.ts'
import { committed, ignored } from './outcomes.ts'
import { decodePacket } from './packet.ts'
import {
  BOOT_SERVER_PORT,
  SERVER_PORT,
  isRelayed,
  type Link,
  type Outcome,
  type Reply,
  type Responder,
} from './reply.ts'
import { openSocket, otherLinks, type Binding } from './sockets.ts'
import { addressOf, linkIndex } from '../host/addresses.ts'

export interface ListenerOptions {
  interface: string
  /** Our address on the link. By default the interface's first one, followed when it changes. */
  address?: string
  /** A socket on 0.0.0.0:67 that hears this link only, opened by the parent (see InheritedSockets). */
  fd?: number
  /** The same on 0.0.0.0:4011. */
  bootServerFd?: number
  /** Answers on port 67. */
  responder: Responder
  /** Answers on port 4011. */
  bootServer: Responder
  /** A proxy is no use to UEFI without port 4011; a main server does without it if something else holds the port. */
  bootServerRequired: boolean
  onEvent: (event: DhcpEvent) => void
  /** Runs the telling of a whole burst, so that a store behind `onEvent` waits for its disk once. By default nothing more. */
  inOneGo?: (tell: () => void) => void
  /** Sees everything that comes in and goes out, before it is looked at; its bytes may be kept, not changed. */
  onDatagram?: (datagram: Datagram) => void
  /** Asked on hosts with several links and no adopted socket: there only known machines are answered. */
  isKnownMachine?: (mac: string) => boolean
  now?: () => number
  /** Other ports than the standard's, for tests without privileges. */
  ports?: { server: number; bootServer: number }
}

export interface Listener {
  /** Opens the sockets. Rejects with DhcpError naming the socket that could not be had, and then holds none. */
  start(): Promise<void>
  /** Closes them; replies under way are dropped. */
  stop(): Promise<void>
}

/** How often the link's address is looked at; the kernel has no way to tell Node. */
const ADDRESS_POLL_MS = 5000

/** The kernel cuts it to what net.core.rmem_max allows. */
const RECEIVE_BUFFER_BYTES = 2 ** 22

/** A listener on one link; it holds nothing until started. */
export function createListener(options: ListenerOptions): Listener {
  return new LinkListener(options)
}

interface OpenSocket {
  name: string
  socket: Socket
}

class LinkListener implements Listener {
  readonly #options: ListenerOptions
  readonly #now: () => number
  /** Outcomes that wait for their leases to be durable. */
  readonly #unsaved = new Burst<Outcome>((waiting) => this.#save(waiting))
  readonly #ports: { server: number; bootServer: number }
  #open: OpenSocket[] = []
  /** Inherited sockets by descriptor: they stay open while addresses come and go, as nobody could open them again. */
  #inherited = new Map<number, OpenSocket>()
  #linkIndex: number | undefined
  #link: Link | undefined
  /** Sends replies of port 67, and of port 4011. */
  #senders = new Map<number, OpenSocket>()
  #ambiguous = false
  #poll: NodeJS.Timeout | undefined
  #descriptors: Pick<ListenerOptions, 'fd' | 'bootServerFd'>

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#descriptors = options
    this.#now = options.now ?? Date.now
    this.#ports = options.ports ?? { server: SERVER_PORT, bootServer: BOOT_SERVER_PORT }
  }

  async start(): Promise<void> {
    const { interface: name, address: fixed } = this.#options
    const address = fixed ?? addressOf(name)
    if (address === undefined) {
      throw new DhcpError('LISTEN_FAILED', `listening on ${name}: the interface has no IPv4 address`)
    }
    this.#linkIndex = linkIndex(name)
    try {
      await this.#openAll(address)
    } catch (error) {
      await this.stop()
      throw error
    }
    if (fixed === undefined) this.#poll = setInterval(() => void this.#followAddress(), ADDRESS_POLL_MS).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#poll)
    await this.#forgetInherited()
    await this.#closeAll()
  }

  async #openAll(address: string): Promise<void> {
    const { interface: name, responder, bootServer, bootServerRequired, onEvent } = this.#options
    const { fd, bootServerFd } = this.#descriptors
    const { server, bootServer: bootPort } = this.#ports
    this.#link = { interface: name, address }
    this.#ambiguous = false
    try {
      if (fd !== undefined) {
        const adopted = await this.#listen(`DHCP socket of ${name} (inherited)`, { fd }, responder)
        this.#senders.set(SERVER_PORT, adopted)
      } else {
        // One hears broadcasts; the other one, bound to our address, sends: its datagrams leave by this link and bear this
        // address, with or without a default route.
        await this.#listen(`DHCP socket 0.0.0.0:${server}`, { address: UNSPECIFIED, port: server }, responder, true)
        const sender = await this.#listen(`DHCP socket ${address}:${server}`, { address, port: server }, responder)
        this.#senders.set(SERVER_PORT, sender)
        this.#tellAmbiguity()
      }
      const socketName =
        bootServerFd === undefined
          ? `boot server socket ${address}:${bootPort}`
          : `boot server socket of ${name} (inherited)`
      try {
        const binding = bootServerFd === undefined ? { address, port: bootPort } : { fd: bootServerFd }
        const boot = await this.#listen(socketName, binding, bootServer)
        this.#senders.set(BOOT_SERVER_PORT, boot)
      } catch (error) {
        if (bootServerRequired || !(error instanceof DhcpError)) throw error
        onEvent({ type: 'socket-error', socket: socketName, error })
      }
    } catch (error) {
      await this.#closeAll()
      throw error
    }
    onEvent({ type: 'listening', sockets: this.#open.map((open) => open.name), address, interface: name })
  }

  async #listen(name: string, binding: Binding, responder: Responder, anyLink = false): Promise<OpenSocket> {
    const kept = 'fd' in binding ? this.#inherited.get(binding.fd) : undefined
    const open = kept ?? { name, socket: await openSocket(name, binding) }
    this.#open.push(open)
    if (kept) return kept
    if ('fd' in binding) this.#inherited.set(binding.fd, open)
    // A hall that comes back from a power cut asks at once, and while a commit waits for the disk nobody reads.
    open.socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
    const { port } = open.socket.address()
    open.socket.on('message', (bytes, from) => {
      this.#tap(bytes, from, port, anyLink)
      this.#receive(bytes, from, responder, anyLink)
    })
    open.socket.on('error', (error) => this.#options.onEvent({ type: 'socket-error', socket: name, error }))
    return open
  }

  /** Closes what can be opened again, and stops answering on the rest. */
  async #closeAll(): Promise<void> {
    const kept = new Set(this.#inherited.values())
    const open = this.#open.filter((one) => !kept.has(one))
    this.#open = []
    this.#senders.clear()
    this.#link = undefined
    await Promise.all(open.map(closed))
  }

  async #forgetInherited(): Promise<void> {
    const inherited = [...this.#inherited.values()]
    this.#open = this.#open.filter((one) => !inherited.includes(one))
    this.#inherited.clear()
    this.#descriptors = {}
    await Promise.all(inherited.map(closed))
  }

  #tellAmbiguity(): void {
    const { interface: name, onEvent } = this.#options
    const others = otherLinks(name)
    if (others.length === 0) return
    this.#ambiguous = true
    onEvent({
      type: 'ambiguous-links',
      interface: name,
      others,
      message:
        `${others.join(', ')} carry broadcasts that cannot be told from those of ${name}: answering only relayed requests and ` +
        `known machines. Have systemd open the socket (ListenDatagram=0.0.0.0:67, BindToDevice=${name}) to serve everybody`,
    })
  }

  async #followAddress(): Promise<void> {
    const { interface: name, onEvent } = this.#options
    const address = addressOf(name)
    const index = linkIndex(name)
    // A socket belongs to the interface it was opened on; one that was made anew, under the same name, it does not hear.
    const replaced = index !== undefined && index !== this.#linkIndex && this.#inherited.size > 0
    if (address === this.#link?.address && !replaced) return
    onEvent({ type: 'address-changed', interface: name, ...(address !== undefined && { address }) })
    if (replaced) await this.#forgetInherited()
    await this.#closeAll()
    if (address === undefined) return
    this.#linkIndex = index
    try {
      await this.#openAll(address)
    } catch (error) {
      if (error instanceof Error) onEvent({ type: 'socket-error', socket: name, error })
    }
  }

  /** On the socket for everybody arrives what was broadcast; of an inherited one only the sender's lack of an address tells that. */
  #tap(bytes: Uint8Array, { address, port }: RemoteInfo, ownPort: number, anyLink: boolean): void {
    const link = this.#link
    if (!link || !this.#options.onDatagram) return
    this.#options.onDatagram({
      at: this.#now(),
      direction: 'in',
      interface: link.interface,
      local: link.address,
      from: { address, port },
      to: { address: anyLink || address === UNSPECIFIED ? LIMITED_BROADCAST : link.address, port: ownPort },
      bytes,
    })
  }

  #receive(bytes: Uint8Array, from: RemoteInfo, responder: Responder, anyLink: boolean): void {
    const link = this.#link
    // Nobody can be answered on port 0, and trying would throw.
    if (from.port === 0 || !link) return
    const { onEvent, isKnownMachine } = this.#options
    const sender = { address: from.address, port: from.port }
    const decoded = decodePacket(bytes)
    if ('malformed' in decoded) {
      onEvent({ type: 'malformed', reason: decoded.malformed, from: sender, bytes: bytes.length })
      return
    }
    const { packet } = decoded
    const client = classifyClient(packet)
    const type = messageType(packet.options)
    onEvent({
      type: 'received',
      message: messageName(type),
      client,
      from: sender,
      ...(isRelayed(packet) && { giaddr: packet.giaddr }),
    })
    if (anyLink && this.#ambiguous && !isRelayed(packet) && !isKnownMachine?.(client.mac)) {
      this.#act(ignored('unknown-link', type, client), link)
      return
    }
    this.#act(responder.handle({ packet, client, from: sender, link, now: this.#now() }), link)
  }

  /** One wait for the disk for all of them. */
  #save(waiting: readonly Outcome[]): void {
    const outcomes = committed(this.#options.responder, waiting)
    for (const { replies } of outcomes) for (const reply of replies) this.#send(reply)
    const tell = (): void => {
      for (const { events } of outcomes) for (const event of events) this.#options.onEvent(event)
    }
    if (this.#options.inOneGo) this.#options.inOneGo(tell)
    else tell()
  }

  #act(outcome: Outcome, link: Link): void {
    const { replies, events, check } = outcome
    if (outcome.unsaved) {
      this.#unsaved.add(outcome)
      return
    }
    for (const reply of replies) this.#send(reply)
    for (const event of events) this.#options.onEvent(event)
    const sender = this.#senders.get(SERVER_PORT)
    if (!check || !sender) return
    void findNeighbour(sender.socket, check.address, link.interface).then((mac) => {
      // Also after a stop: the responder must learn that the check is over.
      this.#act(check.resolve(mac, this.#now()), link)
    })
  }

  #send({ bytes, to, fromPort }: Reply): void {
    const link = this.#link
    if (link) {
      this.#options.onDatagram?.({
        at: this.#now(),
        direction: 'out',
        interface: link.interface,
        local: link.address,
        from: { address: link.address, port: fromPort },
        to,
        bytes,
      })
    }
    const open = this.#senders.get(fromPort)
    if (!open) return
    const failed = (error: Error): void => this.#options.onEvent({ type: 'send-failed', socket: open.name, to, error })
    try {
      open.socket.send(bytes, to.port, to.address, (error) => {
        if (error) failed(error)
      })
    } catch (error) {
      if (error instanceof Error) failed(error)
    }
  }
}

function closed({ socket }: OpenSocket): Promise<void> {
  return new Promise((resolve) => socket.close(resolve))
}
