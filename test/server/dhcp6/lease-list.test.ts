import { expect, it } from 'vitest'
import { leaseList6 } from '../../../server/dhcp6/lease-list.ts'
import { MAC, NOW } from './messages.ts'

it('rows in the order of addresses, reservations among them', () => {
  const lease = (address: string) => ({ address, mac: MAC, state: 'bound' as const, start: NOW, end: NOW + 1 })
  const rows = leaseList6({
    leases: [lease('fd00:77::1000'), lease('fd00:77::fff')],
    reservations: [{ address: 'fd00:77::7', match: { mac: MAC } }],
    machineOf: () => undefined,
    now: NOW,
  })
  expect(rows.map(({ address, state }) => [address, state])).toEqual([
    ['fd00:77::7', 'reserved'],
    ['fd00:77::fff', 'bound'],
    ['fd00:77::1000', 'bound'],
  ])
})
