import { expect, it } from 'vitest'
import type { Client } from '../../../server/dhcp/client.ts'
import { fixedReservations } from '../../../server/dhcp/reservations.ts'
import { memoryLeaseStore6 } from '../../../server/dhcp6/leases.ts'
import { Pool6, type Owner } from '../../../server/dhcp6/pool.ts'
import { createSubnet6 } from '../../../server/dhcp6/subnets.ts'
import { HOUR, NOW, SUBNET } from './messages.ts'

function owner(name: number): Owner {
  const mac = `52:54:00:00:00:0${name}`
  const client: Client = { kind: 'plain', netboot: false, mac, userClasses: [] }
  return { key: `mac:${mac}`, duid: `000${name}`, client }
}

function pool(ranges: [from: string, to: string][], options: Partial<ConstructorParameters<typeof Pool6>[0]> = {}) {
  const subnet = createSubnet6({ ...SUBNET, ranges: ranges.map(([from, to]) => ({ from, to })) })
  return new Pool6({
    subnet,
    store: memoryLeaseStore6(),
    reservations: fixedReservations([]),
    ownAddresses: () => new Set(['fd00:77::1']),
    ...options,
  })
}

const ia = (iaid: number, ...addresses: string[]) => ({ iaid, addresses })

it('goes through all ranges, past its own address and that of the routers', () => {
  const addresses = pool([
    ['fd00:77::', 'fd00:77::2'],
    ['fd00:77::10', 'fd00:77::10'],
  ])
  const chosen = addresses.choose(owner(1), [ia(1), ia(2), ia(3)], NOW)
  expect(chosen).toEqual(['fd00:77::2', 'fd00:77::10', undefined])
})

it('what was advertised and never asked for comes free again', () => {
  const addresses = pool([['fd00:77::2', 'fd00:77::2']], { holdMs: 60_000 })
  addresses.hold(owner(1), 1, 'fd00:77::2', NOW)
  expect(addresses.choose(owner(2), [ia(1)], NOW + 59_000)).toEqual([undefined])
  expect(addresses.choose(owner(1), [ia(1)], NOW + 59_000)).toEqual(['fd00:77::2'])
  expect(addresses.choose(owner(2), [ia(1)], NOW + 61_000)).toEqual(['fd00:77::2'])
})

it('an address is held for one association at a time, also of the same client', () => {
  const addresses = pool([['fd00:77::2', 'fd00:77::9']])
  addresses.hold(owner(1), 1, 'fd00:77::2', NOW)
  addresses.hold(owner(1), 2, 'fd00:77::2', NOW)
  addresses.dropHold(owner(1), 2)
  addresses.dropHold(owner(1), 1)
  expect(addresses.choose(owner(2), [ia(1, 'fd00:77::2')], NOW)).toEqual(['fd00:77::2'])
})

it('the address free for longest goes first, and leases under way never', () => {
  const addresses = pool([['fd00:77::2', 'fd00:77::4']])
  addresses.bind(owner(1), 1, 'fd00:77::2', HOUR, NOW)
  addresses.bind(owner(2), 1, 'fd00:77::3', HOUR / 2, NOW)
  addresses.bind(owner(3), 1, 'fd00:77::4', HOUR / 4, NOW)
  addresses.bind(owner(3), 1, 'fd00:77::4', HOUR, NOW)
  expect(addresses.choose(owner(4), [ia(1)], NOW + HOUR / 4 + 1)).toEqual([undefined])
  expect(addresses.choose(owner(4), [ia(1)], NOW + HOUR + 1)).toEqual(['fd00:77::3'])
})

it('a wish is granted only for what is free and in a range', () => {
  const addresses = pool([['fd00:77::2', 'fd00:77::9']], {
    reservations: fixedReservations([{ address: 'fd00:77::4', match: { mac: 'aa:aa:aa:aa:aa:aa' } }]),
  })
  addresses.bind(owner(1), 1, 'fd00:77::5', HOUR, NOW)
  const wish = (address: string) => addresses.choose(owner(2), [ia(1, address)], NOW)[0]
  expect(wish('fd00:77::7')).toBe('fd00:77::7')
  expect(wish('fd00:77::4')).toBe('fd00:77::2')
  expect(wish('fd00:77::5')).toBe('fd00:77::3')
  expect(wish('fd00:77::99')).toBe('fd00:77::6')
})

it('renewals by the thousand do not pile up', () => {
  const addresses = pool([['fd00:77::2', 'fd00:77::3']])
  for (let i = 0; i < 5000; i++) addresses.bind(owner(1), 1, 'fd00:77::2', HOUR, NOW + i)
  addresses.bind(owner(2), 1, 'fd00:77::3', HOUR, NOW)
  expect(addresses.choose(owner(3), [ia(1)], NOW + HOUR + 1)).toEqual(['fd00:77::3'])
  expect(addresses.choose(owner(3), [ia(1)], NOW + 2 * HOUR)).toHaveLength(1)
})
