import { describe, expect, it } from 'vitest'
import { DhcpError } from '../../../server/dhcp/errors.ts'
import { createSubnet6, type Subnet6Config } from '../../../server/dhcp6/subnets.ts'
import { SUBNET } from './messages.ts'

describe('subnet', () => {
  it('knows its addresses', () => {
    const subnet = createSubnet6(SUBNET)
    expect(subnet.contains('fd00:77::5')).toBe(true)
    expect(['fd00:78::5', '10.0.0.1', ''].map(subnet.contains)).toEqual([false, false, false])
    expect(subnet.leaseSeconds).toBe(3600)
  })

  it.each<[string, Partial<Subnet6Config>]>([
    ['no prefix', { prefix: 'fd00:77::' }],
    ['an IPv4 network', { prefix: '10.0.0.0/8' }],
    ['a range outside', { ranges: [{ from: 'fd00:78::1', to: 'fd00:78::2' }] }],
    ['a range backwards', { ranges: [{ from: 'fd00:77::2', to: 'fd00:77::1' }] }],
    ['a range beyond counting', { ranges: [{ from: 'fd00:77::', to: 'fd00:77::ffff:ffff:ffff:ffff' }] }],
    ['an exclusion outside', { exclusions: ['fd00:78::1'] }],
    ['a lease of seconds', { leaseSeconds: 5 }],
  ])('refuses %s', (_, parts) => {
    expect(() => createSubnet6({ ...SUBNET, ...parts })).toThrowWithCode(DhcpError, 'INVALID_CONFIG')
  })
})
