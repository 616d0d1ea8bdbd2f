import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodePacket,
  encodeAck,
  encodeData,
  encodeError,
  encodeOack,
  encodeRequest,
} from '../../../server/tftp/packet.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

describe('decodePacket', () => {
  it('statement 70: names what is wrong with any byte string, never throws', { timeout: 60_000 }, () => {
    const request = fc.uint8Array({ maxLength: 80 }).map((rest) => Buffer.from([0, 1, ...rest]))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), request), (datagram) => {
        const packet = decodePacket(datagram)
        return 'op' in packet || packet.malformed.length > 0
      }),
      { numRuns: 10_000, seed: 1 },
    )
  })

  it.each([
    ['nothing', '', 'too-short'],
    ['three bytes', '\0\x01a', 'too-short'],
    ['opcode 7', '\0\x07ab', 'unknown-opcode'],
    ['a name without end', '\0\x01abc', 'unterminated-request'],
    ['no mode', '\0\x01abc\0octet', 'unterminated-request'],
    ['1025 bytes', `\0\x01${'a'.repeat(1016)}\0octet\0`, 'too-long'],
  ])('drops %s', (_name, datagram, malformed) => {
    expect(decodePacket(bytes(datagram))).toEqual({ malformed })
  })

  it('statement 61: reads option names and mode in capitals, and ignores half a pair', () => {
    expect(decodePacket(bytes('\0\x01a/B\0OCTET\0BLKSIZE\x001468\0TSize\x000\0alone\0'))).toEqual({
      op: 'rrq',
      file: 'a/B',
      mode: 'octet',
      options: new Map([
        ['blksize', '1468'],
        ['tsize', '0'],
      ]),
    })
  })

  it('reads back what is written', () => {
    const options = new Map([['blksize', '1468']])
    const request = { op: 'rrq', file: 'ä.efi', mode: 'octet', options } as const
    expect(decodePacket(encodeRequest(request))).toEqual(request)
    expect(decodePacket(encodeOack(options))).toEqual({ op: 'oack', options })
    expect(decodePacket(encodeAck(65537))).toEqual({ op: 'ack', block: 1 })
    expect(decodePacket(encodeError(8, 'no'))).toEqual({ op: 'error', code: 8, message: 'no' })
    const data = decodePacket(encodeData(65536 + 7, Uint8Array.of(1, 2)))
    expect(data).toEqual({ op: 'data', block: 7, data: Buffer.from([1, 2]) })
  })

  it('takes an error without text', () => {
    expect(decodePacket(Uint8Array.of(0, 5, 0, 8))).toEqual({ op: 'error', code: 8, message: '' })
  })
})
