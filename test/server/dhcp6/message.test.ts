import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MESSAGE6, decodeMessage, encodeMessage, messageName6, throughRelays } from '../../../server/dhcp6/message.ts'
import { OPTION6, firstOption, uint16, type Option6 } from '../../../server/dhcp6/options.ts'
import { createDhcp6Server } from '../../../server/dhcp6/server.ts'
import { memoryLeaseStore6 } from '../../../server/dhcp6/leases.ts'
import {
  LINK,
  LL_DUID,
  NOW,
  SENDER,
  SERVER_DUID,
  SUBNET,
  message,
  relayed,
  uefiOptions,
  usualBoot,
} from './messages.ts'

/**
 * A Solicit of edk2's PXE driver, put together by hand from PxeBcDhcp6.c and Dhcp6Io.c: transaction, client id (DUID-UUID), IA_NA,
 * options requested (59, 60), interface identifier, architecture 7, vendor class of enterprise 343, elapsed time.
 */
const SOLICIT = [
  '01a1b2c3',
  '0001 0012 0004 4c4c4544003339108048b7c04f303033',
  '0003 000c 12345678 00000000 00000000',
  '0006 0004 003b003c',
  '003e 0003 010300',
  '003d 0002 0007',
  '0010 0026 00000157 0020 505845436c69656e743a417263683a30303030373a554e44493a303033303030',
  '0008 0002 0000',
]
  .join('')
  .replaceAll(' ', '')

const option: fc.Arbitrary<Option6> = fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.uint8Array({ maxLength: 60 }))

function decoded(bytes: Uint8Array) {
  const result = decodeMessage(bytes)
  if ('malformed' in result) throw new Error(result.malformed)
  return result
}

describe('codec', () => {
  it("reads a Solicit of UEFI's PXE", () => {
    const { message: solicit, relays } = decoded(Buffer.from(SOLICIT, 'hex'))
    expect(relays).toEqual([])
    expect(solicit).toMatchObject({ type: MESSAGE6.solicit, transaction: 0xa1b2c3 })
    expect(solicit.options.map(([code]) => code)).toEqual([1, 3, 6, 62, 61, 16, 8])
    expect(Buffer.from(encodeMessage(solicit)).toString('hex')).toBe(SOLICIT)
  })

  it('writes what it reads, repeated and unknown options included', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffff }), fc.array(option), (transaction, options) => {
        const given = { type: MESSAGE6.request, transaction, options }
        const { message: read } = decoded(encodeMessage(given))
        expect(read.options.map(([code, value]) => [code, [...value]])).toEqual(
          options.map(([code, value]) => [code, [...value]]),
        )
        expect(read.transaction).toBe(transaction)
      }),
    )
  })

  it('no byte string makes it throw, nor a Solicit cut at any length', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void decodeMessage(bytes)))
    const whole = Buffer.from(SOLICIT, 'hex')
    const twice = relayed(relayed(whole))
    for (let length = 0; length < twice.length; length++) {
      expect(decodeMessage(twice.subarray(0, length))).toHaveProperty('malformed')
    }
    for (let length = 0; length < whole.length; length++) decodeMessage(whole.subarray(0, length))
  })

  it.each([
    ['nothing', '', 'too-short'],
    ['three bytes', '010203', 'too-short'],
    ['an option longer than the message', '01000000 0001 0009 00', 'truncated-option'],
    ['half an option header', '01000000 0001', 'truncated-option'],
    ['an Advertise', '02000000', 'wrong-direction'],
    ['a Reply', '07000000', 'wrong-direction'],
    ['a Reconfigure', '0a000000', 'wrong-direction'],
    ['a relay without a message', `0c00${'00'.repeat(32)}`, 'no-relay-message'],
    ['half a relay', `0c00${'00'.repeat(20)}`, 'too-short'],
  ])('refuses %s', (_, hex, malformed) => {
    expect(decodeMessage(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toEqual({ malformed })
  })

  it('refuses more relays than a message may pass', () => {
    const through = (count: number): Uint8Array => {
      let bytes: Uint8Array = Buffer.from(SOLICIT, 'hex')
      for (let i = 0; i < count; i++) bytes = relayed(bytes, { hops: i })
      return bytes
    }
    expect(decoded(through(8)).relays).toHaveLength(8)
    expect(decodeMessage(through(9))).toEqual({ malformed: 'too-many-relays' })
  })

  it('names messages apart from those of DHCPv4', () => {
    expect([1, 11, 99].map(messageName6)).toEqual(['dhcp6-solicit', 'dhcp6-information-request', 'dhcp6-type-99'])
  })
})

describe('relays', () => {
  it('the way back is the way there, with each interface id and nothing else echoed', () => {
    const near = relayed(message({}), {
      linkAddress: 'fd00:88::1',
      options: [
        [OPTION6.interfaceId, Buffer.from('port7')],
        [79, Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7)],
      ],
    })
    const far = relayed(near, { linkAddress: '::', peerAddress: 'fd00:88::1', hops: 1 })
    const { relays } = decoded(far)
    expect(relays.map(({ hops, linkAddress }) => [hops, linkAddress])).toEqual([
      [1, '::'],
      [0, 'fd00:88::1'],
    ])
    const back = throughRelays(Uint8Array.of(7, 0, 0, 1), relays)
    const hex = Buffer.from(back).toString('hex')
    const address = 'fd000088000000000000000000000001'
    const peer = 'fe80000000000000505400fffe123456'
    const inner = `0d00${address}${peer}00120005${Buffer.from('port7').toString('hex')}0009000407000001`
    expect(hex).toBe(`0d01${'00'.repeat(16)}${address}0009${(inner.length / 2).toString(16).padStart(4, '0')}${inner}`)
  })
})

describe('the server behind the codec', () => {
  it('statement 81: whatever is asked, no reply holds option 60, and nothing throws', () => {
    const failures: unknown[] = []
    const responder = createDhcp6Server({
      mode: 'stateful',
      duid: SERVER_DUID,
      subnets: [SUBNET],
      store: memoryLeaseStore6(),
      bootFileFor: usualBoot,
      ownAddresses: () => new Set(),
      dns: ['fd00:77::1'],
      search: ['lab.test'],
    })
    const codes = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 40 })
    const types = fc.constantFrom(1, 3, 4, 5, 6, 8, 9, 11)
    fc.assert(
      fc.property(types, codes, fc.array(option, { maxLength: 4 }), fc.boolean(), (type, wanted, extra, named) => {
        const asked = message({
          type,
          ...(named && { server: SERVER_DUID }),
          duid: LL_DUID,
          options: [...uefiOptions(7).slice(1), [OPTION6.optionRequest, Buffer.concat(wanted.map(uint16))], ...extra],
        })
        const { replies, events } = responder.handle({
          message: asked,
          relays: [],
          from: { address: SENDER, port: 546 },
          link: LINK,
          now: NOW,
        })
        failures.push(...events.filter((event) => event.type === 'failed'))
        for (const { bytes } of replies) {
          const read = decodeMessage(Uint8Array.of(1, ...bytes.subarray(1)))
          if ('malformed' in read) throw new Error(read.malformed)
          expect(firstOption(read.message.options, 60)).toBeUndefined()
        }
      }),
    )
    expect(failures).toEqual([])
  })
})
