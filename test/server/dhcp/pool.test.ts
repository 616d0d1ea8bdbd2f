import { describe, expect, it } from 'vitest'
import { classifyClient } from '../../../server/dhcp/client.ts'
import { memoryLeaseStore, type Lease } from '../../../server/dhcp/leases.ts'
import { formatIpv4 } from '../../../server/dhcp/ipv4.ts'
import { AddressPool, type Holder, type PoolOptions } from '../../../server/dhcp/pool.ts'
import { fixedReservations, type Reservations } from '../../../server/dhcp/reservations.ts'
import { clientKey } from '../../../server/dhcp/request.ts'
import { createSubnet, type SubnetConfig } from '../../../server/dhcp/subnets.ts'
import { HOUR, LINK, NOW, SECOND, SUBNET, message } from './messages.ts'

function holder(n: number): Holder {
  const mac = `52:54:00:${[n >> 16, n >> 8, n].map((part) => (part & 255).toString(16).padStart(2, '0')).join(':')}`
  const packet = message({ mac })
  return { key: clientKey(packet)!, client: classifyClient(packet) }
}

function pool(config: Partial<SubnetConfig> = {}, options: Partial<PoolOptions> = {}): AddressPool {
  return new AddressPool({
    subnet: createSubnet({ ...SUBNET, ...config }),
    store: memoryLeaseStore(),
    reservations: fixedReservations([]),
    ownAddresses: () => new Set([LINK.address]),
    ...options,
  })
}

const range = (from: number, to: number) => ({ ranges: [{ from: `10.77.0.${from}`, to: `10.77.0.${to}` }] })

/** Offers and binds; returns the address. */
function take(addresses: AddressPool, who: Holder, now = NOW, ms = HOUR): string | undefined {
  const choice = addresses.offer(who, undefined, now)
  if (choice) addresses.bind(who, choice.address, ms, now)
  return choice?.address
}

describe('AddressPool', () => {
  it('gives each client its own address, in order', () => {
    const addresses = pool(range(100, 102))
    expect([1, 2, 3, 4].map((n) => take(addresses, holder(n)))).toEqual([
      '10.77.0.100',
      '10.77.0.101',
      '10.77.0.102',
      undefined,
    ])
  })

  it('goes on from one range to the next and leaves out exclusions', () => {
    const ranges = [...range(10, 11).ranges, ...range(20, 22).ranges]
    const addresses = pool({ ranges, exclusions: ['10.77.0.11', '10.77.0.21'] })
    expect([1, 2, 3, 4].map((n) => take(addresses, holder(n)))).toEqual([
      '10.77.0.10',
      '10.77.0.20',
      '10.77.0.22',
      undefined,
    ])
  })

  it('never gives away the network, router, broadcast and own address', () => {
    const ranges = [
      { from: '10.77.0.0', to: '10.77.0.3' },
      { from: '10.77.0.254', to: '10.77.0.255' },
    ]
    const addresses = pool({ ranges, router: '10.77.0.2' })
    expect([1, 2, 3].map((n) => take(addresses, holder(n)))).toEqual(['10.77.0.3', '10.77.0.254', undefined])
    expect(addresses.mayUse(holder(9), '10.77.0.1', NOW)).toBe(false)
    expect(addresses.mayUse(holder(9), '10.77.0.255', NOW)).toBe(false)
  })

  it('repeats an offer and forgets it after a minute', () => {
    const addresses = pool(range(100, 100))
    expect(addresses.offer(holder(1), undefined, NOW)).toEqual({ address: '10.77.0.100', origin: 'dynamic' })
    expect(addresses.offer(holder(1), undefined, NOW + SECOND)).toEqual({ address: '10.77.0.100', origin: 'held' })
    expect(addresses.offer(holder(2), undefined, NOW + 60 * SECOND)).toBeUndefined()
    expect(addresses.offer(holder(2), undefined, NOW + 61 * SECOND)?.address).toBe('10.77.0.100')
  })

  it('statement 27: honours a wish for a free address, not for a taken one', () => {
    const addresses = pool()
    expect(addresses.offer(holder(1), '10.77.0.150', NOW)?.address).toBe('10.77.0.150')
    expect(addresses.offer(holder(2), '10.77.0.150', NOW)?.address).toBe('10.77.0.100')
    expect(addresses.offer(holder(3), '10.77.0.20', NOW)?.address).toBe('10.77.0.101')
  })

  it('statement 17: gives a returning client the address it had', () => {
    const addresses = pool()
    take(addresses, holder(1))
    take(addresses, holder(2))
    expect(addresses.release(holder(1).key, '10.77.0.100', NOW)).toBe(true)
    take(addresses, holder(3))
    expect(take(addresses, holder(1), NOW + HOUR)).toBe('10.77.0.100')
    expect(addresses.release(holder(2).key, '10.77.0.100', NOW)).toBe(false)
  })

  it('reclaims expired addresses, the one free for longest first', () => {
    const addresses = pool(range(100, 102))
    take(addresses, holder(1), NOW, 3 * HOUR)
    take(addresses, holder(2), NOW, HOUR)
    take(addresses, holder(3), NOW, 2 * HOUR)
    expect(take(addresses, holder(4), NOW + HOUR - 1)).toBeUndefined()
    const later = NOW + 4 * HOUR
    expect([4, 5, 6].map((n) => take(addresses, holder(n), later))).toEqual([
      '10.77.0.101',
      '10.77.0.102',
      '10.77.0.100',
    ])
  })

  it('forgets whose address it was once another client has it', () => {
    const addresses = pool(range(100, 100))
    take(addresses, holder(1))
    take(addresses, holder(2), NOW + 2 * HOUR)
    expect(addresses.leaseOf(holder(1).key)).toBeUndefined()
    expect(addresses.offer(holder(1), '10.77.0.100', NOW + 2 * HOUR)).toBeUndefined()
  })

  it('statement 16: leaves a declined address unused for the quarantine', () => {
    const addresses = pool(range(100, 100), { quarantineMs: 2 * HOUR })
    take(addresses, holder(1))
    expect(addresses.decline(holder(2), '10.77.0.100', NOW)).toBe(false)
    expect(addresses.decline(holder(1), '10.77.0.100', NOW)).toBe(true)
    expect(take(addresses, holder(1), NOW + HOUR)).toBeUndefined()
    expect(take(addresses, holder(1), NOW + 2 * HOUR)).toBe('10.77.0.100')
  })

  it('keeps leases, quarantine and the order of reclaim over a restart', () => {
    const store = memoryLeaseStore()
    const before = pool(range(100, 102), { store })
    take(before, holder(1), NOW, 2 * HOUR)
    take(before, holder(2), NOW, HOUR)
    take(before, holder(3), NOW)
    before.decline(holder(3), '10.77.0.102', NOW)
    const after = pool(range(100, 102), { store })
    expect(take(after, holder(4), NOW + 1)).toBeUndefined()
    expect(after.leaseOf(holder(1).key)?.address).toBe('10.77.0.100')
    expect(take(after, holder(4), NOW + 3 * HOUR)).toBe('10.77.0.101')
  })

  it('does not hand out an address that could not be stored', () => {
    const store = { ...memoryLeaseStore(), put: () => { throw new Error('disk full') } } // prettier-ignore
    const addresses = pool(range(100, 100), { store })
    expect(() => take(addresses, holder(1))).toThrow('disk full')
    expect(addresses.leaseOf(holder(1).key)).toBeUndefined()
  })

  it('can forget a lease altogether', () => {
    const store = memoryLeaseStore()
    const addresses = pool(range(100, 100), { store })
    take(addresses, holder(1))
    addresses.forget('10.77.0.100')
    expect([...store.all()]).toEqual([])
    expect(take(addresses, holder(2))).toBe('10.77.0.100')
  })

  describe('with reservations', () => {
    const mine = holder(1)
    const reservations = fixedReservations([
      { address: '10.77.0.101', hostname: 'one', match: { mac: mine.client.mac } },
    ])

    it('keeps a reserved address for its owner', () => {
      const addresses = pool(range(100, 102), { reservations })
      expect([2, 3, 4].map((n) => take(addresses, holder(n)))).toEqual(['10.77.0.100', '10.77.0.102', undefined])
      expect(addresses.mayUse(holder(2), '10.77.0.101', NOW)).toBe(false)
      expect(addresses.offer(mine, '10.77.0.100', NOW)).toEqual({ address: '10.77.0.101', origin: 'reservation' })
      expect(addresses.hostnameOf(mine)).toBe('one')
    })

    it('may lie outside the ranges', () => {
      expect(take(pool(range(150, 160), { reservations }), mine)).toBe('10.77.0.101')
    })

    it('moves the owner to a new reservation, and refuses its old address', () => {
      let current: Reservations = fixedReservations([])
      const live: Reservations = { find: (...about) => current.find(...about), has: (address) => current.has(address) }
      const addresses = pool(range(100, 102), { reservations: live })
      expect(take(addresses, mine)).toBe('10.77.0.100')
      current = reservations
      expect(addresses.mayUse(mine, '10.77.0.100', NOW)).toBe(false)
      expect(take(addresses, mine)).toBe('10.77.0.101')
      expect(addresses.leaseAt('10.77.0.100')?.state).toBe('released')
    })

    it('serves the owner otherwise while somebody sits on the reserved address', () => {
      let current: Reservations = fixedReservations([])
      const live: Reservations = { find: (...about) => current.find(...about), has: (address) => current.has(address) }
      const addresses = pool(range(101, 102), { reservations: live })
      expect(take(addresses, holder(2))).toBe('10.77.0.101')
      current = reservations
      expect(take(addresses, mine)).toBe('10.77.0.102')
      expect(take(addresses, mine, NOW + 2 * HOUR)).toBe('10.77.0.101')
    })

    it('finds addresses again whose reservation was lifted', () => {
      let current: Reservations = reservations
      const live: Reservations = { find: (...about) => current.find(...about), has: (address) => current.has(address) }
      const addresses = pool(range(100, 101), { reservations: live })
      take(addresses, holder(2))
      expect(take(addresses, holder(3))).toBeUndefined()
      current = fixedReservations([])
      expect(take(addresses, holder(3), NOW + 2 * 60 * SECOND)).toBe('10.77.0.101')
    })
  })

  describe('with 65,000 addresses', () => {
    const wide: SubnetConfig = {
      router: '10.0.0.1',
      cidr: '10.0.0.0/16',
      ranges: [{ from: '10.0.0.10', to: '10.0.253.241' }],
    }
    const COUNT = 65_000
    const leases = Array.from({ length: COUNT }, (_, n): Lease => {
      const { key, client } = holder(n)
      const address = formatIpv4(0x0a00000a + n)
      return { address, key, mac: client.mac, state: 'bound', start: NOW, end: NOW + HOUR + n }
    })

    it('statement 22: refuses at once when all are taken, however often asked', () => {
      let lookups = 0
      const counting = { ...fixedReservations([]), has: () => { lookups++; return false } } // prettier-ignore
      const addresses = pool(wide, { store: memoryLeaseStore(leases), reservations: counting })
      expect(addresses.offer(holder(COUNT), undefined, NOW)).toBeUndefined()
      lookups = 0
      for (let n = 0; n < 1000; n++) expect(addresses.offer(holder(COUNT + n), undefined, NOW + n)).toBeUndefined()
      expect(lookups).toBe(0)
    })

    it('finds the one that expired first without looking at the others', () => {
      let lookups = 0
      const counting = { ...fixedReservations([]), has: () => { lookups++; return false } } // prettier-ignore
      const addresses = pool(wide, { store: memoryLeaseStore(leases), reservations: counting })
      expect(take(addresses, holder(COUNT), NOW + HOUR + 5)).toBe('10.0.0.10')
      lookups = 0
      expect(take(addresses, holder(COUNT + 1), NOW + HOUR + 5)).toBe('10.0.0.11')
      expect(lookups).toBeLessThan(5)
    })

    it('keeps its queue small over many renewals', () => {
      const addresses = pool(range(100, 100))
      for (let n = 0; n < 10_000; n++) addresses.bind(holder(1), '10.77.0.100', HOUR, NOW + n)
      expect(take(addresses, holder(2), NOW + 2 * HOUR)).toBe('10.77.0.100')
    })
  })
})
