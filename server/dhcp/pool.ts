/** Which address a client gets: one subnet's leases, holds and free addresses, each found without searching. */
import { RecentMap } from '../core/recent-map.ts'
import type { Client } from './client.ts'
import { formatIpv4, parseIpv4 } from './ipv4.ts'
import { isLive, type Lease, type LeaseStore } from './leases.ts'
import { ReclaimQueue } from './reclaim-queue.ts'
import type { Reservations } from './reservations.ts'
import type { Subnet } from './subnets.ts'

/** A client as the pool sees it: `key` says whose the leases are, the rest finds reservations. */
export interface Holder {
  key: string
  client: Client
}

/** An address set aside for a client. */
export interface Choice {
  address: string
  /** `dynamic` addresses are nobody's by promise, so another machine may sit on one. */
  origin: 'reservation' | 'held' | 'lease' | 'dynamic'
}

/** What a client's message adds to its lease. */
export interface LeaseDetails {
  giaddr?: string
  circuitId?: string
}

export interface PoolOptions {
  subnet: Subnet
  store: LeaseStore
  reservations: Reservations
  /** The server's own addresses; asked anew, as interfaces change. */
  ownAddresses: () => ReadonlySet<string>
  /** How long an offered address waits for its REQUEST. */
  holdMs?: number
  /** How long a declined or conflicting address stays unused. */
  quarantineMs?: number
}

/** RFC 2131 leaves it open; clients answer an offer within seconds, firmware with long waits within 32. */
const HOLD_MS = 60_000
const QUARANTINE_MS = 3_600_000
/** How often a full pool is looked through again, for addresses that became usable by a change of reservations. */
const RESCAN_MS = 60_000

/** The addresses of one subnet. Not aware of time: every method that depends on it is given `now` in ms. */
export class AddressPool {
  readonly #subnet: Subnet
  readonly #store: LeaseStore
  readonly #reservations: Reservations
  readonly #ownAddresses: () => ReadonlySet<string>
  readonly #holdMs: number
  readonly #quarantineMs: number
  readonly #byAddress = new Map<number, Lease>()
  readonly #byKey = new Map<string, Lease>()
  /** Offered addresses by key, in the order in which they run out. */
  readonly #holds = new RecentMap<string, { address: number; until: number }>()
  readonly #holders = new Map<number, string>()
  readonly #reclaim = new ReclaimQueue()
  /** Next address of the ranges that was never used, as range and offset. */
  #fresh = { range: 0, offset: 0 }
  #lastRescan = -Infinity

  constructor({ subnet, store, reservations, ownAddresses, holdMs, quarantineMs }: PoolOptions) {
    this.#subnet = subnet
    this.#store = store
    this.#reservations = reservations
    this.#ownAddresses = ownAddresses
    this.#holdMs = holdMs ?? HOLD_MS
    this.#quarantineMs = quarantineMs ?? QUARANTINE_MS
    for (const lease of store.all()) {
      const address = parseIpv4(lease.address)
      if (address !== undefined && subnet.contains(lease.address)) this.#index(address, lease)
    }
  }

  /** The client's last lease, live or not, unless somebody else has its address by now. */
  leaseOf(key: string): Lease | undefined {
    return this.#byKey.get(key)
  }

  leaseAt(address: string): Lease | undefined {
    return this.#byAddress.get(parseIpv4(address) ?? -1)
  }

  reservationOf({ client }: Holder): string | undefined {
    return this.#reservations.find(client, this.#subnet.contains)?.address
  }

  hostnameOf({ client }: Holder): string | undefined {
    return this.#reservations.find(client, this.#subnet.contains)?.hostname
  }

  /**
   * Sets an address aside for the client: its reservation; the one already offered to it; its live or old lease; the one it asks
   * for; a never used one; the one that has been free longest. Undefined if all are taken.
   */
  offer(holder: Holder, wanted: string | undefined, now: number): Choice | undefined {
    this.#expireHolds(now)
    const choice = this.#choose(holder, wanted, now)
    if (choice) this.#hold(holder.key, parseIpv4(choice.address)!, now)
    return choice
  }

  /** True if the client may be given exactly this address. */
  mayUse(holder: Holder, address: string, now: number): boolean {
    this.#expireHolds(now)
    const wanted = parseIpv4(address)
    if (wanted === undefined || !this.#free(wanted, holder.key, now)) return false
    const reserved = this.reservationOf(holder)
    if (reserved === address) return true
    // A reservation that cannot be had yet, because somebody still sits on it, must not leave its owner without address.
    if (reserved !== undefined && this.#free(parseIpv4(reserved)!, holder.key, now)) return false
    return this.#dynamic(wanted)
  }

  /** Gives the address to the client until `now` + `ms`; as durable as the store makes it. */
  bind({ key, client }: Holder, address: string, ms: number, now: number, details: LeaseDetails = {}): Lease {
    const number = parseIpv4(address)!
    const before = this.#byAddress.get(number)
    const renewed = before?.key === key && before.state === 'bound'
    const lease: Lease = {
      address,
      key,
      mac: client.mac,
      ...(client.clientId && { clientId: client.clientId }),
      ...(client.hostname && { hostname: client.hostname }),
      state: 'bound',
      start: renewed ? before.start : now,
      end: now + ms,
      ...details,
    }
    const old = this.#byKey.get(key)
    const moved = old && old.address !== address && old.state === 'bound'
    this.#put(...(moved ? [{ ...old, state: 'released', end: now } satisfies Lease] : []), lease)
    this.dropHold(key)
    return lease
  }

  /** Ends the client's lease but remembers it, so that the client gets it again. False if it has no such lease. */
  release(key: string, address: string, now: number): boolean {
    const lease = this.leaseAt(address)
    if (lease?.key !== key || lease.state !== 'bound') return false
    this.#put({ ...lease, state: 'released', end: Math.min(lease.end, now) })
    return true
  }

  /** The client went to another subnet of its link: ends what it has here. */
  leave(key: string, now: number): void {
    this.dropHold(key)
    const lease = this.#byKey.get(key)
    if (lease?.state === 'bound') this.release(key, lease.address, now)
  }

  /** Takes an address out of use that a client found occupied. False unless it was the client's. */
  decline({ key, client }: Holder, address: string, now: number): boolean {
    const number = parseIpv4(address)
    if (number === undefined) return false
    const lease = this.#byAddress.get(number)
    const held = this.#holders.get(number) === key
    if (!held && (lease?.key !== key || lease.state !== 'bound')) return false
    this.quarantine(address, client.mac, now)
    return true
  }

  /** Takes an address out of use for the quarantine time; `mac` is on record as the one that told. */
  quarantine(address: string, mac: string, now: number): void {
    const number = parseIpv4(address)!
    const holder = this.#holders.get(number)
    if (holder !== undefined) this.dropHold(holder)
    this.#put({ address, key: '', mac, state: 'declined', start: now, end: now + this.#quarantineMs })
  }

  /** Forgets what was offered to the client. */
  dropHold(key: string): void {
    const hold = this.#holds.get(key)
    if (!hold) return
    this.#holds.delete(key)
    this.#holders.delete(hold.address)
    this.#reclaim.push(hold.address, this.#byAddress.get(hold.address)?.end ?? 0)
  }

  /** Forgets a lease altogether, also in the store. */
  forget(address: string): void {
    const number = parseIpv4(address)
    const lease = number === undefined ? undefined : this.#byAddress.get(number)
    if (number === undefined || !lease) return
    this.#store.remove(address)
    this.#byAddress.delete(number)
    if (this.#byKey.get(lease.key) === lease) this.#byKey.delete(lease.key)
    this.#reclaim.push(number, 0)
  }

  #choose(holder: Holder, wanted: string | undefined, now: number): Choice | undefined {
    const { key } = holder
    const available = (address: string | undefined): address is string => {
      const number = address === undefined ? undefined : parseIpv4(address)
      return number !== undefined && this.#free(number, key, now)
    }
    const reserved = this.reservationOf(holder)
    if (available(reserved)) return { address: reserved, origin: 'reservation' }
    const hold = this.#holds.get(key)
    if (hold && this.#dynamic(hold.address)) return { address: formatIpv4(hold.address), origin: 'held' }
    const own = this.#byKey.get(key)
    if (own && available(own.address) && this.#dynamic(parseIpv4(own.address)!)) {
      return { address: own.address, origin: isLive(own, now) ? 'lease' : 'dynamic' }
    }
    if (available(wanted) && this.#dynamic(parseIpv4(wanted)!)) return { address: wanted, origin: 'dynamic' }
    const free = this.#neverUsed(key, now) ?? this.#longestFree(key, now) ?? this.#rescanned(key, now)
    return free === undefined ? undefined : { address: formatIpv4(free), origin: 'dynamic' }
  }

  /** Nobody but `key` holds or leases it, and it can be a client's address at all. */
  #free(address: number, key: string, now: number): boolean {
    const holder = this.#holders.get(address)
    if (holder !== undefined && holder !== key) return false
    const lease = this.#byAddress.get(address)
    if (lease && lease.key !== key && isLive(lease, now)) return false
    const text = formatIpv4(address)
    return this.#subnet.contains(text) && !this.#subnet.unusable.has(address) && !this.#ownAddresses().has(text)
  }

  /** It lies in a range and is promised to nobody. */
  #dynamic(address: number): boolean {
    return (
      this.#subnet.ranges.some(({ from, to }) => address >= from && address <= to) &&
      !this.#subnet.excluded.has(address) &&
      !this.#reservations.has(formatIpv4(address))
    )
  }

  /** Walks the ranges once in the pool's life: what it passes is in the table of leases, held, or not for the taking. */
  #neverUsed(key: string, now: number): number | undefined {
    const { ranges } = this.#subnet
    for (;;) {
      const range = ranges[this.#fresh.range]
      if (!range) return undefined
      const address = range.from + this.#fresh.offset++
      if (address > range.to) this.#fresh = { range: this.#fresh.range + 1, offset: 0 }
      else if (!this.#byAddress.has(address) && this.#dynamic(address) && this.#free(address, key, now)) return address
    }
  }

  #longestFree(key: string, now: number): number | undefined {
    for (let entry = this.#reclaim.popFree(now); entry; entry = this.#reclaim.popFree(now)) {
      const { address, freeAt } = entry
      const current = (this.#byAddress.get(address)?.end ?? 0) === freeAt
      if (current && this.#dynamic(address) && this.#free(address, key, now)) return address
    }
    return undefined
  }

  /** Reservations may have given addresses back since they were passed over; rarely enough to cost nothing. */
  #rescanned(key: string, now: number): number | undefined {
    if (now - this.#lastRescan < RESCAN_MS) return undefined
    this.#lastRescan = now
    this.#fresh = { range: 0, offset: 0 }
    this.#compactReclaim()
    return this.#neverUsed(key, now) ?? this.#longestFree(key, now)
  }

  #hold(key: string, address: number, now: number): void {
    const before = this.#holds.get(key)
    if (before && before.address !== address) this.dropHold(key)
    this.#holds.set(key, { address, until: now + this.#holdMs })
    this.#holders.set(address, key)
  }

  #expireHolds(now: number): void {
    for (let first = this.#holds.oldest(); first && first.value.until <= now; first = this.#holds.oldest()) {
      this.dropHold(first.key)
    }
  }

  #put(...leases: readonly Lease[]): void {
    this.#store.put(leases)
    for (const lease of leases) this.#index(parseIpv4(lease.address)!, lease)
    // Renewals leave stale entries behind.
    if (this.#reclaim.size > 2 * this.#byAddress.size + 1024) this.#compactReclaim()
  }

  #index(address: number, lease: Lease): void {
    const before = this.#byAddress.get(address)
    if (before && this.#byKey.get(before.key) === before) this.#byKey.delete(before.key)
    this.#byAddress.set(address, lease)
    const other = this.#byKey.get(lease.key)
    if (lease.state !== 'declined' && (!other || newer(lease, other))) this.#byKey.set(lease.key, lease)
    this.#reclaim.push(address, lease.end)
  }

  /** One entry for each address that was used, or offered in vain. */
  #compactReclaim(): void {
    const unused = new Set(this.#reclaim.clear().filter((address) => !this.#byAddress.has(address)))
    for (const [address, lease] of this.#byAddress) this.#reclaim.push(address, lease.end)
    for (const address of unused) this.#reclaim.push(address, 0)
  }
}

/** A client that moved has two leases on record: the bound one counts, else the later. */
function newer(lease: Lease, than: Lease): boolean {
  if (lease.state !== than.state) return lease.state === 'bound'
  return lease.end >= than.end
}
