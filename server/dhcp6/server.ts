/** The DHCPv6 server: one message in, replies and events out (RFC 8415 section 18.3). Knows no sockets and no clock. */
import type { BootFileFor } from '../dhcp/boot-options.ts'
import { createBootLoopWatch, type BootLoopWatch } from '../dhcp/boot-loop.ts'
import type { Client } from '../dhcp/client.ts'
import type { BootSummary, DhcpEvent, IgnoredReason } from '../dhcp/events.ts'
import { isNews } from '../dhcp/outcomes.ts'
import { fixedReservations, type Reservations } from '../dhcp/reservations.ts'
import { parseIpv6 } from '../host/ipv6.ts'
import { bootOptions6 } from './boot-options.ts'
import { classifyClient6 } from './client.ts'
import { isDuid } from './duid.ts'
import type { LeaseStore6 } from './leases.ts'
import { MESSAGE6, messageName6 } from './message.ts'
import {
  OPTION6,
  STATUS,
  addressList,
  domainList,
  firstOption,
  hex,
  iaAddress,
  iaNa,
  identityAssociations,
  requestedCodes,
  statusCode,
  writeOptions,
  type IdentityAssociation,
  type LentAddress,
  type Option6,
} from './options.ts'
import { Pool6, type Owner } from './pool.ts'
import { buildReply6, type Outcome6, type Received6, type Responder6 } from './reply.ts'
import { createSubnet6, type Subnet6, type Subnet6Config } from './subnets.ts'

export interface Server6Options {
  /** `stateful` lends addresses; `stateless` only answers Information-request. */
  mode: 'stateless' | 'stateful'
  /** What this server calls itself; must stay the same for ever. */
  duid: Uint8Array
  subnets: readonly Subnet6Config[]
  store: LeaseStore6
  bootFileFor: BootFileFor
  reservations?: Reservations
  ownAddresses: () => ReadonlySet<string>
  /** Of this server among several, 0 to 255; clients take 255 without waiting for others. */
  preference?: number
  /** Lend at once to clients that ask for that. Default true. */
  rapidCommit?: boolean
  dns?: readonly string[]
  search?: readonly string[]
  holdMs?: number
  quarantineMs?: number
  /** Shared by all listeners, so that one machine's attempts are counted once. */
  bootLoopWatch?: BootLoopWatch
}

/** Answers as a DHCPv6 server. Throws INVALID_CONFIG for a bad subnet. */
export function createDhcp6Server(options: Server6Options): Responder6 {
  const server = new Dhcp6Server(options)
  return {
    handle(received) {
      const { message, relays, from } = received
      const client = classifyClient6(message, relays, from.address)
      try {
        return server.handle(received, client)
      } catch (error) {
        // A broken store or boot decision costs this client its answer, never the service.
        return { replies: [], events: [{ type: 'failed', client, error }] }
      }
    },
  }
}

interface Served {
  subnet: Subnet6
  pool: Pool6
}

/** What one message is about, worked out once. */
interface Request {
  received: Received6
  client: Client
  type: number
  now: number
}

/** A request of a client with an identity, on a link where addresses are lent. */
interface LeaseRequest extends Request, Served {
  owner: Owner
  associations: IdentityAssociation[]
}

/** No client has more network cards to a link; a message has room for hundreds. */
const MAX_ASSOCIATIONS = 8
const MAX_PREFERENCE = 255
const NO_TIMES = { t1: 0, t2: 0 }

class Dhcp6Server {
  readonly #options: Server6Options
  readonly #pools: readonly Served[]
  readonly #loops: BootLoopWatch
  readonly #exhausted = new Set<Subnet6>()
  readonly #foreign = new Map<string, number>()

  constructor(options: Server6Options) {
    this.#options = options
    this.#loops = options.bootLoopWatch ?? createBootLoopWatch()
    const { store, ownAddresses, holdMs, quarantineMs, reservations = fixedReservations([]) } = options
    this.#pools = options.subnets.map((config) => {
      const subnet = createSubnet6(config)
      const times = { ...(holdMs !== undefined && { holdMs }), ...(quarantineMs !== undefined && { quarantineMs }) }
      return { subnet, pool: new Pool6({ subnet, store, reservations, ownAddresses, ...times }) }
    })
  }

  handle(received: Received6, client: Client): Outcome6 {
    const { message, now } = received
    const { type, options } = message
    const request: Request = { received, client, type, now }
    if (type === MESSAGE6.informationRequest) return this.#inform(request)
    if (this.#options.mode === 'stateless') return ignored('unsupported-message', request)
    const duid = firstOption(options, OPTION6.clientId)
    if (!isDuid(duid)) return ignored('no-identity', request)
    const served = this.#servedSubnet(received)
    if (!served) return ignored('unknown-subnet', request)
    const owner = { key: ownerKey(client, hex(duid)), duid: hex(duid), client }
    const associations = distinct(identityAssociations(options).slice(0, MAX_ASSOCIATIONS))
    const lease: LeaseRequest = { ...request, ...served, owner, associations }

    const server = firstOption(options, OPTION6.serverId)
    if (server === undefined) return this.#toAnyServer(lease)
    if (Buffer.compare(server, this.#options.duid) !== 0) return this.#otherServerChosen(lease, hex(server))
    return this.#toThisServer(lease)
  }

  #toAnyServer(request: LeaseRequest): Outcome6 {
    switch (request.type) {
      case MESSAGE6.solicit:
        return this.#solicit(request)
      case MESSAGE6.confirm:
        return this.#confirm(request)
      case MESSAGE6.rebind:
        return this.#extend(request)
      default:
        // The others must name their server (RFC 8415 section 16).
        return ignored('unsupported-message', request)
    }
  }

  #toThisServer(request: LeaseRequest): Outcome6 {
    switch (request.type) {
      case MESSAGE6.request:
        return this.#lend(request)
      case MESSAGE6.renew:
        return this.#extend(request)
      case MESSAGE6.release:
        return this.#release(request)
      case MESSAGE6.decline:
        return this.#decline(request)
      default:
        return ignored('unsupported-message', request)
    }
  }

  #otherServerChosen(request: LeaseRequest, server: string): Outcome6 {
    const { pool, owner, associations, client, now } = request
    for (const { iaid } of associations) pool.dropHold(owner, iaid)
    const outcome = ignored('other-server-chosen', request)
    if (isNews(this.#foreign, server, now)) {
      outcome.events.push({ type: 'foreign-server', server: `DUID ${server}`, client })
    }
    return outcome
  }

  #solicit(request: LeaseRequest): Outcome6 {
    const { received, associations, client } = request
    const { rapidCommit = true, preference = 0 } = this.#options
    if (rapidCommit && firstOption(received.message.options, OPTION6.rapidCommit)) return this.#lend(request)
    const addresses = this.#setAside(request)
    const boot = this.#boot(request, addresses[0])
    if ('refused' in boot) return this.#refused(request, boot.refused)
    const events = this.#exhaustion(request, addresses)
    const offered = associations.map(({ iaid }, at) => {
      const address = addresses[at]
      if (address === undefined) return noAddress(iaid)
      events.push({ type: 'offer', client, address, ...boot.summary })
      return this.#association(request, iaid, [address])
    })
    const options: Option6[] = [
      ...offered,
      ...this.#unserved(request),
      ...(preference > 0 ? [preferenceOption(preference)] : []),
      ...boot.options,
      ...this.#asked(request),
    ]
    return { replies: [this.#reply(request, MESSAGE6.advertise, options)], events }
  }

  /** Answers Request, and Solicit with rapid commit. */
  #lend(request: LeaseRequest): Outcome6 {
    const { received, owner, pool, subnet, associations, now, client } = request
    const addresses = this.#setAside(request)
    const boot = this.#boot(request, addresses[0])
    if ('refused' in boot) return this.#refused(request, boot.refused)
    const events = this.#exhaustion(request, addresses)
    const lent = associations.map(({ iaid, addresses: wanted }, at) => {
      const address = addresses[at]
      // An address of another network in a Request means that the client moved: it has to begin anew (section 18.3.2).
      const elsewhere = request.type === MESSAGE6.request && wanted.some((one) => !subnet.contains(one))
      if (elsewhere) return iaNa(iaid, NO_TIMES, [statusCode(STATUS.notOnLink, 'address of another network')])
      if (address === undefined) return noAddress(iaid)
      // On disk before the client hears of it, so that no crash lets two machines hold one address.
      pool.bind(owner, iaid, address, subnet.leaseSeconds * 1000, now)
      events.push({ type: 'ack', client, address, leaseSeconds: subnet.leaseSeconds, ...boot.summary })
      return this.#association(request, iaid, [address])
    })
    if (boot.summary.boot?.kind === 'loader') events.push(...this.#countLoader(request))
    const rapid = received.message.type === MESSAGE6.solicit ? [[OPTION6.rapidCommit, new Uint8Array()] as const] : []
    const options = [...rapid, ...lent, ...this.#unserved(request), ...boot.options, ...this.#asked(request)]
    return { replies: [this.#reply(request, MESSAGE6.reply, options)], events }
  }

  /** Until the client asks for what it was offered, nobody else gets it. */
  #setAside({ pool, owner, associations, now }: LeaseRequest): (string | undefined)[] {
    const addresses = pool.choose(owner, associations, now)
    for (const [at, { iaid }] of associations.entries()) {
      const address = addresses[at]
      if (address !== undefined) pool.hold(owner, iaid, address, now)
    }
    return addresses
  }

  #refused({ pool, owner, associations, client }: LeaseRequest, reason: string): Outcome6 {
    for (const { iaid } of associations) pool.dropHold(owner, iaid)
    return refused(client, reason)
  }

  /** Answers Renew and Rebind: what the client may keep is prolonged, what it may not is taken away, with another in its place. */
  #extend(request: LeaseRequest): Outcome6 {
    const { owner, pool, subnet, associations, now, client, type } = request
    const events: DhcpEvent[] = []
    const known = (association: IdentityAssociation): boolean =>
      pool.leaseOf(owner, association.iaid, now) !== undefined ||
      // Lost by us, but still free: as if we had remembered.
      association.addresses.some((address) => pool.mayUse(owner, address, now))
    const answerable = associations.filter(
      (association) => known(association) || association.addresses.some((address) => !subnet.contains(address)),
    )
    // Another server may know the rest: only the one that was asked by name may say no.
    if (type === MESSAGE6.rebind && answerable.length === 0) return ignored('unknown-client', request)
    const mine = associations.filter(known)
    const addresses = pool.choose(owner, mine, now)
    const options = (type === MESSAGE6.rebind ? answerable : associations).map((association) => {
      const { iaid, addresses: had } = association
      const address = addresses[mine.indexOf(association)]
      const gone = had.filter((one) => one !== address)
      if (address === undefined) {
        return type === MESSAGE6.renew
          ? iaNa(iaid, NO_TIMES, [statusCode(STATUS.noBinding, 'no lease here')])
          : this.#association(request, iaid, [], gone)
      }
      pool.bind(owner, iaid, address, subnet.leaseSeconds * 1000, now)
      events.push({ type: 'ack', client, address, leaseSeconds: subnet.leaseSeconds })
      return this.#association(request, iaid, [address], gone)
    })
    return { replies: [this.#reply(request, MESSAGE6.reply, [...options, ...this.#asked(request)])], events }
  }

  /** Is the client still where its addresses are of? It asks after a change of link. */
  #confirm(request: LeaseRequest): Outcome6 {
    const { associations, subnet } = request
    const addresses = associations.flatMap((one) => one.addresses)
    if (addresses.length === 0) return ignored('not-ours', request)
    const status = addresses.every(subnet.contains)
      ? statusCode(STATUS.success, 'all addresses are of this network')
      : statusCode(STATUS.notOnLink, 'address of another network')
    return { replies: [this.#reply(request, MESSAGE6.reply, [status])], events: [] }
  }

  #release(request: LeaseRequest): Outcome6 {
    const { owner, pool, client, now } = request
    return this.#giveUp(request, (iaid, address) =>
      pool.release(owner, iaid, address, now) ? { type: 'release', client, address } : undefined,
    )
  }

  #decline(request: LeaseRequest): Outcome6 {
    const { owner, pool, client, now } = request
    return this.#giveUp(request, (iaid, address) => {
      const quarantineUntil = pool.decline(owner, iaid, address, now)
      return quarantineUntil === undefined ? undefined : { type: 'decline', client, address, quarantineUntil }
    })
  }

  /** Answers Release and Decline: success in any case, and which associations were not known (section 18.3.7, 18.3.8). */
  #giveUp(request: LeaseRequest, give: (iaid: number, address: string) => DhcpEvent | undefined): Outcome6 {
    const events: DhcpEvent[] = []
    const options: Option6[] = []
    for (const { iaid, addresses } of request.associations) {
      const given = addresses.flatMap((address) => give(iaid, address) ?? [])
      events.push(...given)
      if (given.length === 0) options.push(iaNa(iaid, NO_TIMES, [statusCode(STATUS.noBinding, 'no lease here')]))
    }
    const done = statusCode(STATUS.success, 'done')
    const reply = this.#reply(request, MESSAGE6.reply, [done, ...options])
    return events.length === 0 ? { ...ignored('not-ours', request), replies: [reply] } : { replies: [reply], events }
  }

  /** A client with an address of its own making wants the rest. */
  #inform(request: Request): Outcome6 {
    const { received, client } = request
    const { options } = received.message
    const server = firstOption(options, OPTION6.serverId)
    if (server !== undefined && Buffer.compare(server, this.#options.duid) !== 0) {
      return ignored('other-server-chosen', request)
    }
    if (options.some(([code]) => ASSOCIATIONS.has(code))) return ignored('unsupported-message', request)
    const boot = this.#boot(request)
    if ('refused' in boot) return refused(client, boot.refused)
    const reply = this.#reply(request, MESSAGE6.reply, [...boot.options, ...this.#asked(request)])
    const events: DhcpEvent[] = [{ type: 'inform', client, address: received.from.address, ...boot.summary }]
    if (boot.summary.boot?.kind === 'loader') events.push(...this.#countLoader(request))
    return { replies: [reply], events }
  }

  #reply({ received }: Request, type: number, options: readonly Option6[]) {
    return buildReply6(received, type, this.#options.duid, options)
  }

  /** T1 and T2 at half and at four fifths (section 21.4). */
  #association({ subnet }: LeaseRequest, iaid: number, lent: readonly string[], gone: readonly string[] = []): Option6 {
    const { leaseSeconds } = subnet
    const times = { t1: Math.floor(leaseSeconds / 2), t2: Math.floor((leaseSeconds * 4) / 5) }
    const kept = lent.map((address): LentAddress => ({ address, preferred: leaseSeconds, valid: leaseSeconds }))
    const taken = gone.map((address): LentAddress => ({ address, preferred: 0, valid: 0 }))
    return iaNa(iaid, times, [...kept, ...taken].map(iaAddress))
  }

  /** Temporary addresses and prefixes are not to be had here; a client that also asks for them is told so. */
  #unserved({ received }: Request): Option6[] {
    return received.message.options.flatMap(([code, value]): Option6[] => {
      const iaid = value.subarray(0, 4)
      if (iaid.length < 4) return []
      if (code === OPTION6.iaTa) {
        return [[code, Buffer.concat([iaid, writeOptions([statusCode(STATUS.noAddresses, 'none to lend')])])]]
      }
      if (code !== OPTION6.iaPd) return []
      return [
        [code, Buffer.concat([iaid, Buffer.alloc(8), writeOptions([statusCode(STATUS.noPrefix, 'none to lend')])])],
      ]
    })
  }

  /** Options the client listed and we have a value for. */
  #asked({ received, client }: Request): Option6[] {
    const { dns = [], search = [] } = this.#options
    const codes = new Set(requestedCodes(received.message.options))
    // UEFI prefers offers of HTTP Boot that come with a name server, asked for or not.
    if (client.kind === 'http') codes.add(OPTION6.dnsServers)
    return [
      ...(dns.length > 0 && codes.has(OPTION6.dnsServers) ? [[OPTION6.dnsServers, addressList(dns)] as const] : []),
      ...(search.length > 0 && codes.has(OPTION6.domainList)
        ? [[OPTION6.domainList, domainList(search)] as const]
        : []),
    ]
  }

  #boot(
    { client, received }: Request,
    clientAddress?: string,
  ): { refused: string } | { options: Option6[]; summary: { boot?: BootSummary } } {
    const address = clientAddress === undefined ? {} : { clientAddress }
    const question = { client, serverAddress: received.link.address, ...address }
    const result = bootOptions6(question, this.#options.bootFileFor)
    if ('refused' in result) return result
    return { options: result.options, summary: result.summary ? { boot: result.summary } : {} }
  }

  #countLoader({ client, received, now }: Request): DhcpEvent[] {
    const who = client.mac || client.clientId || ''
    const loaders = this.#loops.loaderServed(who, received.message.transaction, now)
    return loaders === undefined ? [] : [{ type: 'boot-loop', client, loaders }]
  }

  /** Said once until an address comes free: a flood of requests must not become a flood of log lines. */
  #exhaustion({ subnet, client }: LeaseRequest, addresses: readonly (string | undefined)[]): DhcpEvent[] {
    if (!addresses.includes(undefined)) {
      this.#exhausted.delete(subnet)
      return []
    }
    if (this.#exhausted.has(subnet)) return []
    this.#exhausted.add(subnet)
    return [{ type: 'pool-exhausted', client, subnet: subnet.config.prefix }]
  }

  /** Behind relays: the link that the one nearest to the client names. A client on our own link: that link's subnet. */
  #servedSubnet({ relays, link }: Received6): Served | undefined {
    const containing = (address: string) => this.#pools.find(({ subnet }) => subnet.contains(address))
    if (relays.length > 0) {
      const told = relays.toReversed().find(({ linkAddress }) => parseIpv6(linkAddress) !== 0n)
      // A relay that names no link is a switch on our own (RFC 6221).
      if (told) return containing(told.linkAddress)
    }
    return this.#pools.find(({ subnet }) => subnet.config.interface === link.interface) ?? containing(link.address)
  }
}

const ASSOCIATIONS: ReadonlySet<number> = new Set([OPTION6.iaNa, OPTION6.iaTa, OPTION6.iaPd])

/** Whose leases: the network card's, as a machine shows several DUIDs while it boots; the DUID's where no card is told. */
function ownerKey({ mac }: Client, duid: string): string {
  return mac === '' ? `duid:${duid}` : `mac:${mac}`
}

/** The first association of each number: a client that uses one twice is wrong, and must not get two addresses for it. */
function distinct(associations: readonly IdentityAssociation[]): IdentityAssociation[] {
  return associations.filter(({ iaid }, at) => associations.findIndex((one) => one.iaid === iaid) === at)
}

function noAddress(iaid: number): Option6 {
  return iaNa(iaid, NO_TIMES, [statusCode(STATUS.noAddresses, 'all addresses are taken')])
}

function preferenceOption(preference: number): Option6 {
  return [OPTION6.preference, Uint8Array.of(Math.min(preference, MAX_PREFERENCE))]
}

function ignored(reason: IgnoredReason, { type, client }: Request): Outcome6 {
  return { replies: [], events: [{ type: 'ignored', reason, message: messageName6(type), client }] }
}

function refused(client: Client, reason: string): Outcome6 {
  return { replies: [], events: [{ type: 'refused', client, reason }] }
}
