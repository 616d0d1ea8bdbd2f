import { describe, expect, it } from 'vitest'
import { leaseList } from '../../../server/dhcp/lease-list.ts'
import type { Lease } from '../../../server/dhcp/leases.ts'

const NOW = Date.parse('2026-01-31T12:00:00.000Z')
const MAC = '52:54:00:12:34:56'

function lease(change: Partial<Lease>): Lease {
  return { address: '10.77.0.100', key: MAC, mac: MAC, state: 'bound', start: NOW - 1000, end: NOW + 1000, ...change }
}

function list(leases: Lease[], reservations: { address: string; match: { mac: string } }[] = []) {
  return leaseList({ leases, reservations, machineOf: (mac) => (mac === MAC ? 'the machine' : undefined), now: NOW })
}

describe('leases', () => {
  it.each([
    ['bound', { state: 'bound' }],
    ['expired', { state: 'bound', end: NOW }],
    ['released', { state: 'released' }],
    ['declined', { state: 'declined' }],
  ] as const)('are shown as %s', (state, change) => {
    expect(list([lease(change)])).toMatchObject([{ state, machineId: 'the machine', hostname: null }])
  })

  it('come in the order of addresses, numbers not letters', () => {
    const addresses = ['10.77.0.100', '10.77.0.20', '10.77.0.9']
    expect(list(addresses.map((address) => lease({ address }))).map(({ address }) => address)).toEqual(
      addresses.toReversed(),
    )
  })

  it('stand for the reservation they fulfil', () => {
    const reservations = [
      { address: '10.77.0.100', match: { mac: MAC } },
      { address: '10.77.0.50', match: { mac: '52:54:00:00:00:01' } },
    ]
    expect(list([lease({})], reservations)).toMatchObject([
      { address: '10.77.0.50', state: 'reserved', machineId: null, startsAt: null },
      { address: '10.77.0.100', state: 'bound' },
    ])
  })
})
