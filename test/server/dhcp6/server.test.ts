import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixedReservations } from '../../../server/dhcp/reservations.ts'
import { memoryLeaseStore6, type Lease6 } from '../../../server/dhcp6/leases.ts'
import { MESSAGE6 } from '../../../server/dhcp6/message.ts'
import { OPTION6, STATUS, firstOption, readOptions, uint16, type Option6 } from '../../../server/dhcp6/options.ts'
import {
  HOUR,
  LL_DUID,
  MAC,
  NOW,
  SENDER,
  SERVER_DUID,
  SUBNET,
  UUID_DUID,
  fromRelay,
  ipxeOptions,
  message,
  readReply,
  received,
  relayed,
  reply,
  server,
  textOf,
  uefiOptions,
  type MessageParts,
} from './messages.ts'

const FIRST = 'fd00:77::1000'
const SECOND = 'fd00:77::1001'
const { solicit, request, renew, rebind, confirm, release, decline, informationRequest } = MESSAGE6

/** A message that names this server. */
const named = (type: number, parts: MessageParts = {}) => received({ type, server: SERVER_DUID, ...parts })
const one = (...addresses: string[]) => [{ iaid: 1, addresses }]
const types = (events: { type: string }[]) => events.map(({ type }) => type)

describe('four messages', () => {
  it('Solicit, Advertise, Request, Reply: the same address with its lifetimes', () => {
    const dhcp = server({ preference: 255 })
    const advertise = reply(dhcp.handle(received()))
    expect(advertise).toMatchObject({ type: MESSAGE6.advertise, transaction: 0x123456 })
    expect([...advertise.options.get(OPTION6.serverId)!]).toEqual([...SERVER_DUID])
    expect([...advertise.options.get(OPTION6.clientId)!]).toEqual([...LL_DUID])
    expect([...advertise.options.get(OPTION6.preference)!]).toEqual([255])
    expect(advertise.ias.get(1)).toEqual({ addresses: { [FIRST]: 3600 } })

    const outcome = dhcp.handle(named(request, { ias: one(FIRST) }))
    expect(outcome.replies[0]!.to).toEqual({ address: SENDER, port: 546 })
    expect(reply(outcome)).toMatchObject({ type: MESSAGE6.reply })
    expect(reply(outcome).ias.get(1)).toEqual({ addresses: { [FIRST]: 3600 } })
    expect(outcome.events).toMatchObject([{ type: 'ack', address: FIRST, leaseSeconds: 3600, client: { mac: MAC } }])
  })

  it('T1 is half, T2 four fifths of the lease', () => {
    const { options } = reply(server().handle(received()))
    expect(Buffer.from(options.get(OPTION6.iaNa)!).subarray(0, 12).toString('hex')).toBe('000000010000070800000b40')
  })

  it('is on disk before the client hears of it, and if it cannot be, the client hears nothing', () => {
    const store = memoryLeaseStore6()
    const dhcp = server({ store })
    dhcp.handle(received())
    expect([...store.all()]).toEqual([])
    dhcp.handle(named(request, { ias: one(FIRST) }))
    expect([...store.all()]).toMatchObject([{ address: FIRST, mac: MAC, duid: LL_DUID.toString('hex'), iaid: 1 }])

    const broken = { ...memoryLeaseStore6(), put: () => void fail() }
    const outcome = server({ store: broken }).handle(named(request))
    expect(outcome.replies).toEqual([])
    expect(types(outcome.events)).toEqual(['failed'])
  })

  it('knows its leases after a restart', () => {
    const store = memoryLeaseStore6()
    server({ store }).handle(named(request))
    const again = server({ store })
    expect(
      reply(again.handle(received({ duid: Buffer.from('00030001aaaaaaaaaaaa', 'hex'), from: 'fe80::1' }))).ias.get(1),
    ).toEqual({
      addresses: { [SECOND]: 3600 },
    })
    expect(reply(again.handle(named(renew, { ias: one(FIRST) }))).ias.get(1)).toEqual({ addresses: { [FIRST]: 3600 } })
  })

  it('rapid commit: lends at once, unless that is switched off', () => {
    const rapid: Option6 = [OPTION6.rapidCommit, new Uint8Array()]
    const store = memoryLeaseStore6()
    const quick = reply(server({ store }).handle(received({ options: [rapid] })))
    expect(quick.type).toBe(MESSAGE6.reply)
    expect(quick.options.has(OPTION6.rapidCommit)).toBe(true)
    expect([...store.all()]).toHaveLength(1)
    const slow = reply(server({ rapidCommit: false }).handle(received({ options: [rapid] })))
    expect(slow.type).toBe(MESSAGE6.advertise)
    expect(slow.options.has(OPTION6.rapidCommit)).toBe(false)
  })

  it('several associations get an address each, a repeated one only one, too many are cut', () => {
    const dhcp = server()
    const two = [{ iaid: 7 }, { iaid: 9 }, { iaid: 7 }]
    const { ias } = reply(dhcp.handle(named(request, { ias: two })))
    expect(Object.fromEntries(ias)).toEqual({
      7: { addresses: { [FIRST]: 3600 } },
      9: { addresses: { [SECOND]: 3600 } },
    })
    // Asked for alone, each keeps its own.
    expect(reply(dhcp.handle(named(renew, { ias: [{ iaid: 9, addresses: [SECOND] }] }))).ias.get(9)).toEqual({
      addresses: { [SECOND]: 3600 },
    })
    const many = Array.from({ length: 40 }, (_, iaid) => ({ iaid }))
    expect(reply(dhcp.handle(received({ ias: many }))).ias.size).toBe(8)
  })

  it('temporary addresses and prefixes are not to be had, and that is said', () => {
    const wanted: Option6[] = [
      [OPTION6.iaTa, Buffer.from('00000005', 'hex')],
      [OPTION6.iaPd, Buffer.from('000000060000000000000000', 'hex')],
    ]
    const { options, ias } = reply(server().handle(received({ options: wanted })))
    expect(ias.get(1)?.addresses).toEqual({ [FIRST]: 3600 })
    expect(Buffer.from(options.get(OPTION6.iaTa)!).toString('hex')).toMatch(/^00000005000d....0002/)
    expect(Buffer.from(options.get(OPTION6.iaPd)!).toString('hex')).toMatch(/^000000060{16}000d....0006/)
  })

  it('a full pool: no address, said by status, one event until one comes free', () => {
    const dhcp = server({ subnets: [{ ...SUBNET, ranges: [{ from: FIRST, to: FIRST }] }] })
    dhcp.handle(named(request))
    const other = { duid: UUID_DUID, from: 'fe80::2' }
    const outcome = dhcp.handle(received(other))
    expect(reply(outcome).ias.get(1)).toEqual({ addresses: {}, status: STATUS.noAddresses })
    expect(types(outcome.events)).toEqual(['pool-exhausted'])
    expect(types(dhcp.handle(received(other)).events)).toEqual([])
    expect(reply(dhcp.handle(received({ ...other, now: NOW + HOUR + 1 }))).ias.get(1)?.addresses).toEqual({
      [FIRST]: 3600,
    })
  })
})

describe('identity', () => {
  it('firmware, loader and system of one card have one address, whatever they call themselves', () => {
    const dhcp = server()
    const others = [
      { duid: UUID_DUID, ias: [{ iaid: 0x12345678 }] },
      { duid: Buffer.from('00044c4c4544003339108048b7c04f303034', 'hex'), ias: [{ iaid: 0x123456 }] },
      { duid: LL_DUID, ias: [{ iaid: 1 }] },
      // UEFI makes up another number at each boot.
      { duid: UUID_DUID, ias: [{ iaid: 0x9abcdef0 }] },
    ]
    for (const parts of others) {
      const [ia] = parts.ias
      expect(reply(dhcp.handle(received(parts))).ias.get(ia!.iaid & 0xffff)?.addresses).toEqual({ [FIRST]: 3600 })
      expect(reply(dhcp.handle(named(request, parts))).ias.get(ia!.iaid & 0xffff)?.addresses).toEqual({ [FIRST]: 3600 })
    }
  })

  it('two cards of one machine, which share a DUID, have two addresses', () => {
    const dhcp = server()
    const lent = [SENDER, 'fe80::5054:ff:fe12:3457%lan0'].map(
      (from) => reply(dhcp.handle(named(request, { from, duid: UUID_DUID }))).ias.get(1)?.addresses,
    )
    expect(lent).toEqual([{ [FIRST]: 3600 }, { [SECOND]: 3600 }])
  })

  it('without a MAC the DUID counts', () => {
    const store = memoryLeaseStore6()
    const dhcp = server({ store })
    const parts = { duid: UUID_DUID, from: 'fe80::1%lan0' }
    dhcp.handle(named(request, parts))
    expect([...store.all()]).toMatchObject([{ key: `duid:${UUID_DUID.toString('hex')}`, mac: '' }])
    expect(reply(dhcp.handle(received({ ...parts, from: 'fe80::2%lan0' }))).ias.get(1)?.addresses).toEqual({
      [FIRST]: 3600,
    })
  })

  it.each([
    ['none', null],
    ['one too short', Buffer.from('0003', 'hex')],
    ['one too long', Buffer.alloc(131)],
  ])('a message with %s is not answered', (_, duid) => {
    expect(server().handle(received({ duid }))).toMatchObject({ replies: [], events: [{ reason: 'no-identity' }] })
  })

  it('reservations by MAC and by DUID, also outside the pool; nobody else gets them', () => {
    const reservations = fixedReservations([
      { address: 'fd00:77::7', hostname: 'seven', match: { mac: MAC } },
      { address: FIRST, match: { clientId: UUID_DUID.toString('hex') } },
    ])
    const dhcp = server({ reservations })
    const lent = (parts: MessageParts) => reply(dhcp.handle(named(request, parts))).ias.get(1)?.addresses
    expect(lent({})).toEqual({ 'fd00:77::7': 3600 })
    expect(lent({ duid: Buffer.from('00030001aaaaaaaaaaaa', 'hex'), from: 'fe80::1' })).toEqual({ [SECOND]: 3600 })
    expect(lent({ duid: UUID_DUID, from: 'fe80::2' })).toEqual({ [FIRST]: 3600 })
    // Asking for it does not help either.
    const wish = { duid: Buffer.from('00030001bbbbbbbbbbbb', 'hex'), from: 'fe80::3', ias: one('fd00:77::7') }
    expect(lent(wish)).toEqual({ 'fd00:77::1002': 3600 })
  })
})

describe('server identifier', () => {
  const other = Buffer.from('00030001525400000099', 'hex')

  it('a Request to another server gives up what was advertised, and the server is news once', () => {
    const dhcp = server({ subnets: [{ ...SUBNET, ranges: [{ from: FIRST, to: FIRST }] }] })
    dhcp.handle(received())
    const outcome = dhcp.handle(received({ type: request, server: other }))
    expect(outcome.replies).toEqual([])
    expect(outcome.events).toMatchObject([
      { type: 'ignored', reason: 'other-server-chosen' },
      { type: 'foreign-server', server: `DUID ${other.toString('hex')}` },
    ])
    expect(types(dhcp.handle(received({ type: request, server: other })).events)).toEqual(['ignored'])
    expect(reply(dhcp.handle(received({ duid: UUID_DUID, from: 'fe80::2' }))).ias.get(1)?.addresses).toEqual({
      [FIRST]: 3600,
    })
  })

  it.each([renew, release, decline, informationRequest])('message type %i to another server is left alone', (type) => {
    const ias = type === informationRequest ? [] : one(FIRST)
    expect(server().handle(received({ type, server: other, ias })).replies).toEqual([])
  })

  it.each([request, renew, release, decline])('message type %i without a server is left alone', (type) => {
    expect(server().handle(received({ type })).replies).toEqual([])
  })

  it.each([solicit, confirm, rebind])('message type %i that names a server is left alone', (type) => {
    expect(server().handle(named(type, { ias: one(FIRST) })).replies).toEqual([])
  })
})

describe('later', () => {
  const bound = () => {
    const dhcp = server()
    dhcp.handle(named(request))
    return dhcp
  }

  it('Renew prolongs; what the client has besides is taken away', () => {
    const outcome = bound().handle(named(renew, { ias: one(FIRST, 'fd00:77::99'), now: NOW + HOUR / 2 }))
    expect(reply(outcome).ias.get(1)).toEqual({ addresses: { [FIRST]: 3600, 'fd00:77::99': 0 } })
    expect(types(outcome.events)).toEqual(['ack'])
  })

  it('Renew of a lease we lost: lent anew while it is free, else there is no binding', () => {
    const mine = bound()
    const stranger = { duid: UUID_DUID, from: 'fe80::2' }
    expect(reply(mine.handle(named(renew, { ...stranger, ias: one(SECOND) }))).ias.get(1)).toEqual({
      addresses: { [SECOND]: 3600 },
    })
    const third = { duid: Buffer.from('00030001cccccccccccc', 'hex'), from: 'fe80::3' }
    expect(reply(mine.handle(named(renew, { ...third, ias: one(FIRST) }))).ias.get(1)).toEqual({
      addresses: {},
      status: STATUS.noBinding,
    })
  })

  it('Rebind: prolongs, takes away addresses of other networks, is silent about strangers', () => {
    const dhcp = bound()
    expect(reply(dhcp.handle(received({ type: rebind, ias: one(FIRST) }))).ias.get(1)?.addresses).toEqual({
      [FIRST]: 3600,
    })
    const stranger = { type: rebind, duid: UUID_DUID, from: 'fe80::2' }
    expect(reply(dhcp.handle(received({ ...stranger, ias: one('fd00:99::1') }))).ias.get(1)?.addresses).toEqual({
      'fd00:99::1': 0,
    })
    expect(dhcp.handle(received({ ...stranger, ias: one(FIRST) }))).toMatchObject({
      replies: [],
      events: [{ reason: 'unknown-client' }],
    })
  })

  it.each([
    ['of this network', [FIRST], STATUS.success],
    ['of another', [FIRST, 'fd00:99::1'], STATUS.notOnLink],
  ])('Confirm of addresses %s', (_, addresses, status) => {
    expect(reply(server().handle(received({ type: confirm, ias: one(...addresses) }))).status).toBe(status)
  })

  it('Confirm of no address is left alone', () => {
    expect(server().handle(received({ type: confirm })).replies).toEqual([])
  })

  it('Request for an address of another network: the client moved, and has to begin anew', () => {
    const { ias } = reply(server().handle(named(request, { ias: one('fd00:99::1') })))
    expect(ias.get(1)).toEqual({ addresses: {}, status: STATUS.notOnLink })
  })

  it('Release frees; the same client later gets the same address', () => {
    const dhcp = bound()
    const outcome = dhcp.handle(named(release, { ias: one(FIRST) }))
    expect(reply(outcome)).toMatchObject({ status: STATUS.success })
    expect(outcome.events).toMatchObject([{ type: 'release', address: FIRST }])
    expect(reply(dhcp.handle(named(release, { ias: one(FIRST) }))).ias.get(1)?.status).toBe(STATUS.noBinding)
    expect(reply(dhcp.handle(received({ duid: UUID_DUID, from: 'fe80::2' }))).ias.get(1)?.addresses).toEqual({
      [SECOND]: 3600,
    })
    expect(reply(dhcp.handle(received())).ias.get(1)?.addresses).toEqual({ [FIRST]: 3600 })
  })

  it('Decline takes the address out of use for an hour', () => {
    const dhcp = bound()
    const outcome = dhcp.handle(named(decline, { ias: one(FIRST) }))
    expect(reply(outcome)).toMatchObject({ status: STATUS.success })
    expect(outcome.events).toMatchObject([{ type: 'decline', address: FIRST, quarantineUntil: NOW + HOUR }])
    expect(reply(dhcp.handle(named(request))).ias.get(1)?.addresses).toEqual({ [SECOND]: 3600 })
  })
})

describe('Information-request', () => {
  const asking: Option6[] = [[OPTION6.optionRequest, Buffer.concat([23, 24].map(uint16))]]
  const options = { dns: ['fd00:77::1', 'fd00:77::2'], search: ['lab.test'] }

  it.each(['stateless', 'stateful'] as const)('gets what was asked for, %s', (mode) => {
    const outcome = server({ mode, ...options }).handle(
      received({ type: informationRequest, ias: [], options: asking, duid: null }),
    )
    const answer = reply(outcome)
    expect(answer).toMatchObject({ type: MESSAGE6.reply })
    expect(Buffer.from(answer.options.get(23)!).toString('hex')).toBe(
      'fd000077000000000000000000000001fd000077000000000000000000000002',
    )
    expect(textOf(answer.options.get(24))).toBe('\x03lab\x04test\x00')
    expect([...answer.options.keys()]).toEqual([2, 23, 24])
  })

  it('with an association it is not answered', () => {
    expect(server().handle(received({ type: informationRequest })).replies).toEqual([])
  })

  it('brings iPXE its script where another makes the addresses; nothing else is answered there', () => {
    const dhcp = server({ mode: 'stateless', subnets: [] })
    const outcome = dhcp.handle(received({ type: informationRequest, ias: [], options: ipxeOptions() }))
    expect(textOf(reply(outcome).options.get(59))).toBe('http://[fd00:77::1]:8080/boot/ipxe')
    for (const type of [solicit, request, confirm, renew, rebind, release, decline]) {
      expect(dhcp.handle(received({ type })).replies).toEqual([])
    }
  })
})

describe('boot', () => {
  it("UEFI's PXE: a tftp URL in brackets, and no word of being a PXE server", () => {
    const dhcp = server()
    for (const asked of [received({ options: uefiOptions(7) }), named(request, { options: uefiOptions(7) })]) {
      const { options } = reply(dhcp.handle(asked))
      expect(textOf(options.get(59))).toBe('tftp://[fd00:77::1]/snponly.efi')
      expect(options.has(OPTION6.vendorClass)).toBe(false)
    }
  })

  it('UEFI HTTP Boot: an http URL, HTTPClient of enterprise 343, and a name server where there is one', () => {
    const outcome = server({ dns: ['fd00:77::1'] }).handle(received({ options: uefiOptions(16, 'HTTPClient') }))
    const { options } = reply(outcome)
    expect(textOf(options.get(59))).toBe('http://[fd00:77::1]:8080/boot/loaders/snponly.efi')
    expect(Buffer.from(options.get(16)!).toString('hex')).toBe(
      `00000157000a${Buffer.from('HTTPClient').toString('hex')}`,
    )
    expect(options.has(OPTION6.dnsServers)).toBe(true)
  })

  it('iPXE: its script', () => {
    expect(textOf(reply(server().handle(received({ options: ipxeOptions() }))).options.get(59))).toBe(
      'http://[fd00:77::1]:8080/boot/ipxe',
    )
  })

  it('an operating system: no boot data', () => {
    expect(reply(server().handle(received())).options.has(59)).toBe(false)
  })

  it('a machine without a loader, or one that is refused: silence and an event', () => {
    const s390: Option6[] = [[OPTION6.clientArchitecture, uint16(31)]]
    expect(server().handle(received({ options: s390 }))).toMatchObject({ replies: [], events: [{ type: 'refused' }] })
    const never = server({ bootFileFor: () => ({ kind: 'refuse', reason: 'the machine is retired' }) })
    for (const asked of [received({ options: uefiOptions(7) }), named(request, { options: uefiOptions(7) })]) {
      expect(never.handle(asked)).toMatchObject({
        replies: [],
        events: [{ type: 'refused', reason: 'the machine is retired' }],
      })
    }
  })

  it('a machine that is told nothing gets a plain address', () => {
    const dhcp = server({ bootFileFor: () => ({ kind: 'no-boot' }) })
    const { options, ias } = reply(dhcp.handle(received({ options: uefiOptions(7) })))
    expect(options.has(59)).toBe(false)
    expect(ias.get(1)?.addresses).toEqual({ [FIRST]: 3600 })
  })

  it('a broken decision costs this client its answer, never the service', () => {
    const dhcp = server({ bootFileFor: () => fail() })
    expect(types(dhcp.handle(received({ options: uefiOptions(7) })).events)).toEqual(['failed'])
    expect(dhcp.handle(received()).replies).toHaveLength(1)
  })

  it('five loaders without a script are a boot loop, repeated messages counted once', () => {
    const dhcp = server()
    const ask = (transaction: number) =>
      types(dhcp.handle(named(request, { transaction, options: uefiOptions(7) })).events)
    for (const transaction of [1, 2, 3, 4, 4, 4]) expect(ask(transaction)).toEqual(['ack'])
    expect(ask(5)).toEqual(['ack', 'boot-loop'])
  })
})

describe('relays', () => {
  const far = { prefix: 'fd00:88::/64', ranges: [{ from: 'fd00:88::1000', to: 'fd00:88::10ff' }] }
  const dhcp = () => server({ subnets: [SUBNET, far] })
  /** The message that the relays unwrap for the client. */
  const inner = (bytes: Uint8Array): Uint8Array => {
    if (bytes[0] !== MESSAGE6.relayReply) return bytes
    return inner(firstOption(readOptions(bytes.subarray(34))!, OPTION6.relayMessage)!)
  }

  it('an address of the network the relay names, sent back to the relay with its interface id', () => {
    const bytes = relayed(message({}), { options: [[OPTION6.interfaceId, Buffer.from('port7')]] })
    const [answer] = dhcp().handle(fromRelay(bytes)).replies
    expect(answer?.to).toEqual({ address: 'fd00:88::1', port: 547 })
    expect(Buffer.from(answer!.bytes).includes('port7')).toBe(true)
    expect(readReply(inner(answer!.bytes)).ias.get(1)?.addresses).toEqual({ 'fd00:88::1000': 3600 })
  })

  it('the relay nearest to the client tells the network; a switch that names none is passed over', () => {
    const throughSwitch = relayed(relayed(message({}), { linkAddress: '::' }), { linkAddress: 'fd00:88::1', hops: 1 })
    const [answer] = dhcp().handle(fromRelay(throughSwitch)).replies
    expect(readReply(inner(answer!.bytes)).ias.get(1)?.addresses).toEqual({ 'fd00:88::1000': 3600 })
    const [local] = dhcp().handle(fromRelay(relayed(message({}), { linkAddress: '::' }))).replies
    expect(readReply(inner(local!.bytes)).ias.get(1)?.addresses).toEqual({ [FIRST]: 3600 })
  })

  it('a network nobody told us of is not served', () => {
    const outcome = dhcp().handle(fromRelay(relayed(message({}), { linkAddress: 'fd00:99::1' })))
    expect(outcome).toMatchObject({ replies: [], events: [{ reason: 'unknown-subnet' }] })
  })

  it('a relay that says so is answered at its own port', () => {
    const bytes = relayed(message({}), { options: [[OPTION6.relaySourcePort, Uint8Array.of(0, 0)]] })
    const [answer] = dhcp().handle(fromRelay(bytes, 5000)).replies
    expect(answer?.to.port).toBe(5000)
  })

  it('boot URLs name our own address, whatever the network of the client', () => {
    const [answer] = dhcp().handle(fromRelay(relayed(message({ options: uefiOptions(7) })))).replies
    expect(textOf(readReply(inner(answer!.bytes)).options.get(59))).toBe('tftp://[fd00:77::1]/snponly.efi')
  })
})

it('two cards never hold one address (random exchanges, with restarts)', () => {
  const step = fc.record({
    type: fc.constantFrom(solicit, request, request, renew, rebind, release, decline),
    who: fc.integer({ min: 1, max: 6 }),
    iaid: fc.integer({ min: 1, max: 2 }),
    wanted: fc.integer({ min: 0x1000, max: 0x1005 }),
    minutes: fc.integer({ min: 0, max: 40 }),
    restart: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const store = memoryLeaseStore6()
      const ranges = [{ from: 'fd00:77::1000', to: 'fd00:77::1003' }]
      const start = () => server({ store, subnets: [{ ...SUBNET, ranges }], quarantineMs: HOUR / 2 })
      let dhcp = start()
      let now = NOW
      const held = new Map<string, { key: string; until: number }>()
      for (const { type, who, iaid, wanted, minutes, restart } of steps) {
        now += minutes * 60_000
        if (restart) dhcp = start()
        const from = `fe80::5054:ff:fe00:${who}`
        const address = `fd00:77::${wanted.toString(16)}`
        const toUs = type === solicit || type === rebind ? {} : { server: SERVER_DUID }
        const outcome = dhcp.handle(received({ type, from, now, ias: [{ iaid, addresses: [address] }], ...toUs }))
        for (const event of outcome.events) {
          if (event.type === 'release' || event.type === 'decline') held.delete(event.address)
          if (event.type !== 'ack') continue
          const before = held.get(event.address)
          const key = event.client.mac
          if (before && before.until > now) expect(before.key).toBe(key)
          held.set(event.address, { key, until: now + HOUR })
        }
      }
      const leases = [...store.all()].filter((lease: Lease6) => lease.state === 'bound' && lease.end > now)
      expect(new Set(leases.map(({ address }) => address)).size).toBe(leases.length)
    }),
    { numRuns: 150 },
  )
})

function fail(): never {
  throw new Error('broken on purpose')
}
