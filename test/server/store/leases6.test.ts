import { describe, expect, it } from 'vitest'
import { memoryLeaseStore6, type Lease6, type LeaseStore6 } from '../../../server/dhcp6/leases.ts'
import { openStore } from '../../../server/store/store.ts'

const LEASE: Lease6 = {
  address: 'fd00:77::1000',
  key: 'mac:52:54:00:12:34:56',
  mac: '52:54:00:12:34:56',
  duid: '00030001525400123456',
  iaid: 0xffff_ffff,
  hostname: 'box',
  state: 'bound',
  start: 1,
  end: 2,
}

describe.each<[string, () => LeaseStore6]>([
  ['in memory', () => memoryLeaseStore6()],
  ['in SQLite', () => openStore(':memory:').leases6],
])('DHCPv6 leases %s', (_, create) => {
  it('keeps one lease of each address, the last', () => {
    const leases = create()
    leases.put(LEASE)
    leases.put({ ...LEASE, address: 'fd00:77::1001' })
    leases.put({ ...LEASE, state: 'released' })
    expect([...leases.all()].toSorted((a, b) => a.address.localeCompare(b.address))).toEqual([
      { ...LEASE, state: 'released' },
      { ...LEASE, address: 'fd00:77::1001' },
    ])
  })
})

it('finds a lease by its address', () => {
  const { leases6 } = openStore(':memory:')
  leases6.put(LEASE)
  expect(leases6.at(LEASE.address)).toEqual(LEASE)
  expect(leases6.at('fd00:77::2')).toBeUndefined()
})

it('the server calls itself the same for ever', () => {
  const { leases6 } = openStore(':memory:')
  expect(leases6.serverDuid(() => '0001aa')).toBe('0001aa')
  expect(leases6.serverDuid(() => '0001bb')).toBe('0001aa')
})
