import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classifyClient } from '../../../server/dhcp/client.ts'
import { memoryLeaseStore, type Lease, type LeaseStore } from '../../../server/dhcp/leases.ts'
import { MESSAGE, OPTION, addresses, text } from '../../../server/dhcp/options.ts'
import { committed } from '../../../server/dhcp/outcomes.ts'
import { BROADCAST_FLAG, type DhcpPacket } from '../../../server/dhcp/packet.ts'
import { fixedReservations } from '../../../server/dhcp/reservations.ts'
import {
  HOUR,
  LINK,
  MAC,
  NOW,
  SECOND,
  SUBNET,
  eventTypes,
  ipxeOptions,
  message,
  obtain,
  onlyReply,
  pxeOptions,
  selecting,
  send,
  testServer,
  wireOrder,
} from './messages.ts'

const EVERYBODY = { address: '255.255.255.255', port: 68 }
const OTHER_MAC = '52:54:00:00:00:02'
const RELAY = '10.88.0.1'
const REMOTE_SUBNET = { cidr: '10.88.0.0/24', ranges: [{ from: '10.88.0.100', to: '10.88.0.199' }] }

function typeOf(reply: { options: ReadonlyMap<number, Uint8Array> }): number | undefined {
  return reply.options.get(OPTION.messageType)?.[0]
}

const from = (packet: DhcpPacket) => ({
  packet,
  client: classifyClient(packet),
  from: { address: '0.0.0.0', port: 68 },
})
const wants = (...codes: number[]): [number, Uint8Array] => [OPTION.parameterRequestList, Uint8Array.from(codes)]
const request = (parts: Parameters<typeof message>[0] = {}) => message({ type: MESSAGE.request, ...parts })

describe('DISCOVER', () => {
  it('statement 11: is offered an address with times, mask ahead of router', () => {
    const reply = onlyReply(send(testServer(), message()))
    expect(typeOf(reply)).toBe(MESSAGE.offer)
    expect(reply.yiaddr).toBe('10.77.0.100')
    expect(reply.to).toEqual(EVERYBODY)
    expect(wireOrder(reply.bytes)).toEqual([53, 54, 51, 58, 59, 1, 3, 28])
    const times = [51, 58, 59].map((code) => Buffer.from(reply.options.get(code)!).readUInt32BE())
    expect(times).toEqual([3600, 1800, 3150])
  })

  it('statement 29: copies xid, flags, giaddr, htype, hlen and chaddr', () => {
    const asked = message({ xid: 0xdeadbeef, flags: 0x8001, htype: 6, hlen: 16, secs: 9 })
    const reply = onlyReply(send(testServer(), asked))
    const { xid, flags, giaddr, htype, hlen, chaddr } = asked
    expect(reply).toMatchObject({ xid, flags, giaddr, htype, hlen, chaddr, secs: 0, hops: 0 })
  })

  it('statement 25: echoes option 61', () => {
    const reply = onlyReply(send(testServer(), message({ options: [[61, [1, 2, 3]]] })))
    expect(reply.options.get(61)).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('statement 28: is answered whatever it requests', () => {
    const server = testServer({
      subnets: [{ ...SUBNET, domain: 'lab', search: ['lab'], mtu: 1400, ntp: ['10.77.0.1'], routes: [{ destination: '10.0.0.0/8', gateway: '10.77.0.2' }] }], // prettier-ignore
    })
    for (let code = 0; code < 256; code++) onlyReply(send(server, message({ options: [wants(code)] })))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 255 }), (codes) => {
        const { bytes } = onlyReply(send(server, message({ options: [wants(...codes)] })))
        const order = wireOrder(bytes)
        return (
          order[0] === 53 && !order.includes(52) && !order.includes(13) && bytes.length >= 300 && bytes.length <= 548
        )
      }),
      { numRuns: 500, seed: 4 },
    )
  })

  it('statement 9: never holds options 52 and 13, however much is asked for', () => {
    const server = testServer({ subnets: [{ ...SUBNET, search: Array.from({ length: 60 }, (_, n) => `d${n}.test`) }] })
    const everything = wants(...Array.from({ length: 254 }, (_, n) => n + 1))
    for (const options of [[everything], [...pxeOptions(7), everything], [...ipxeOptions(7), everything]]) {
      const codes = wireOrder(onlyReply(send(server, message({ options }))).bytes)
      expect(codes).not.toContain(OPTION.overload)
      expect(codes).not.toContain(13)
    }
  })

  it('gives what option 55 asks for, the default route inside 121 too', () => {
    const server = testServer({
      subnets: [{ ...SUBNET, domain: 'lab', mtu: 1400, routes: [{ destination: '10.0.0.0/8', gateway: '10.77.0.2' }] }],
    })
    const reply = onlyReply(send(server, message({ options: [wants(121, 15, 6, 26, 42, 12)] })))
    expect(wireOrder(reply.bytes).slice(8)).toEqual([121, 15, 6, 26])
    expect([...reply.options.get(121)!]).toEqual([8, 10, 10, 77, 0, 2, 0, 10, 77, 0, 1])
  })

  it('statement 6, statement 7: keeps replies between 300 bytes and what the client takes', () => {
    const subnets = [{ ...SUBNET, search: Array.from({ length: 40 }, (_, n) => `${n}.example-domain-${n}.test`) }]
    const server = testServer({ subnets })
    const size = (max?: number): number => {
      const options: [number, Uint8Array][] = max === undefined ? [] : [[57, Uint8Array.of(max >> 8, max & 255)]]
      return onlyReply(send(server, message({ options: [wants(119), ...options] }))).bytes.length
    }
    expect(size()).toBeLessThanOrEqual(548)
    expect(size(300)).toBeLessThanOrEqual(548)
    expect(size(1500)).toBeGreaterThan(548)
    expect(size(65535)).toBeLessThanOrEqual(1472)
  })

  it('statement 22: of a full pool gets silence, and one event until an address comes free', () => {
    const server = testServer({ subnets: [{ ...SUBNET, ranges: [{ from: '10.77.0.100', to: '10.77.0.100' }] }] })
    obtain(server)
    const ask = (now: number) => send(server, message({ mac: OTHER_MAC }), { now })
    expect(eventTypes(ask(NOW))).toEqual(['pool-exhausted'])
    expect(ask(NOW + SECOND)).toEqual({ replies: [], events: [] })
    expect(eventTypes(ask(NOW + 2 * HOUR))).toEqual(['offer'])
  })

  it('is passed over without any identity', () => {
    expect(eventTypes(send(testServer(), message({ hlen: 0, htype: 32 })))).toEqual(['ignored'])
    expect(onlyReply(send(testServer(), message({ hlen: 0, htype: 32, options: [[61, [1, 9]]] }))).yiaddr).toBeTruthy()
  })

  it('names a reserved address that somebody else sits on', () => {
    const store = memoryLeaseStore()
    obtain(testServer({ store }), { mac: OTHER_MAC })
    const reservations = fixedReservations([{ address: '10.77.0.100', match: { mac: MAC } }])
    const outcome = send(testServer({ store, reservations }), message())
    expect(outcome.events[0]).toMatchObject({ type: 'reservation-busy', address: '10.77.0.100', usedBy: OTHER_MAC })
    expect(onlyReply(outcome).yiaddr).toBe('10.77.0.101')
  })
})

describe('conflict check', () => {
  it('delays a dynamic offer until nobody answers, and only the first one', () => {
    const server = testServer({ conflictCheck: true })
    const outcome = send(server, message())
    expect(outcome.replies).toEqual([])
    expect(outcome.check?.address).toBe('10.77.0.100')
    expect(eventTypes(send(server, message()))).toEqual(['ignored'])
    expect(onlyReply(outcome.check!.resolve(undefined, NOW)).yiaddr).toBe('10.77.0.100')
    expect(onlyReply(send(server, message())).yiaddr).toBe('10.77.0.100')
  })

  it('quarantines an address that a stranger answers for', () => {
    const server = testServer({ conflictCheck: true })
    const found = send(server, message()).check!.resolve('52:54:00:ff:ff:ff', NOW)
    expect(found.replies).toEqual([])
    expect(eventTypes(found)).toEqual(['conflict'])
    expect(send(server, message()).check?.address).toBe('10.77.0.101')
  })

  it('does not mind the client itself or the last holder', () => {
    const server = testServer({ conflictCheck: true })
    expect(eventTypes(send(server, message()).check!.resolve(MAC, NOW))).toEqual(['offer'])
  })

  it('is left out for reservations and behind relays', () => {
    const reservations = fixedReservations([{ address: '10.77.0.7', match: { mac: MAC } }])
    const server = testServer({ conflictCheck: true, reservations, subnets: [SUBNET, REMOTE_SUBNET] })
    expect(onlyReply(send(server, message())).yiaddr).toBe('10.77.0.7')
    expect(onlyReply(send(server, message({ mac: OTHER_MAC, giaddr: RELAY }))).yiaddr).toBe('10.88.0.100')
  })
})

describe('REQUEST selecting an offer', () => {
  it('statement 24: is stored before it is acknowledged', () => {
    const order: string[] = []
    const inner = memoryLeaseStore()
    const store: LeaseStore = {
      ...inner,
      put: (leases) => {
        order.push('stored')
        inner.put(leases)
      },
    }
    const server = testServer({ store })
    send(server, message())
    const outcome = send(server, request({ options: selecting('10.77.0.100') }))
    order.push('acknowledged')
    expect(typeOf(onlyReply(outcome))).toBe(MESSAGE.ack)
    expect(order).toEqual(['stored', 'acknowledged'])
    expect([...inner.all()]).toEqual([
      { address: '10.77.0.100', key: '1:525400123456', mac: MAC, state: 'bound', start: NOW, end: NOW + HOUR },
    ])
  })

  it('statement 24: is stored with all others of its burst, by one commit', () => {
    const commits: number[] = []
    const inner = memoryLeaseStore()
    const store: LeaseStore = {
      ...inner,
      put: (leases) => {
        commits.push(leases.length)
        inner.put(leases)
      },
    }
    const server = testServer({ store })
    const outcomes = [100, 101, 102].map((n) => {
      const packet = request({ mac: `52:54:00:00:01:${n - 90}`, options: selecting(`10.77.0.${n}`) })
      return server.handle({ ...from(packet), link: LINK, now: NOW })
    })
    expect(outcomes.every(({ unsaved }) => unsaved !== undefined)).toBe(true)
    expect(commits).toEqual([])
    expect(committed(server, outcomes).flatMap(eventTypes)).toEqual(['ack', 'ack', 'ack'])
    expect(commits).toEqual([3])
  })

  it('statement 24: is not answered if it cannot be stored', () => {
    const store: LeaseStore = {
      ...memoryLeaseStore(),
      put: () => {
        throw new Error('disk full')
      },
    }
    const server = testServer({ store })
    send(server, message())
    const outcome = send(server, request({ options: selecting('10.77.0.100') }))
    expect(outcome.replies).toEqual([])
    expect(eventTypes(outcome)).toEqual(['failed'])
  })

  it('statement 12: naming another server is not answered, and frees the offer', () => {
    const server = testServer({ subnets: [{ ...SUBNET, ranges: [{ from: '10.77.0.100', to: '10.77.0.100' }] }] })
    send(server, message())
    const outcome = send(server, request({ options: selecting('10.77.0.55', '10.77.0.2') }))
    expect(outcome.replies).toEqual([])
    expect(eventTypes(outcome)).toEqual(['ignored', 'foreign-server'])
    const again = send(server, request({ options: selecting('10.77.0.55', '10.77.0.2') }), { now: NOW + SECOND })
    expect(eventTypes(again)).toEqual(['ignored'])
    expect(onlyReply(send(server, message({ mac: OTHER_MAC }))).yiaddr).toBe('10.77.0.100')
  })

  it('may name any own address', () => {
    const server = testServer({ ownAddresses: () => new Set([LINK.address, '192.168.9.9']) })
    send(server, message())
    const ack = onlyReply(send(server, request({ options: selecting('10.77.0.100', '192.168.9.9') })))
    expect(typeOf(ack)).toBe(MESSAGE.ack)
  })

  it('is acknowledged after a restart that forgot the offer', () => {
    const ack = onlyReply(send(testServer(), request({ options: selecting('10.77.0.123') })))
    expect([typeOf(ack), ack.yiaddr]).toEqual([MESSAGE.ack, '10.77.0.123'])
  })

  it('statement 15: for an address it cannot have is refused to everybody, with a bare NAK', () => {
    const server = testServer()
    obtain(server, { mac: OTHER_MAC })
    const options = [...selecting('10.77.0.100'), [61, [9]] as const, [82, [1, 1, 7]] as const]
    const outcome = send(server, request({ ciaddr: '10.77.0.100', options }))
    const nak = onlyReply(outcome)
    expect(typeOf(nak)).toBe(MESSAGE.nak)
    expect(nak).toMatchObject({ ciaddr: '0.0.0.0', yiaddr: '0.0.0.0', siaddr: '0.0.0.0', to: EVERYBODY })
    expect(wireOrder(nak.bytes)).toEqual([53, 54, 56, 61, 82])
    expect(eventTypes(outcome)).toEqual(['nak'])
  })

  it('counts ciaddr as empty beside option 50', () => {
    const server = testServer()
    send(server, message())
    const ack = onlyReply(send(server, request({ ciaddr: '10.77.0.100', options: selecting('10.77.0.100') })))
    expect([typeOf(ack), ack.to, ack.ciaddr]).toEqual([MESSAGE.ack, EVERYBODY, '0.0.0.0'])
  })
})

describe('REQUEST after a reboot', () => {
  const reboot = (address: string) => request({ options: [[50, addresses([address])]] })

  it('is acknowledged its own address', () => {
    const server = testServer()
    obtain(server)
    expect(typeOf(onlyReply(send(server, reboot('10.77.0.100'))))).toBe(MESSAGE.ack)
  })

  it('of a stranger is left to the server that knows it', () => {
    const outcome = send(testServer(), reboot('10.77.0.150'))
    expect(outcome.events).toMatchObject([{ type: 'ignored', reason: 'unknown-client' }])
  })

  it('statement 13: in another network is refused if authoritative, else left alone', () => {
    expect(typeOf(onlyReply(send(testServer(), reboot('192.168.7.9'))))).toBe(MESSAGE.nak)
    const shy = testServer({ subnets: [{ ...SUBNET, authoritative: false }] })
    expect(send(shy, reboot('192.168.7.9')).replies).toEqual([])
  })

  it('is refused an address that is not its own', () => {
    const server = testServer()
    obtain(server)
    expect(typeOf(onlyReply(send(server, reboot('10.77.0.101'))))).toBe(MESSAGE.nak)
  })
})

describe('REQUEST renewing', () => {
  const renew = (ciaddr: string, mac = MAC) => request({ ciaddr, mac })

  it('statement 14: is extended and answered to ciaddr', () => {
    const store = memoryLeaseStore()
    const server = testServer({ store })
    obtain(server)
    const ack = onlyReply(send(server, renew('10.77.0.100'), { now: NOW + HOUR / 2 }))
    expect(ack).toMatchObject({
      ciaddr: '10.77.0.100',
      yiaddr: '10.77.0.100',
      to: { address: '10.77.0.100', port: 68 },
    })
    expect([...store.all()]).toMatchObject([{ start: NOW, end: NOW + HOUR / 2 + HOUR }])
  })

  it('restores a lost lease if authoritative', () => {
    expect(typeOf(onlyReply(send(testServer(), renew('10.77.0.140'))))).toBe(MESSAGE.ack)
    const shy = testServer({ subnets: [{ ...SUBNET, authoritative: false }] })
    expect(send(shy, renew('10.77.0.140')).replies).toEqual([])
  })

  it("statement 15: of an address that is another client's is refused", () => {
    const server = testServer()
    obtain(server)
    const nak = onlyReply(send(server, renew('10.77.0.100', OTHER_MAC)))
    expect([typeOf(nak), nak.ciaddr, nak.to]).toEqual([MESSAGE.nak, '0.0.0.0', EVERYBODY])
  })

  it('sent straight past its relay finds its subnet by ciaddr', () => {
    const server = testServer({ subnets: [SUBNET, REMOTE_SUBNET] })
    expect(obtain(server, { giaddr: RELAY })).toBe('10.88.0.100')
    const ack = onlyReply(send(server, renew('10.88.0.100')))
    expect(ack).toMatchObject({ yiaddr: '10.88.0.100', to: { address: '10.88.0.100', port: 68 } })
  })
})

describe('other messages', () => {
  it('statement 16: DECLINE takes the address out of use', () => {
    const server = testServer({ quarantineMs: 2 * HOUR })
    obtain(server)
    const outcome = send(server, message({ type: MESSAGE.decline, options: selecting('10.77.0.100') }))
    expect(outcome).toMatchObject({ replies: [], events: [{ type: 'decline', quarantineUntil: NOW + 2 * HOUR }] })
    expect(onlyReply(send(server, message())).yiaddr).toBe('10.77.0.101')
    const later = send(server, message({ mac: OTHER_MAC, options: [[50, addresses(['10.77.0.100'])]] }), {
      now: NOW + 2 * HOUR,
    })
    expect(onlyReply(later).yiaddr).toBe('10.77.0.100')
  })

  it("DECLINE of another's address, or to another server, changes nothing", () => {
    const server = testServer()
    obtain(server)
    const decline = (parts: Parameters<typeof message>[0]) =>
      eventTypes(send(server, message({ type: MESSAGE.decline, ...parts })))
    expect(decline({ mac: OTHER_MAC, options: selecting('10.77.0.100') })).toEqual(['ignored'])
    expect(decline({ options: selecting('10.77.0.100', '10.77.0.2') })).toEqual(['ignored'])
  })

  it('statement 17: RELEASE frees the address, and the client gets it again', () => {
    const server = testServer()
    const address = obtain(server)
    const release = message({ type: MESSAGE.release, ciaddr: address, options: [[54, addresses([LINK.address])]] })
    expect(send(server, release)).toMatchObject({ replies: [], events: [{ type: 'release', address }] })
    expect(obtain(server, { mac: OTHER_MAC })).toBe('10.77.0.101')
    expect(obtain(server)).toBe(address)
  })

  it('RELEASE and DECLINE that name no server, as systemd-networkd sends them, concern who gave the address', () => {
    const server = testServer()
    const address = obtain(server)
    const stranger = message({ type: MESSAGE.release, mac: OTHER_MAC, ciaddr: address })
    expect(eventTypes(send(server, stranger))).toEqual(['ignored'])
    expect(eventTypes(send(server, message({ type: MESSAGE.release, ciaddr: address })))).toEqual(['release'])
    obtain(server)
    const decline = message({ type: MESSAGE.decline, options: [[50, addresses([address])]] })
    expect(eventTypes(send(server, decline))).toEqual(['decline'])
  })

  it('statement 18: INFORM is told of the network, without address or times', () => {
    const inform = message({ type: MESSAGE.inform, ciaddr: '10.77.0.9', options: [wants(6, 51, 58, 59)] })
    const ack = onlyReply(send(testServer(), inform))
    expect(ack).toMatchObject({ yiaddr: '0.0.0.0', ciaddr: '10.77.0.9', to: { address: '10.77.0.9', port: 68 } })
    expect(wireOrder(ack.bytes)).toEqual([53, 54, 1, 3, 28, 6])
  })

  it('INFORM without ciaddr goes to the relay as broadcast, else to the sender', () => {
    const server = testServer({ subnets: [SUBNET, REMOTE_SUBNET] })
    const relayed = onlyReply(send(server, message({ type: MESSAGE.inform, giaddr: RELAY })))
    expect([relayed.to, relayed.flags]).toEqual([{ address: RELAY, port: 67 }, BROADCAST_FLAG])
    const from = { address: '10.77.0.50', port: 1234 }
    expect(onlyReply(send(server, message({ type: MESSAGE.inform }), { from })).to).toEqual(from)
  })

  it('counts the rest', () => {
    for (const type of [0, 2, 5, 9, 255]) {
      expect(send(testServer(), message({ type }))).toMatchObject({ replies: [], events: [{ type: 'ignored' }] })
    }
  })
})

describe('relayed messages', () => {
  const server = () => testServer({ subnets: [SUBNET, REMOTE_SUBNET, { ...REMOTE_SUBNET, cidr: '10.99.0.0/24', ranges: [{ from: '10.99.0.5', to: '10.99.0.9' }] }] }) // prettier-ignore
  const agent = [1, 2, 7, 9, 2, 1, 1]

  it('statement 19: are answered to the relay, with 82 as it came', () => {
    const reply = onlyReply(send(server(), message({ giaddr: RELAY, options: [[82, agent]] })))
    expect([reply.to, reply.yiaddr, reply.giaddr]).toEqual([{ address: RELAY, port: 67 }, '10.88.0.100', RELAY])
    expect([...reply.options.get(82)!]).toEqual(agent)
    expect(wireOrder(reply.bytes).at(-1)).toBe(82)
  })

  it('statement 20: take the subnet from sub-option 5, option 118, giaddr, in this order', () => {
    const link = [5, 4, 10, 99, 0, 0]
    const bySubOption = onlyReply(
      send(
        server(),
        message({
          giaddr: RELAY,
          options: [
            [82, link],
            [118, [10, 88, 0, 0]],
          ],
        }),
      ),
    )
    expect(bySubOption.yiaddr).toBe('10.99.0.5')
    const byOption = onlyReply(send(server(), message({ giaddr: RELAY, options: [[118, [10, 99, 0, 0]]] })))
    expect(byOption.yiaddr).toBe('10.99.0.5')
  })

  it('statement 20: are answered in the name of sub-option 11, which may then be chosen', () => {
    const override: [number, number[]] = [82, [11, 4, 10, 88, 0, 1]]
    const responder = server()
    const offer = onlyReply(send(responder, message({ giaddr: RELAY, options: [override] })))
    expect([...offer.options.get(54)!]).toEqual([10, 88, 0, 1])
    const chosen = request({ giaddr: RELAY, options: [...selecting('10.88.0.100', RELAY), override] })
    expect(typeOf(onlyReply(send(responder, chosen)))).toBe(MESSAGE.ack)
  })

  it('do not let a client without relay choose by option 82', () => {
    const reply = onlyReply(send(server(), message({ options: [[82, [5, 4, 10, 99, 0, 0, 11, 4, 10, 99, 0, 1]]] })))
    expect(reply.yiaddr).toBe('10.77.0.100')
    expect([...reply.options.get(54)!]).toEqual([10, 77, 0, 1])
  })

  it('statement 21: have the broadcast bit set in a NAK', () => {
    const nak = onlyReply(send(server(), request({ giaddr: RELAY, options: [[50, addresses(['10.1.1.1'])]] })))
    expect([typeOf(nak), nak.flags, nak.to]).toEqual([MESSAGE.nak, BROADCAST_FLAG, { address: RELAY, port: 67 }])
  })

  it('of an unknown subnet are passed over', () => {
    expect(send(server(), message({ giaddr: '172.16.0.1' })).events).toMatchObject([{ reason: 'unknown-subnet' }])
  })

  it('leave the relay and its port on record', () => {
    const store = memoryLeaseStore()
    obtain(testServer({ store, subnets: [REMOTE_SUBNET] }), { giaddr: RELAY, options: [[82, agent]] })
    expect([...store.all()]).toMatchObject([{ giaddr: RELAY, circuitId: '0709' }])
  })
})

describe('identity', () => {
  it('statement 26, statement 51: one machine keeps its address over firmware, iPXE and installer', () => {
    const store = memoryLeaseStore()
    const server = testServer({ store })
    const stages = [pxeOptions(7), ipxeOptions(7), [[61, text('\xff machine duid')]] as [number, Uint8Array][]]
    expect(new Set(stages.map((options) => obtain(server, { options })))).toEqual(new Set(['10.77.0.100']))
    expect([...store.all()]).toHaveLength(1)
  })

  it('can be option 61 instead', () => {
    const server = testServer({ identifyBy: 'client-id' })
    const by = (id: number) => obtain(server, { options: [[61, [0, id]]] })
    expect([by(1), by(2), by(1)]).toEqual(['10.77.0.100', '10.77.0.101', '10.77.0.100'])
  })
})

describe('statement 23: over 10 000 random exchanges with restarts', () => {
  it('no two clients ever hold one address', { timeout: 60_000 }, () => {
    const store = memoryLeaseStore()
    const subnets = [{ ...SUBNET, ranges: [{ from: '10.77.0.100', to: '10.77.0.115' }] }]
    const start = () => testServer({ store, subnets, quarantineMs: 600 * SECOND })
    // What clients believe, from ACKs alone: address -> who, until when.
    const held = new Map<string, { mac: string; until: number }>()
    let server = start()
    let now = NOW
    let acknowledged = 0
    const random = mulberry32(5)
    const pick = (n: number) => Math.floor(random() * n)
    for (let step = 0; step < 10_000; step++) {
      now += pick(20) * SECOND
      if (pick(200) === 0) server = start()
      const mac = `52:54:00:00:01:${pick(24).toString(16).padStart(2, '0')}`
      const address = `10.77.0.${100 + pick(18)}`
      const mine = [...held].find(([, claim]) => claim.mac === mac && claim.until > now)?.[0]
      const packet = [
        () => message({ mac, options: [[50, addresses([address])]] }),
        () => message({ mac }),
        () => request({ mac, options: selecting(address) }),
        () => request({ mac, options: selecting(mine ?? address) }),
        () => request({ mac, options: [[50, addresses([address])]] }),
        () => request({ mac, ciaddr: mine ?? address }),
        () =>
          message({ mac, type: MESSAGE.release, ciaddr: mine ?? address, options: [[54, addresses([LINK.address])]] }),
        () => message({ mac, type: MESSAGE.decline, options: selecting(address) }),
      ][pick(8)]!()
      const outcome = send(server, packet, { now })
      for (const event of outcome.events) {
        if (event.type === 'ack') {
          const claim = held.get(event.address)
          if (claim && claim.mac !== mac && claim.until > now)
            throw new Error(`${event.address} given to ${mac} and ${claim.mac}`)
          // A client has one address: with a new one it gives up the old.
          for (const [old, { mac: owner }] of held) if (owner === mac) held.delete(old)
          held.set(event.address, { mac, until: now + event.leaseSeconds * SECOND })
          acknowledged++
        } else if (event.type === 'release' || event.type === 'decline') held.delete(event.address)
        else if (event.type === 'failed') throw event.error
      }
    }
    expect(acknowledged).toBeGreaterThan(1000)
    const live = [...store.all()].filter((lease: Lease) => lease.state === 'bound' && lease.end > now)
    expect(new Set(live.map(({ key }) => key)).size).toBe(live.length)
  })
})

/** Small seeded generator: the same exchanges in every run. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
