import fc from 'fast-check'
import { isIPv6 } from 'node:net'
import { describe, expect, it } from 'vitest'
import {
  formatIpv6,
  inPrefix,
  ipv6Bytes,
  isLinkLocal,
  macInAddress,
  parseIpv6,
  parsePrefix,
  readIpv6,
  urlHost,
} from '../../../server/host/ipv6.ts'

describe('text', () => {
  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
    ['fd00:77::', 'fd00:77::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ])('%s is %s', (text, canonical) => {
    expect(formatIpv6(parseIpv6(text)!)).toBe(canonical)
  })

  it.each(['', '1.2.3.4', 'fe80::1%eth0', ':::', '1::2::3', 'fd00::/64', 'x'])('%j is none', (text) => {
    expect(parseIpv6(text)).toBeUndefined()
  })

  it('every address survives text and bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const text = readIpv6(bytes)
        expect(isIPv6(text)).toBe(true)
        expect([...ipv6Bytes(text)]).toEqual([...bytes])
      }),
    )
    expect(() => ipv6Bytes('192.0.2.1')).toThrow(RangeError)
  })

  it('stands in brackets in URLs', () => {
    expect(['fd00::1', '192.0.2.1', 'depot.example'].map(urlHost)).toEqual(['[fd00::1]', '192.0.2.1', 'depot.example'])
  })
})

describe('prefix', () => {
  it('drops the bits beyond its length', () => {
    expect(formatIpv6(parsePrefix('fd00:77::5/64')!.network)).toBe('fd00:77::')
    expect(parsePrefix('::/0')).toEqual({ network: 0n, length: 0 })
  })

  it.each(['fd00::', 'fd00::/129', 'fd00::/x', 'fd00::/64/64', '10.0.0.0/8'])('%s is none', (text) => {
    expect(parsePrefix(text)).toBeUndefined()
  })

  it('holds its addresses and no others', () => {
    const prefix = parsePrefix('fd00:77::/64')!
    const holds = (text: string) => inPrefix(prefix, parseIpv6(text)!)
    expect(['fd00:77::', 'fd00:77::ffff:ffff:ffff:ffff'].map(holds)).toEqual([true, true])
    expect(['fd00:77:0:1::', 'fd00:76:ffff::1'].map(holds)).toEqual([false, false])
  })
})

it('finds the MAC an address was made of', () => {
  expect(macInAddress('fe80::5054:ff:fe12:3456%eth0')).toBe('52:54:00:12:34:56')
  expect(macInAddress('fd00:77::5054:ff:fe12:3456')).toBe('52:54:00:12:34:56')
  expect(['fe80::1', 'nonsense', '10.0.0.1'].map(macInAddress)).toEqual([undefined, undefined, undefined])
})

it('knows addresses that end at the link', () => {
  expect(['fe80::1', 'FEB0::1', 'fec0::1', 'fd00::1'].map(isLinkLocal)).toEqual([true, true, false, false])
})
