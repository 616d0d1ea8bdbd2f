import { describe, expect, it } from 'vitest'
import {
  addresses,
  architectures,
  classlessRoutes,
  clientUuid,
  domainSearch,
  encapsulated,
  nulTerminated,
  readAddress,
  readEncapsulated,
  readUint16,
  relayAgent,
  userClasses,
} from '../../../server/dhcp/options.ts'
import { UUID, UUID_OPTION } from './messages.ts'

const one = (code: number, ...bytes: number[]) => new Map([[code, Uint8Array.from(bytes)]])

describe('reading options', () => {
  it('treats a known option of wrong length as absent', () => {
    expect(readAddress(one(50, 10, 0, 0), 50)).toBeUndefined()
    expect(readAddress(one(50, 10, 0, 0, 1), 50)).toBe('10.0.0.1')
    expect(readUint16(one(57, 5), 57)).toBeUndefined()
    expect(architectures(one(93))).toEqual([])
    expect(architectures(one(93, 0, 7, 0))).toEqual([])
    expect(clientUuid(one(97, 0, 1, 2))).toBeUndefined()
    expect(clientUuid(new Map([[97, UUID_OPTION.map((byte, i) => (i === 0 ? 1 : byte))]]))).toBeUndefined()
  })

  it('reads several architectures in order', () => {
    expect(architectures(one(93, 0, 7, 0, 9))).toEqual([7, 9])
  })

  it('shows the SMBIOS UUID as dmidecode does', () => {
    expect(clientUuid(new Map([[97, UUID_OPTION]]))).toBe(UUID)
  })

  it.each([
    ['statement 44: raw, as iPXE sends it', Buffer.from('iPXE'), ['iPXE']],
    ['statement 44: counted, by RFC 3004', Buffer.from('\x04iPXE\x03abc'), ['iPXE', 'abc']],
    ['a count past the end', Buffer.from('\x09iPXE'), ['\x09iPXE']],
    ['nothing', Buffer.from(''), []],
  ])('reads user class %s', (_name, bytes, classes) => {
    expect(userClasses(new Map([[77, bytes]]))).toEqual(classes)
  })

  it('reads what a relay added', () => {
    const value = [1, 2, 0xab, 0x0f, 2, 1, 9, 5, 4, 10, 1, 0, 0, 11, 4, 10, 1, 0, 1]
    expect(relayAgent(one(82, ...value))).toEqual({
      circuitId: 'ab0f',
      remoteId: '09',
      linkSelection: '10.1.0.0',
      serverOverride: '10.1.0.1',
    })
    expect(relayAgent(one(82, 1, 200, 1))).toEqual({})
  })

  it('reads encapsulated lists, keeping the first of a tag', () => {
    const list = readEncapsulated(Uint8Array.of(0, 6, 1, 8, 6, 1, 9, 255, 10, 1, 1))
    expect([...list]).toEqual([[6, Uint8Array.of(8)]])
  })
})

describe('writing options', () => {
  it('statement 10: ends boot names in one NUL', () => {
    expect(nulTerminated('ab')).toEqual(Buffer.from([97, 98, 0]))
  })

  it('writes addresses four bytes each', () => {
    expect(addresses(['10.0.0.1', '192.168.255.2'])).toEqual(Buffer.from([10, 0, 0, 1, 192, 168, 255, 2]))
  })

  it('ends option 43 with 255', () => {
    expect(encapsulated([[6, Uint8Array.of(8)]])).toEqual(Buffer.from([6, 1, 8, 255]))
  })

  it('compresses domain search lists as RFC 3397 shows', () => {
    const expected = '\x03eng\x05apple\x03com\x00\x09marketing\xc0\x04'
    expect(Buffer.from(domainSearch(['eng.apple.com.', 'marketing.apple.com.'])).toString('latin1')).toBe(expected)
  })

  it('writes routes as RFC 3442 shows', () => {
    const routes = [
      { destination: '0.0.0.0/0', gateway: '10.0.0.1' },
      { destination: '10.229.0.128/25', gateway: '10.229.0.1' },
      { destination: '10.17.0.0/16', gateway: '10.17.0.1' },
    ]
    const rows = [
      [0, 10, 0, 0, 1],
      [25, 10, 229, 0, 128, 10, 229, 0, 1],
      [16, 10, 17, 10, 17, 0, 1],
    ]
    expect([...classlessRoutes(routes)]).toEqual(rows.flat())
  })
})
