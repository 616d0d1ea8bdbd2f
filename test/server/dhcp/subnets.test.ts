import { describe, expect, it } from 'vitest'
import { DhcpError } from '../../../server/dhcp/errors.ts'
import { createSubnet } from '../../../server/dhcp/subnets.ts'
import { SUBNET } from './messages.ts'

describe('createSubnet', () => {
  it('fills in defaults', () => {
    const subnet = createSubnet({ cidr: '10.77.0.1/24', ranges: [] })
    expect(subnet).toMatchObject({ leaseSeconds: 3600, authoritative: true, ranges: [] })
    expect(subnet.contains('10.77.0.255')).toBe(true)
    expect(subnet.contains('10.77.1.0')).toBe(false)
    expect(subnet.contains('nonsense')).toBe(false)
  })

  it.each([
    ['no prefix', { cidr: '10.77.0.0' }],
    ['a prefix too long', { cidr: '10.77.0.0/31' }],
    ['a bad address', { cidr: '10.77.0/24' }],
    ['a range outside', { ranges: [{ from: '10.77.0.1', to: '10.78.0.1' }] }],
    ['a range backwards', { ranges: [{ from: '10.77.0.9', to: '10.77.0.1' }] }],
    ['an exclusion outside', { exclusions: ['10.0.0.1'] }],
    ['a router outside', { router: '10.0.0.1' }],
    ['a name as name server', { dns: ['dns.example'] }],
    ['a lease of no time', { leaseSeconds: 0 }],
    ['a lease of half a second', { leaseSeconds: 100.5 }],
  ])('refuses %s', (_name, change) => {
    expect(() => createSubnet({ ...SUBNET, ...change })).toThrowWithCode(DhcpError, 'INVALID_CONFIG')
  })
})
