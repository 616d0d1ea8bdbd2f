import { expect, it } from 'vitest'
import { parseNeighbours } from '../../../server/dhcp/conflict.ts'

const TABLE = `IP address       HW type     Flags       HW address            Mask     Device
10.77.0.100      0x1         0x2         52:54:00:AA:BB:CC     *        lan0
10.77.0.101      0x1         0x0         00:00:00:00:00:00     *        lan0
10.77.0.10       0x1         0x2         52:54:00:00:00:10     *        lan1
`

it.each([
  ['somebody who answered', '10.77.0.100', 'lan0', '52:54:00:aa:bb:cc'],
  ['nobody behind an incomplete entry', '10.77.0.101', 'lan0', undefined],
  ['nobody without entry', '10.77.0.1', 'lan0', undefined],
  ['nobody on this link', '10.77.0.10', 'lan0', undefined],
])('finds %s', (_name, address, device, mac) => {
  expect(parseNeighbours(TABLE, address, device)).toBe(mac)
})
