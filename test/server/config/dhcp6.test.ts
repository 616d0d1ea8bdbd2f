import { describe, expect, it } from 'vitest'
import type { Host } from '../../../server/config/defaults.ts'
import { ConfigError } from '../../../server/config/errors.ts'
import { loadConfig } from '../../../server/config/load.ts'

const HOST: Host = {
  name: 'depot',
  isRoot: false,
  home: '/home/ann',
  isTerminal: false,
  interfaces: [],
  addressOf: () => undefined,
  addressOf6: (name) => (name === 'eth1' ? 'fd00:77::1' : undefined),
  hasIpv6: true,
}

const STATEFUL = {
  dhcp6Mode: 'stateful',
  dhcp6Interface: 'eth1',
  dhcp6SubnetPrefix: 'fd00:77::/64',
  dhcp6SubnetPool: 'fd00:77::1000-fd00:77::1fff',
}

const load = (flags: Record<string, string>) => loadConfig({ env: {}, flags, host: HOST }).config

function refusal(flags: Record<string, string>): ConfigError {
  try {
    load(flags)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('IPv6 alone', () => {
  it('the address of the interface is that of the server, in brackets where a port follows; TFTP is on', () => {
    expect(load(STATEFUL)).toMatchObject({
      address: 'fd00:77::1',
      registry: '[fd00:77::1]:8443',
      tftp: { enabled: true },
      dhcp6: { mode: 'stateful', preference: 255, rapidCommit: true, subnet: { leaseSeconds: 3600 } },
    })
  })

  it('a chosen address wins, and a registry may be one', () => {
    expect(load({ ...STATEFUL, dhcp6Address: 'fd00:77::2' }).address).toBe('fd00:77::2')
    expect(load({ ...STATEFUL, registry: '[fd00:77::3]:5000' }).registry).toBe('[fd00:77::3]:5000')
  })

  it('stateless needs no subnet, and the interface may be that of DHCP', () => {
    expect(load({ dhcp6Mode: 'stateless', dhcpInterface: 'eth1' }).dhcp6.interface).toBe('eth1')
  })
})

describe('refusals', () => {
  const duid = (text: string, address = 'fd00:77::7') => JSON.stringify([{ duid: text, address }])

  it.each<[string, Record<string, string>, RegExp]>([
    ['no interface', { dhcp6Mode: 'stateless' }, /dhcp6\.mode: stateless needs dhcp6\.interface/],
    ['an interface without address', { ...STATEFUL, dhcp6Interface: 'eth7' }, /eth7 has no IPv6 address/],
    ['no subnet', { dhcp6Mode: 'stateful', dhcp6Interface: 'eth1' }, /stateful needs dhcp6\.subnet/],
    ['a pool outside', { ...STATEFUL, dhcp6SubnetPool: 'fd00:78::1' }, /dhcp6\.subnet\.pool: fd00:78::1 is outside/],
    ['a pool backwards', { ...STATEFUL, dhcp6SubnetPool: 'fd00:77::9-fd00:77::2' }, /ends before it begins/],
    [
      'a pool of everything',
      { ...STATEFUL, dhcp6SubnetPool: 'fd00:77::-fd00:77::ffff:ffff:ffff:ffff' },
      /want 1048576/,
    ],
    ['a pool that is none', { ...STATEFUL, dhcp6SubnetPool: 'fd00:::1' }, /fd00:::1 is no IPv6 address/],
    ['an IPv4 network', { ...STATEFUL, dhcp6SubnetPrefix: '10.0.0.0/8' }, /must be a network like fd00/],
    ['a reservation outside', { ...STATEFUL, dhcp6SubnetReservations: duid('00030001aabb', 'fd00::1') }, /is outside/],
    [
      'our own address',
      { ...STATEFUL, dhcp6SubnetReservations: duid('00030001aabb', 'FD00:77::1') },
      /is taken already/,
    ],
    ['a DUID that is none', { ...STATEFUL, dhcp6SubnetReservations: duid('0003x') }, /bytes of a DUID/],
    [
      'a reservation for nobody',
      { ...STATEFUL, dhcp6SubnetReservations: '[{"address":"fd00:77::7"}]' },
      /needs mac or duid/,
    ],
  ])('%s', (_, flags, message) => {
    expect(refusal(flags).message).toMatch(message)
  })
})
