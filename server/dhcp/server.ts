/** The main DHCP server: one message in, replies and events out (RFC 2131 section 4.3). Knows no sockets and no clock. */
import { bootData, type BootData, type BootFileFor } from './boot-options.ts'
import { createBootLoopWatch, type BootLoopWatch } from './boot-loop.ts'
import type { Client } from './client.ts'
import type { BootSummary, DhcpEvent } from './events.ts'
import { failingSoftly, guarded, ignored, isNews, refused, watchLoop } from './outcomes.ts'
import { UNSPECIFIED } from './ipv4.ts'
import { LeaseJournal } from './lease-journal.ts'
import type { LeaseStore } from './leases.ts'
import { askedOptions, networkOptions, timeOptions } from './lease-options.ts'
import { Networks, inOrderFor, type Served } from './networks.ts'
import { MESSAGE, OPTION, messageType, text } from './options.ts'
import { AddressPool, type Choice } from './pool.ts'
import { isRelayed, sendReply, type Outcome, type Received, type ReplyParts, type Responder } from './reply.ts'
import { readRequest, type ClientIdentity, type Request } from './request.ts'
import { fixedReservations, type Reservations } from './reservations.ts'
import { createSubnet, type SubnetConfig } from './subnets.ts'

export interface ServerOptions {
  /** Every subnet served: the links' own and those behind relays. */
  subnets: readonly SubnetConfig[]
  store: LeaseStore
  bootFileFor: BootFileFor
  reservations?: Reservations
  /** Own addresses of all interfaces: a REQUEST naming any of them in option 54 is for us. */
  ownAddresses: () => ReadonlySet<string>
  identifyBy?: ClientIdentity
  /** See whether anybody answers on a dynamic address before offering it. Default true. */
  conflictCheck?: boolean
  holdMs?: number
  quarantineMs?: number
  /** Shared by all listeners, so that one machine's attempts are counted once. */
  bootLoopWatch?: BootLoopWatch
}

const NOTHING: Outcome = { replies: [], events: [] }

/** Answers on port 67 as the network's DHCP server. Throws INVALID_CONFIG for a bad subnet. */
export function createDhcpServer(options: ServerOptions): Responder {
  const journal = new LeaseJournal(options.store)
  const server = new DhcpServer(options, journal)
  return { ...guarded((received, client) => server.handle(received, client)), commit: () => journal.commit() }
}

class DhcpServer {
  readonly #options: ServerOptions
  readonly #networks: Networks
  readonly #journal: LeaseJournal
  readonly #bootLoops: BootLoopWatch
  /** Clients whose offer waits for the conflict check. */
  readonly #checking = new Set<string>()
  readonly #exhausted = new Set<string>()
  readonly #foreign = new Map<string, number>()

  constructor(options: ServerOptions, journal: LeaseJournal) {
    this.#options = options
    this.#journal = journal
    this.#bootLoops = options.bootLoopWatch ?? createBootLoopWatch()
    const reservations = options.reservations ?? fixedReservations([])
    const { ownAddresses, holdMs, quarantineMs } = options
    const pools = options.subnets.map((config): Served => {
      const subnet = createSubnet(config)
      const pool = new AddressPool({
        subnet,
        store: journal,
        reservations,
        ownAddresses,
        ...(holdMs !== undefined && { holdMs }),
        ...(quarantineMs !== undefined && { quarantineMs }),
      })
      return { subnet, pool }
    })
    this.#networks = new Networks(pools)
  }

  handle(received: Received, client: Client): Outcome {
    return this.#journaled(client, () => this.#handle(received, client))
  }

  /** Marks an outcome that changed a lease. */
  #journaled(client: Client, work: () => Outcome): Outcome {
    const before = this.#journal.writes
    const outcome = work()
    return this.#journal.writes === before ? outcome : { ...outcome, unsaved: client }
  }

  #handle(received: Received, client: Client): Outcome {
    const type = messageType(received.packet.options)
    const request = readRequest(received, client, this.#networks, this.#options.identifyBy)
    if (typeof request === 'string') return ignored(request, type, client)
    switch (type) {
      case MESSAGE.discover:
        return this.#discover(request)
      case MESSAGE.request:
        return this.#request(request)
      case MESSAGE.decline:
        return this.#decline(request)
      case MESSAGE.release:
        return this.#release(request)
      case MESSAGE.inform:
        return this.#inform(request)
      default:
        return ignored('unsupported-message', type, client)
    }
  }

  #discover(request: Request): Outcome {
    const { holder, network, client } = request
    if (this.#checking.has(holder.key)) return ignored('checking-address', MESSAGE.discover, client)
    const { name, cidrs } = described(network)
    const events: DhcpEvent[] = []
    const found = this.#choose(request, events)
    if (!found) {
      // Said once until an address comes free: a flood of requests must not become a flood of log lines.
      if (!this.#exhausted.has(name)) events.push({ type: 'pool-exhausted', client, subnet: cidrs })
      this.#exhausted.add(name)
      return { replies: [], events }
    }
    this.#exhausted.delete(name)

    const { choice, member } = found
    const there: Request = { ...request, ...member }
    const offer = (): Outcome => {
      const outcome = this.#offer(there, choice.address)
      return { ...outcome, events: [...events, ...outcome.events] }
    }
    return this.#needsCheck(there, choice) ? this.#checked(there, choice, offer) : offer()
  }

  /** The first subnet of the link that has an address for the client. */
  #choose(
    { network, holder, client, requested, now }: Request,
    events: DhcpEvent[],
  ): { choice: Choice; member: Served } | undefined {
    for (const member of inOrderFor(network, holder, requested)) {
      const { pool } = member
      const reserved = pool.reservationOf(holder)
      const choice = pool.offer(holder, requested, now)
      if (reserved !== undefined && choice?.address !== reserved) {
        const usedBy = pool.leaseAt(reserved)?.mac
        events.push({ type: 'reservation-busy', client, address: reserved, ...(usedBy && { usedBy }) })
      }
      if (!choice) continue
      for (const other of network) if (other !== member) other.pool.dropHold(holder.key)
      return { choice, member }
    }
    return undefined
  }

  /** Behind a relay nobody answers our ARP; reservations are a promise whatever sits there. */
  #needsCheck({ packet }: Request, { origin }: Choice): boolean {
    return (this.#options.conflictCheck ?? true) && origin === 'dynamic' && !isRelayed(packet)
  }

  #checked(request: Request, { address }: Choice, offer: () => Outcome): Outcome {
    const { pool, holder, client } = request
    // The last holder's entry lingers in the kernel's table long after it went; only a stranger is a conflict.
    const expected = new Set([client.mac, pool.leaseAt(address)?.mac])
    this.#checking.add(holder.key)
    return {
      ...NOTHING,
      check: {
        address,
        resolve: (foundMac, now) => {
          this.#checking.delete(holder.key)
          return failingSoftly(client, () => {
            if (foundMac === undefined || expected.has(foundMac)) return offer()
            return this.#journaled(client, () => {
              pool.quarantine(address, foundMac, now)
              // No second check: the client asks again before long, and waiting would have it give up.
              return { replies: [], events: [{ type: 'conflict', client, address, foundMac }] }
            })
          })
        },
      },
    }
  }

  #offer(request: Request, address: string): Outcome {
    const { client, pool, holder } = request
    const boot = this.#boot(request, address)
    if ('refused' in boot) {
      pool.dropHold(holder.key)
      return refused(client, boot.refused)
    }
    const reply = sendReply(request.received, this.#leaseParts(MESSAGE.offer, request, address, boot.data))
    return { replies: [reply], events: [{ type: 'offer', client, address, ...boot.summary }] }
  }

  #request(request: Request): Outcome {
    const { requested, chosenServer, ciaddr } = request
    if (chosenServer !== undefined && !this.#isOurs(request)) return this.#otherServerChosen(request, chosenServer)
    if (requested !== undefined) {
      return chosenServer === undefined ? this.#initReboot(request, requested) : this.#selecting(request, requested)
    }
    if (ciaddr !== UNSPECIFIED) return this.#renewing(request)
    return ignored('unsupported-message', MESSAGE.request, request.client)
  }

  #otherServerChosen(request: Request, server: string): Outcome {
    const { network, holder, client, now } = request
    for (const { pool } of network) pool.dropHold(holder.key)
    const { events } = ignored('other-server-chosen', MESSAGE.request, client)
    if (isNews(this.#foreign, server, now)) events.push({ type: 'foreign-server', server, client })
    return { replies: [], events }
  }

  #selecting(request: Request, address: string): Outcome {
    const { pool, holder, now } = request
    if (pool.mayUse(holder, address, now)) return this.#acknowledge(request, address)
    return this.#refuse(request, address, 'address not available')
  }

  #initReboot(request: Request, address: string): Outcome {
    const { pool, network, holder, subnet, client, now } = request
    const known = network.some((at) => (at.pool.reservationOf(holder) ?? at.pool.leaseOf(holder.key)) !== undefined)
    if (!subnet.contains(address) && (known || subnet.authoritative)) {
      return this.#refuse(request, address, 'address of another network')
    }
    // Another server may know it: RFC 2131 section 4.3.2 demands silence.
    if (!known) return ignored('unknown-client', MESSAGE.request, client)
    if (pool.mayUse(holder, address, now) && this.#isTheClients(request, address))
      return this.#acknowledge(request, address)
    return this.#refuse(request, address, "address not the client's")
  }

  #renewing(request: Request): Outcome {
    const { pool, holder, subnet, client, ciaddr, now } = request
    const own = pool.leaseOf(holder.key)?.address === ciaddr || pool.reservationOf(holder) === ciaddr
    if (!own && !subnet.authoritative) return ignored('unknown-client', MESSAGE.request, client)
    if (pool.mayUse(holder, ciaddr, now)) return this.#acknowledge(request, ciaddr)
    return this.#refuse(request, ciaddr, 'lease not known and address not available')
  }

  #isTheClients({ pool, holder }: Request, address: string): boolean {
    return pool.reservationOf(holder) === address || pool.leaseOf(holder.key)?.address === address
  }

  #acknowledge(request: Request, address: string): Outcome {
    const { pool, network, holder, client, packet, subnet, now, ciaddr } = request
    const boot = this.#boot(request, address)
    if ('refused' in boot) return refused(client, boot.refused)
    const { leaseSeconds } = subnet
    const parts = this.#leaseParts(MESSAGE.ack, request, address, boot.data)
    const reply = sendReply(request.received, { ...parts, ciaddr })
    // On disk before the client hears of it (see `unsaved`), so that no crash lets two machines hold one address.
    for (const other of network) if (other.pool !== pool) other.pool.leave(holder.key, now)
    pool.bind(holder, address, leaseSeconds * 1000, now, {
      ...(isRelayed(packet) && { giaddr: packet.giaddr }),
      ...(client.circuitId && { circuitId: client.circuitId }),
    })
    const events: DhcpEvent[] = [{ type: 'ack', client, address, leaseSeconds, ...boot.summary }]
    if (boot.data?.summary.kind === 'loader') events.push(...watchLoop(this.#bootLoops, client, packet, now))
    return { replies: [reply], events }
  }

  #refuse(request: Request, address: string, reason: string): Outcome {
    const { received, client, serverIdentifier } = request
    const reply = sendReply(received, {
      type: MESSAGE.nak,
      serverIdentifier,
      options: [[OPTION.message, text(reason)]],
    })
    return { replies: [reply], events: [{ type: 'nak', client, address, reason }] }
  }

  #decline(request: Request): Outcome {
    const { pool, holder, client, requested, now } = request
    if (!this.#mayConcernUs(request) || requested === undefined || !pool.decline(holder, requested, now)) {
      return ignored('not-ours', MESSAGE.decline, client)
    }
    const quarantineUntil = pool.leaseAt(requested)?.end ?? now
    return { replies: [], events: [{ type: 'decline', client, address: requested, quarantineUntil }] }
  }

  #release(request: Request): Outcome {
    const { pool, holder, client, packet, now } = request
    if (!this.#mayConcernUs(request) || !pool.release(holder.key, packet.ciaddr, now)) {
      return ignored('not-ours', MESSAGE.release, client)
    }
    return { replies: [], events: [{ type: 'release', client, address: packet.ciaddr }] }
  }

  /** A client with an address of its own making wants the rest: no lease, no times (RFC 2131 section 4.3.5). */
  #inform(request: Request): Outcome {
    const { client, packet, serverIdentifier, received } = request
    const boot = this.#boot(request, packet.ciaddr)
    if ('refused' in boot) return refused(client, boot.refused)
    const { options: bootOptions = [], ...fields } = boot.data?.parts ?? {}
    const reply = sendReply(received, {
      type: MESSAGE.ack,
      serverIdentifier,
      ciaddr: packet.ciaddr,
      ...fields,
      options: [...networkOptions(request.subnet), ...bootOptions, ...this.#asked(request)],
    })
    return { replies: [reply], events: [{ type: 'inform', client, address: packet.ciaddr }] }
  }

  #leaseParts(type: number, request: Request, address: string, boot: BootData | undefined): ReplyParts {
    const { subnet, serverIdentifier } = request
    const { options: bootOptions = [], ...fields } = boot?.parts ?? {}
    return {
      type,
      serverIdentifier,
      yiaddr: address,
      ...fields,
      options: [...timeOptions(subnet), ...networkOptions(subnet), ...bootOptions, ...this.#asked(request)],
    }
  }

  #asked({ subnet, packet, pool, holder, client }: Request): [number, Uint8Array][] {
    return askedOptions(subnet, packet.options, {
      hostname: pool.hostnameOf(holder),
      // edk2 prefers HTTP offers that come with a name server, asked for or not.
      always: client.kind === 'http' ? [OPTION.dnsServers] : [],
    })
  }

  #boot(
    { client, received, packet }: Request,
    address: string,
  ): { refused: string } | { data?: BootData; summary: { boot?: BootSummary } } {
    const question = { client, serverAddress: received.link.address, clientAddress: address }
    const result = bootData('server', question, packet.options, this.#options.bootFileFor)
    if ('refused' in result) return result
    return 'boot' in result ? { data: result.boot, summary: { boot: result.boot.summary } } : { summary: {} }
  }

  /** RFC 2131 demands option 54 in DECLINE and RELEASE, but systemd-networkd leaves it out; the lease itself must fit in any case. */
  #mayConcernUs(request: Request): boolean {
    return request.chosenServer === undefined || this.#isOurs(request)
  }

  #isOurs({ chosenServer, serverIdentifier, received }: Request): boolean {
    return (
      chosenServer !== undefined &&
      (chosenServer === received.link.address ||
        chosenServer === serverIdentifier ||
        this.#options.ownAddresses().has(chosenServer))
    )
  }
}

/** What a link's subnets have in common, and what they are, for people. */
function described(network: readonly Served[]): { name: string; cidrs: string } {
  return { name: network[0]!.subnet.network, cidrs: network.map(({ subnet }) => subnet.config.cidr).join(', ') }
}
