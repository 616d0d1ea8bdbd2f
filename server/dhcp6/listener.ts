/** One link's DHCPv6 socket: datagrams to a responder, its replies back out by the same link. */
import type { RemoteInfo, Socket } from 'node:dgram'
import { DhcpError } from '../dhcp/errors.ts'
import type { Client } from '../dhcp/client.ts'
import type { Datagram, DhcpEvent, Endpoint } from '../dhcp/events.ts'
import type { Listener } from '../dhcp/listener.ts'
import { listenError } from '../dhcp/sockets.ts'
import { addressOf6, linkIndex } from '../host/addresses.ts'
import { isLinkLocal } from '../host/ipv6.ts'
import { udpSocket } from '../host/udp-socket.ts'
import { classifyClient6 } from './client.ts'
import { decodeMessage, messageName6 } from './message.ts'
import { SERVER_PORT6, type Link6, type Reply6, type Responder6 } from './reply.ts'

export interface Listener6Options {
  interface: string
  /** Our address on the link, for URLs. By default the interface's first one beyond link-local, followed when it changes. */
  address?: string
  responder: Responder6
  onEvent: (event: DhcpEvent) => void
  /** Sees everything that comes in and goes out, with whom it is about where that can be told; its bytes may be kept, not changed. */
  onDatagram?: (datagram: Datagram, client: Client | undefined) => void
  now?: () => number
}

/** All servers and relays on a link (RFC 8415 section 7.1). */
const ALL_SERVERS = 'ff02::1:2'
/** How often the link's address is looked at; the kernel has no way to tell Node. */
const ADDRESS_POLL_MS = 5000

/** A listener on one link; it holds nothing until started. */
export function createListener6(options: Listener6Options): Listener {
  return new LinkListener6(options)
}

class LinkListener6 implements Listener {
  readonly #options: Listener6Options
  readonly #now: () => number
  readonly #name: string
  #socket: Socket | undefined
  #link: (Link6 & { index: number | undefined }) | undefined
  #poll: NodeJS.Timeout | undefined

  constructor(options: Listener6Options) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#name = `DHCPv6 socket [::]:${SERVER_PORT6} of ${options.interface}`
  }

  async start(): Promise<void> {
    const link = this.#currentLink()
    if (!link) {
      const name = this.#options.interface
      throw new DhcpError(
        'LISTEN_FAILED',
        `listening on ${name}: the interface has no IPv6 address that machines could reach; add one, such as fd00:77::1/64`,
      )
    }
    await this.#open(link)
    this.#poll = setInterval(() => void this.#follow(), ADDRESS_POLL_MS).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#poll)
    await this.#close()
  }

  #currentLink(): (Link6 & { index: number | undefined }) | undefined {
    const { interface: name, address: fixed } = this.#options
    const address = fixed ?? addressOf6(name)
    return address === undefined ? undefined : { interface: name, address, index: linkIndex(name) }
  }

  async #open(link: Link6 & { index: number | undefined }): Promise<void> {
    const { onEvent } = this.#options
    const socket = udpSocket({ type: 'udp6', ipv6Only: true, reuseAddr: true })
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.bind({ address: '::', port: SERVER_PORT6, exclusive: true }, resolve)
      })
      socket.addMembership(ALL_SERVERS, `::%${link.interface}`)
    } catch (cause) {
      socket.close()
      throw listenError(this.#name, cause, 'Stop it first')
    }
    socket.removeAllListeners('error')
    socket.on('error', (error) => onEvent({ type: 'socket-error', socket: this.#name, error }))
    socket.on('message', (bytes, from) => this.#receive(bytes, from))
    this.#socket = socket
    this.#link = link
    onEvent({ type: 'listening', sockets: [this.#name], address: link.address, interface: link.interface })
  }

  async #close(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    this.#link = undefined
    if (socket) await new Promise<void>((resolve) => socket.close(resolve))
  }

  /** Also an interface that was removed and made again has left the multicast group. */
  async #follow(): Promise<void> {
    const { interface: name, onEvent } = this.#options
    const link = this.#currentLink()
    if (link?.address === this.#link?.address && link?.index === this.#link?.index) return
    onEvent({ type: 'address-changed', interface: name, ...(link && { address: link.address }) })
    await this.#close()
    if (!link) return
    try {
      await this.#open(link)
    } catch (error) {
      if (error instanceof Error) onEvent({ type: 'socket-error', socket: this.#name, error })
    }
  }

  #receive(bytes: Uint8Array, from: RemoteInfo): void {
    const link = this.#link
    // Nobody can be answered on port 0, and trying would throw.
    if (from.port === 0 || !link) return
    const { onEvent, responder } = this.#options
    const sender = { address: from.address, port: from.port }
    // The socket hears every group that any program of this host joined; the zone of the sender tells by which link.
    const zone = from.address.split('%')[1]
    if (zone !== undefined && zone !== link.interface) return
    const decoded = decodeMessage(bytes)
    if ('malformed' in decoded) {
      this.#tap('in', sender, bytes, undefined)
      onEvent({ type: 'malformed', reason: decoded.malformed, from: sender, bytes: bytes.length })
      return
    }
    const { message, relays } = decoded
    const client = classifyClient6(message, relays, sender.address)
    this.#tap('in', sender, bytes, client)
    onEvent({ type: 'received', message: messageName6(message.type), client, from: sender })
    const { replies, events } = responder.handle({ ...decoded, from: sender, link, now: this.#now() })
    for (const reply of replies) {
      this.#tap('out', reply.to, reply.bytes, client)
      this.#send(reply)
    }
    for (const event of events) onEvent(event)
  }

  /** `other` is who it came from or goes to; of one that came in, only a sender's lack of another address tells that it was sent to all servers. */
  #tap(
    direction: Datagram['direction'],
    { address, port }: Endpoint,
    bytes: Uint8Array,
    client: Client | undefined,
  ): void {
    const link = this.#link
    if (!link || !this.#options.onDatagram) return
    const other = { address: address.replace(/%.*$/, ''), port }
    const asked = direction === 'in' && isLinkLocal(address) ? ALL_SERVERS : link.address
    const own = { address: asked, port: SERVER_PORT6 }
    const way = direction === 'in' ? { from: other, to: own } : { from: own, to: other }
    const { interface: name, address: local } = link
    this.#options.onDatagram({ at: this.#now(), direction, interface: name, local, ...way, bytes }, client)
  }

  #send({ bytes, to }: Reply6): void {
    const failed = (error: Error): void => this.#options.onEvent({ type: 'send-failed', socket: this.#name, to, error })
    try {
      this.#socket?.send(bytes, to.port, to.address, (error) => {
        if (error) failed(error)
      })
    } catch (error) {
      if (error instanceof Error) failed(error)
    }
  }
}
