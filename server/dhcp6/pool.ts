/** Which addresses a client's identity associations get: one subnet's leases, holds and free addresses. */
import type { Client } from '../dhcp/client.ts'
import { ReclaimQueue } from '../dhcp/reclaim-queue.ts'
import type { Reservations } from '../dhcp/reservations.ts'
import { formatIpv6, parseIpv6 } from '../host/ipv6.ts'
import { isLive6, type Lease6, type LeaseStore6 } from './leases.ts'
import type { IdentityAssociation } from './options.ts'
import type { Subnet6 } from './subnets.ts'

/** A client as the pool sees it. */
export interface Owner {
  /** Of its network card where that is known: firmware, boot loader and installer each have a DUID of their own. */
  key: string
  /** Hex. */
  duid: string
  client: Client
}

export interface Pool6Options {
  subnet: Subnet6
  store: LeaseStore6
  reservations: Reservations
  /** The server's own addresses; asked anew, as interfaces change. */
  ownAddresses: () => ReadonlySet<string>
  /** How long an advertised address waits for its Request. */
  holdMs?: number
  /** How long a declined address stays unused. */
  quarantineMs?: number
}

/** Longer than the longest pause of a client that asks again (SOL_MAX_RT apart, which only unanswered clients reach). */
const HOLD_MS = 60_000
const QUARANTINE_MS = 3_600_000

/** The addresses of one subnet. Not aware of time: every method that depends on it is given `now` in ms. */
export class Pool6 {
  readonly #subnet: Subnet6
  readonly #store: LeaseStore6
  readonly #reservations: Reservations
  readonly #ownAddresses: () => ReadonlySet<string>
  readonly #holdMs: number
  readonly #quarantineMs: number
  readonly #byAddress = new Map<string, Lease6>()
  readonly #byKey = new Map<string, Set<string>>()
  /** Advertised addresses, in the order in which they run out. */
  readonly #holds = new Map<string, { key: string; iaid: number; until: number }>()
  /** The advertised address by holder: see `holderName`. */
  readonly #heldBy = new Map<string, string>()
  readonly #reclaim = new ReclaimQueue()
  /** Place among all addresses of the ranges of the next one that was never used. */
  #fresh = 0

  constructor({ subnet, store, reservations, ownAddresses, holdMs, quarantineMs }: Pool6Options) {
    this.#subnet = subnet
    this.#store = store
    this.#reservations = reservations
    this.#ownAddresses = ownAddresses
    this.#holdMs = holdMs ?? HOLD_MS
    this.#quarantineMs = quarantineMs ?? QUARANTINE_MS
    for (const lease of store.all()) if (subnet.contains(lease.address)) this.#index(lease)
  }

  reservationOf({ client }: Owner): string | undefined {
    const address = this.#reservations.find(client, this.#subnet.contains)?.address
    return address === undefined ? undefined : canonical(address)
  }

  hostnameOf({ client }: Owner): string | undefined {
    return this.#reservations.find(client, this.#subnet.contains)?.hostname
  }

  leaseAt(address: string): Lease6 | undefined {
    return this.#byAddress.get(address)
  }

  /** The live lease of exactly this identity association. */
  leaseOf({ key, duid }: Owner, iaid: number, now: number): Lease6 | undefined {
    return this.#leasesOf(key).find(
      (lease) => lease.duid === duid && lease.iaid === iaid && lease.state === 'bound' && lease.end > now,
    )
  }

  /**
   * An address for each association, in their order; undefined where there is none left. First the client's reservation, then what it
   * has, what was advertised to it, what its card had under another name, what it asks for, a never used one, the one free for longest.
   */
  choose(owner: Owner, associations: readonly IdentityAssociation[], now: number): (string | undefined)[] {
    this.#expireHolds(now)
    const chosen = new Map<number, string>()
    const take = (iaid: number, address: string | undefined): boolean => {
      if (address === undefined || [...chosen.values()].includes(address)) return false
      chosen.set(iaid, address)
      return true
    }
    const reserved = this.reservationOf(owner)
    const [first] = associations
    if (first && reserved !== undefined && this.#free(reserved, owner.key, now)) take(first.iaid, reserved)
    for (const { iaid } of associations) {
      if (!chosen.has(iaid)) take(iaid, this.#own(owner, iaid, now))
    }
    for (const { iaid, addresses } of associations) {
      if (chosen.has(iaid)) continue
      const former = this.#leasesOf(owner.key)
        .filter(({ state }) => state !== 'declined')
        .toSorted((a, b) => b.end - a.end)
        .map(({ address }) => address)
      const candidates = [...former, ...addresses].filter((address) => this.mayUse(owner, address, now))
      if (candidates.some((address) => take(iaid, address))) continue
      take(iaid, this.#unused(owner.key, [...chosen.values()], now))
    }
    return associations.map(({ iaid }) => chosen.get(iaid))
  }

  /** True if the client may be given exactly this address. */
  mayUse(owner: Owner, address: string, now: number): boolean {
    this.#expireHolds(now)
    if (!this.#free(address, owner.key, now)) return false
    return this.reservationOf(owner) === address || this.#dynamic(address)
  }

  /** Sets an address aside for the client that it was advertised to. */
  hold({ key }: Owner, iaid: number, address: string, now: number): void {
    const before = this.#heldBy.get(holderName(key, iaid))
    if (before !== undefined && before !== address) this.#unhold(before)
    // It may have been held for another association of the same client.
    const taken = this.#holds.get(address)
    if (taken) this.#heldBy.delete(holderName(taken.key, taken.iaid))
    // Deleting first moves the entry to the end of the map, which is the order of expiry.
    this.#holds.delete(address)
    this.#holds.set(address, { key, iaid, until: now + this.#holdMs })
    this.#heldBy.set(holderName(key, iaid), address)
  }

  /** Forgets what was advertised to the association: its client chose another server. */
  dropHold({ key }: Owner, iaid: number): void {
    const address = this.#heldBy.get(holderName(key, iaid))
    if (address !== undefined) this.#unhold(address)
  }

  /** Gives the address to the association until `now` + `ms`; durable on return. Throws what the store throws. */
  bind(owner: Owner, iaid: number, address: string, ms: number, now: number): void {
    const { key, duid, client } = owner
    const before = this.#byAddress.get(address)
    const renewed = before?.key === key && before.state === 'bound'
    const old = this.leaseOf(owner, iaid, now)
    if (old && old.address !== address) this.#put({ ...old, state: 'released', end: now })
    this.#put({
      address,
      key,
      mac: client.mac,
      duid,
      iaid,
      ...(client.hostname !== undefined && { hostname: client.hostname }),
      state: 'bound',
      start: renewed ? before.start : now,
      end: now + ms,
    })
    if (this.#holds.has(address)) this.#unhold(address)
  }

  /** Ends the association's lease but remembers it, so that the client gets it again. False if it has no such lease. */
  release(owner: Owner, iaid: number, address: string, now: number): boolean {
    const lease = this.leaseOf(owner, iaid, now)
    if (lease?.address !== address) return false
    this.#put({ ...lease, state: 'released', end: now })
    return true
  }

  /** Takes an address out of use that the client found occupied; resolves until when. Undefined unless it was the client's. */
  decline(owner: Owner, iaid: number, address: string, now: number): number | undefined {
    const lease = this.leaseOf(owner, iaid, now)
    if (lease?.address !== address) return undefined
    const end = now + this.#quarantineMs
    this.#put({ ...lease, key: '', state: 'declined', start: now, end })
    return end
  }

  #own(owner: Owner, iaid: number, now: number): string | undefined {
    const lease = this.leaseOf(owner, iaid, now)
    if (lease && this.mayUse(owner, lease.address, now)) return lease.address
    const held = this.#heldBy.get(holderName(owner.key, iaid))
    return held !== undefined && this.mayUse(owner, held, now) ? held : undefined
  }

  #leasesOf(key: string): Lease6[] {
    return [...(this.#byKey.get(key) ?? [])].map((address) => this.#byAddress.get(address)!)
  }

  /** Nobody but `key` holds or leases it, and it can be a client's address at all. */
  #free(address: string, key: string, now: number): boolean {
    const hold = this.#holds.get(address)
    if (hold && hold.key !== key) return false
    const lease = this.#byAddress.get(address)
    if (lease && lease.key !== key && isLive6(lease, now)) return false
    return (
      this.#subnet.contains(address) &&
      parseIpv6(address) !== this.#subnet.anycast &&
      !this.#ownAddresses().has(address)
    )
  }

  /** It lies in a range and is promised to nobody. */
  #dynamic(address: string): boolean {
    const number = parseIpv6(address)
    return (
      number !== undefined &&
      !this.#subnet.excluded.has(number) &&
      !this.#reservations.has(address) &&
      this.#placeOf(number) !== undefined
    )
  }

  #unused(key: string, chosen: readonly string[], now: number): string | undefined {
    const usable = (address: string): boolean =>
      this.#dynamic(address) && this.#free(address, key, now) && !chosen.includes(address)
    for (let address = this.#at(this.#fresh); address !== undefined; address = this.#at(this.#fresh)) {
      this.#fresh++
      if (!this.#byAddress.has(address) && !this.#holds.has(address) && usable(address)) return address
    }
    for (let entry = this.#reclaim.popFree(now); entry; entry = this.#reclaim.popFree(now)) {
      const address = this.#at(entry.address)!
      const current = (this.#byAddress.get(address)?.end ?? 0) === entry.freeAt
      if (current && usable(address)) return address
    }
    return undefined
  }

  /** The address at a place among those of all ranges. */
  #at(place: number): string | undefined {
    let left = place
    for (const { from, size } of this.#subnet.ranges) {
      if (left < size) return formatIpv6(from + BigInt(left))
      left -= size
    }
    return undefined
  }

  #placeOf(address: bigint): number | undefined {
    let before = 0
    for (const { from, size } of this.#subnet.ranges) {
      if (address >= from && address < from + BigInt(size)) return before + Number(address - from)
      before += size
    }
    return undefined
  }

  #expireHolds(now: number): void {
    for (const [address, { until }] of this.#holds) {
      if (until > now) return
      this.#unhold(address)
    }
  }

  #unhold(address: string): void {
    const { key, iaid } = this.#holds.get(address)!
    const holder = holderName(key, iaid)
    if (this.#heldBy.get(holder) === address) this.#heldBy.delete(holder)
    this.#holds.delete(address)
    this.#remember(address, this.#byAddress.get(address)?.end ?? 0)
  }

  #put(lease: Lease6): void {
    this.#store.put(lease)
    this.#index(lease)
  }

  #index(lease: Lease6): void {
    const { address, key, end } = lease
    const before = this.#byAddress.get(address)
    if (before) {
      const siblings = this.#byKey.get(before.key)
      siblings?.delete(address)
      if (siblings?.size === 0) this.#byKey.delete(before.key)
    }
    this.#byAddress.set(address, lease)
    const mine = this.#byKey.get(key)
    if (mine) mine.add(address)
    else this.#byKey.set(key, new Set([address]))
    this.#remember(address, end)
  }

  /** The address can be had by others from `freeAt` on. Renewals leave stale entries behind. */
  #remember(address: string, freeAt: number): void {
    const place = this.#placeOf(parseIpv6(address)!)
    if (place === undefined) return
    this.#reclaim.push(place, freeAt)
    if (this.#reclaim.size <= 2 * this.#byAddress.size + 1024) return
    const unused = new Set(this.#reclaim.clear().filter((one) => !this.#byAddress.has(this.#at(one)!)))
    for (const [one, lease] of this.#byAddress) {
      const known = this.#placeOf(parseIpv6(one)!)
      if (known !== undefined) this.#reclaim.push(known, lease.end)
    }
    for (const one of unused) this.#reclaim.push(one, 0)
  }
}

function holderName(key: string, iaid: number): string {
  return `${key}/${iaid}`
}

/** The same address may be written in several ways; here there is one. */
function canonical(address: string): string | undefined {
  const number = parseIpv6(address)
  return number === undefined ? undefined : formatIpv6(number)
}
