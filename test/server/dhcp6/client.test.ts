import { describe, expect, it } from 'vitest'
import { classifyClient6 } from '../../../server/dhcp6/client.ts'
import { OPTION6, uint16, vendorClass, type Option6 } from '../../../server/dhcp6/options.ts'
import { LL_DUID, MAC, SENDER, UUID_DUID, fromRelay, ipxeOptions, message, relayed, uefiOptions } from './messages.ts'

const classify = (options: Option6[], duid: Uint8Array | null = UUID_DUID, from = SENDER) =>
  classifyClient6(message({ duid, options }), [], from)

describe('kind', () => {
  it.each([
    ["UEFI's PXE", uefiOptions(7), 'pxe'],
    ['UEFI HTTP Boot', uefiOptions(16, 'HTTPClient'), 'http'],
    ['iPXE, which also calls itself a PXE client', [...uefiOptions(7), ...ipxeOptions()], 'ipxe'],
    ['firmware that tells only its architecture', [[OPTION6.clientArchitecture, uint16(16)] as Option6], 'http'],
    ['U-Boot', [vendorClass(0, 'U-Boot.armv8')], 'u-boot'],
    ['an operating system', [], 'plain'],
    ['an operating system that tells its vendor', [vendorClass(40_712, 'dhcpcd-9.4.1')], 'plain'],
  ])('%s', (_, options, kind) => {
    expect(classify(options)).toMatchObject({ kind, netboot: kind !== 'plain' })
  })

  it('takes iPXE for one that speaks HTTP, as it tells no features here', () => {
    expect(classify(ipxeOptions()).ipxe).toEqual({ features: ['http'] })
  })
})

describe('MAC', () => {
  it.each<[string, Uint8Array | null, string, string]>([
    ['of the link-local address', UUID_DUID, SENDER, MAC],
    [
      'of the link-local address before that in the DUID, which may be of another card',
      Buffer.from('000300010a0b0c0d0e0f', 'hex'),
      SENDER,
      MAC,
    ],
    ['of a DUID-LL where the address tells none', LL_DUID, 'fe80::1234:5678:9abc:def0%lan0', MAC],
    ['of a DUID-LLT', Buffer.from('000100012c0a1b2c525400123456', 'hex'), 'fe80::1%lan0', MAC],
    ['none of a DUID of another kind of hardware', Buffer.from('00030020525400123456', 'hex'), 'fe80::1%lan0', ''],
    ['none of a DUID-UUID', UUID_DUID, 'fe80::1%lan0', ''],
    ['none where there is no DUID', null, 'fe80::1%lan0', ''],
  ])('%s', (_, duid, from, mac) => {
    expect(classify([], duid, from).mac).toBe(mac)
  })

  it('as its relay saw it (option 79), else of the address the relay had it from', () => {
    const solicit = message({ duid: UUID_DUID })
    const seen: Option6 = [79, Buffer.from('00010a0b0c0d0e0f', 'hex')]
    const through = (options: Option6[]) => {
      const { message: inner, relays, from } = fromRelay(relayed(relayed(solicit, { options }), { linkAddress: '::' }))
      return classifyClient6(inner, relays, from.address).mac
    }
    expect(through([seen])).toBe('0a:0b:0c:0d:0e:0f')
    expect(through([])).toBe(MAC)
    expect(through([[79, Buffer.from('0020ffff', 'hex')]])).toBe(MAC)
  })
})

it('reads the host name of option 39, and no nonsense', () => {
  const named = (hex: string) => classify([[OPTION6.clientFqdn, Buffer.from(hex, 'hex')]]).hostname
  expect(named('0003626f78')).toBe('box')
  expect(named('0003626f78036c616204746573740')).toBe('box')
  expect(named('00')).toBeUndefined()
  expect(named('0009626f78')).toBeUndefined()
  expect(named('0003622078')).toBeUndefined()
})
