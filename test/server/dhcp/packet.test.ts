import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DhcpError } from '../../../server/dhcp/errors.ts'
import { MESSAGE, OPTION } from '../../../server/dhcp/options.ts'
import { BOOTREPLY, decodePacket, encodePacket, type DhcpPacket } from '../../../server/dhcp/packet.ts'
import { message, pxeOptions, wireOrder } from './messages.ts'

/** A message with this options area, written by hand. */
function raw(
  area: readonly number[],
  { file = [], sname = [] }: { file?: number[]; sname?: number[] } = {},
): Uint8Array {
  const bytes = new Uint8Array(240 + area.length)
  bytes.set(encodePacket(message()).subarray(0, 240))
  bytes.set(sname, 44)
  bytes.set(file, 108)
  bytes.set(area, 240)
  return bytes
}

function decoded(bytes: Uint8Array, op?: number): DhcpPacket {
  const result = decodePacket(bytes, op)
  if (!('packet' in result)) throw new Error(result.malformed)
  return result.packet
}

const ADDRESS = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((bytes) => bytes.join('.'))
const NAMED_TAGS = [43, 60, 61, 66, 67, 77, 82, 93, 94, 97, 119, 121, 175]
const TAG = fc
  .oneof(fc.constantFrom(...NAMED_TAGS), fc.integer({ min: 1, max: 254 }))
  .filter((tag) => tag !== OPTION.overload && tag !== OPTION.messageType)
const PACKET: fc.Arbitrary<DhcpPacket> = fc.record({
  op: fc.constant(BOOTREPLY),
  htype: fc.nat(255),
  hlen: fc.nat(16),
  hops: fc.nat(255),
  xid: fc.nat(0xffffffff),
  secs: fc.nat(0xffff),
  flags: fc.nat(0xffff),
  ciaddr: ADDRESS,
  yiaddr: ADDRESS,
  siaddr: ADDRESS,
  giaddr: ADDRESS,
  chaddr: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  sname: fc.uint8Array({ min: 1, maxLength: 64 }),
  file: fc.uint8Array({ min: 1, maxLength: 128 }),
  options: fc
    .uniqueArray(fc.tuple(TAG, fc.uint8Array({ maxLength: 60 })), { selector: ([tag]) => tag, maxLength: 12 })
    .map((entries) => new Map([[OPTION.messageType, Uint8Array.of(MESSAGE.ack)], ...entries])),
})

describe('decodePacket', () => {
  it('statement 1: names what is wrong with any byte string, never throws', { timeout: 60_000 }, () => {
    const template = encodePacket(message({ options: pxeOptions(7) }))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => Object.keys(decodePacket(bytes)).length === 1),
      { numRuns: 5_000, seed: 1 },
    )
    // Most random bytes fail at the header, so spoil only the options of a real message too.
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(template.length - 1), fc.nat(255)), { maxLength: 20 }), (changes) => {
        const bytes = Uint8Array.from(template)
        for (const [at, value] of changes) bytes[at] = value
        return Object.keys(decodePacket(bytes)).length === 1
      }),
      { numRuns: 10_000, seed: 2 },
    )
  })

  it('statement 1: survives truncation at every length', () => {
    const bytes = encodePacket(message({ options: pxeOptions(7) }))
    for (let length = 0; length < bytes.length; length++) {
      const result = decodePacket(bytes.subarray(0, length))
      expect('packet' in result || result.malformed).toBeTruthy()
      if (length < 240) expect(result).toEqual({ malformed: 'too-short' })
    }
  })

  it.each([
    ['239 bytes', raw([]).subarray(0, 239), 'too-short'],
    ['a reply', Uint8Array.from(raw([53, 1, 1, 255]), (byte, i) => (i === 0 ? 2 : byte)), 'wrong-op'],
    [
      'a hardware address of 17 bytes',
      Uint8Array.from(raw([53, 1, 1]), (byte, i) => (i === 2 ? 17 : byte)),
      'bad-hlen',
    ],
    ['another cookie', Uint8Array.from(raw([53, 1, 1]), (byte, i) => (i === 236 ? 0 : byte)), 'bad-cookie'],
    ['no options at all', raw([]), 'no-message-type'],
    ['a message type of two bytes', raw([53, 2, 1, 1, 255]), 'no-message-type'],
    ['a message type without value', raw([53, 0, 255]), 'no-message-type'],
    ['a length past the end', raw([53, 1, 1, 12, 9, 65]), 'truncated-option'],
    ['a tag at the very end', raw([53, 1, 1, 12]), 'truncated-option'],
    [
      'an overloaded file cut short',
      raw([53, 1, 1, 52, 1, 1, 255], { file: [...Array(126).fill(0), 12, 9] }),
      'truncated-option',
    ],
  ])('drops %s', (_name, bytes, malformed) => {
    expect(decodePacket(bytes)).toEqual({ malformed })
  })

  it('accepts hardware addresses of 0 and 16 bytes', () => {
    expect(decoded(encodePacket(message({ hlen: 16 }))).hlen).toBe(16)
    expect(decoded(encodePacket(message({ hlen: 0, htype: 32 }))).htype).toBe(32)
  })

  it('statement 3: skips single pad bytes and needs no end mark', () => {
    const { options } = decoded(raw([0, 53, 1, 1, 0, 12, 1, 65, 0]))
    expect([...options]).toEqual([
      [53, Uint8Array.of(1)],
      [12, Uint8Array.of(65)],
    ])
  })

  it('statement 4: appends repeated tags to the first', () => {
    const { options } = decoded(raw([53, 1, 1, 12, 2, 65, 66, 15, 1, 90, 12, 1, 67, 255]))
    expect(options.get(12)).toEqual(Buffer.from('ABC'))
  })

  it('statement 5: reads overloaded file, then sname', () => {
    const area = [53, 1, 1, 52, 1, 3, 12, 1, 65, 255]
    const { options, file, sname } = decoded(raw(area, { file: [12, 1, 66, 255], sname: [12, 1, 67, 255] }))
    expect(options.get(12)).toEqual(Buffer.from('ABC'))
    expect([file.length, sname.length]).toEqual([0, 0])
  })

  it('strips trailing NULs of header strings only', () => {
    const { file, options } = decoded(raw([53, 1, 1, 67, 2, 65, 0, 255], { file: [65, 0, 66, 0] }))
    expect(file).toEqual(Uint8Array.of(65, 0, 66))
    expect(options.get(67)).toEqual(Uint8Array.of(65, 0))
  })
})

describe('encodePacket', () => {
  it('statement 2: is undone by decoding', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(PACKET, (packet) => {
        const { options, chaddr, sname, file, ...fields } = decoded(encodePacket(packet, { limit: 1472 }), BOOTREPLY)
        const same = (a: Uint8Array, b: Uint8Array | undefined): boolean =>
          b !== undefined && Buffer.compare(a, b) === 0
        return (
          Object.entries(fields).every(([name, value]) => packet[name as keyof typeof fields] === value) &&
          same(chaddr, packet.chaddr) &&
          same(sname, packet.sname) &&
          same(file, packet.file) &&
          options.size === packet.options.size &&
          [...options].every(([tag, value]) => same(value, packet.options.get(tag)))
        )
      }),
      { numRuns: 3_000, seed: 3 },
    )
  })

  it('statement 6: pads to 300 bytes', () => {
    const bytes = encodePacket(message())
    expect(bytes).toHaveLength(300)
    expect([...bytes.subarray(240, 244)]).toEqual([53, 1, 1, 255])
  })

  it('statement 7: leaves out what is merely nice to have, from the end', () => {
    const options: [number, Uint8Array][] = [
      [1, Uint8Array.of(255, 255, 255, 0)],
      [67, new Uint8Array(100).fill(65)],
      [15, new Uint8Array(100).fill(66)],
      [119, new Uint8Array(100).fill(67)],
      [82, new Uint8Array(20)],
    ]
    const bytes = encodePacket(message({ options }), { limit: 548 })
    expect(bytes.length).toBeLessThanOrEqual(548)
    expect(wireOrder(bytes)).toEqual([53, 1, 67, 15, 82])
    expect(encodePacket(message({ options }), { limit: 1472 }).length).toBeGreaterThan(548)
  })

  it('statement 7: refuses what cannot be left out', () => {
    const options: [number, Uint8Array][] = [
      [67, new Uint8Array(200)],
      [82, new Uint8Array(200)],
    ]
    expect(() => encodePacket(message({ options }))).toThrowWithCode(DhcpError, 'REPLY_TOO_LARGE')
  })

  it('statement 8: begins with 53 and 54, ends with 82', () => {
    const packet = message({
      options: [
        [82, [1]],
        [12, [65]],
        [54, [1, 2, 3, 4]],
        [1, [255, 0, 0, 0]],
      ],
    })
    expect(wireOrder(encodePacket(packet))).toEqual([53, 54, 12, 1, 82])
  })

  it('splits long options, but never boot data', () => {
    const long = new Uint8Array(300).fill(7)
    const bytes = encodePacket(message({ options: [[121, long]] }), { limit: 1472 })
    expect(wireOrder(bytes)).toEqual([53, 121, 121])
    expect(decoded(bytes).options.get(121)).toEqual(Buffer.from(long))
    for (const tag of [43, 60, 66, 67]) {
      const packet = message({ options: [[tag, long]] })
      expect(() => encodePacket(packet, { limit: 1472 })).toThrowWithCode(DhcpError, 'OPTION_TOO_LONG')
    }
  })
})
