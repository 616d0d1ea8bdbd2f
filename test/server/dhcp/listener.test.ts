import { createSocket, type Socket } from 'node:dgram'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { DhcpError } from '../../../server/dhcp/errors.ts'
import type { Datagram, DhcpEvent } from '../../../server/dhcp/events.ts'
import { createListener, type Listener, type ListenerOptions } from '../../../server/dhcp/listener.ts'
import { MESSAGE, OPTION } from '../../../server/dhcp/options.ts'
import { encodePacket } from '../../../server/dhcp/packet.ts'
import { createBootServer } from '../../../server/dhcp/proxy.ts'
import { eventTypes, message, pxeOptions, testServer, usualBoot } from './messages.ts'

/** Loopback stands in for the link; replies to relays and boot server clients go to addresses we can listen on. */
const ADDRESS = '127.0.0.77'
const open: (Listener | Socket)[] = []

afterEach(async () => {
  for (const it of open.splice(0)) await ('stop' in it ? it.stop() : new Promise<void>((resolve) => it.close(resolve)))
})

async function udp(port: number, address: string): Promise<Socket> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, address, resolve)
  })
  open.push(socket)
  return socket
}

async function freePort(): Promise<number> {
  const socket = await udp(0, ADDRESS)
  const { port } = socket.address()
  open.splice(open.indexOf(socket), 1)
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}

async function listener(options: Partial<ListenerOptions> = {}) {
  const events: DhcpEvent[] = []
  const ports = options.ports ?? { server: await freePort(), bootServer: await freePort() }
  const responder = testServer({
    subnets: [{ cidr: '127.0.0.0/24', ranges: [{ from: '127.0.0.5', to: '127.0.0.9' }] }],
  })
  const created = createListener({
    interface: 'lo',
    address: ADDRESS,
    responder,
    bootServer: createBootServer({ bootFileFor: usualBoot }),
    bootServerRequired: false,
    onEvent: (event) => events.push(event),
    ports,
    ...options,
  })
  open.push(created)
  return { listener: created, events, ports }
}

const bootRequest = () => message({ type: MESSAGE.request, ciaddr: '127.0.0.1', options: pxeOptions(7) })

async function ask(client: Socket, port: number, bytes: Uint8Array): Promise<{ bytes: Buffer; from: string }> {
  const answer = new Promise<{ bytes: Buffer; from: string }>((resolve) =>
    client.once('message', (reply, { address, port: sender }) =>
      resolve({ bytes: reply, from: `${address}:${sender}` }),
    ),
  )
  client.send(bytes, port, ADDRESS)
  return answer
}

describe('createListener', () => {
  it('shows every datagram that comes in and goes out, also what is no DHCP', async () => {
    const seen: Datagram[] = []
    const { listener: started, ports } = await listener({ onDatagram: (datagram) => seen.push(datagram) })
    await started.start()
    const client = await udp(0, '127.0.0.1')
    client.send('noise', ports.bootServer, ADDRESS)
    const { bytes } = await ask(client, ports.bootServer, encodePacket(bootRequest()))
    const from = { address: '127.0.0.1', port: client.address().port }
    const own = { address: ADDRESS, port: ports.bootServer }
    expect(seen).toMatchObject([
      { direction: 'in', interface: 'lo', local: ADDRESS, from, to: own, bytes: Buffer.from('noise') },
      { direction: 'in', from, to: own },
      { direction: 'out', to: from },
    ])
    expect(Buffer.from(seen[2]!.bytes)).toEqual(bytes)
  })

  it('statement 30, statement 40: answers from the address and port that were asked', async () => {
    const { listener: started, ports, events } = await listener()
    await started.start()
    const client = await udp(0, '127.0.0.1')
    const { from } = await ask(client, ports.bootServer, encodePacket(bootRequest()))
    expect(from).toBe(`${ADDRESS}:${ports.bootServer}`)
    expect(eventTypes({ replies: [], events })).toContain('boot-server-ack')
    await ask(client, ports.bootServer, encodePacket(bootRequest()))
  })

  it('statement 70: lives and serves after 10 000 fuzzed datagrams to each port', { timeout: 60_000 }, async () => {
    const { listener: started, ports, events } = await listener()
    await started.start()
    const client = await udp(0, '127.0.0.1')
    const template = encodePacket(bootRequest())
    const spoiled = fc
      .array(fc.tuple(fc.nat(template.length - 1), fc.nat(255)), { minLength: 1, maxLength: 30 })
      .map((changes) => {
        const bytes = Uint8Array.from(template)
        for (const [at, value] of changes) bytes[at] = value
        return bytes
      })
    const datagrams = fc.sample(fc.oneof(fc.uint8Array({ maxLength: 400 }), spoiled), { numRuns: 10_000, seed: 70 })
    for (const port of [ports.server, ports.bootServer]) {
      for (let at = 0; at < datagrams.length; at += 100) {
        for (const bytes of datagrams.slice(at, at + 100)) client.send(bytes, port, ADDRESS)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const seen = new Promise<void>((resolve) => {
      const marked = encodePacket(
        message({ ...bootRequest(), mac: '02:00:00:00:00:70', type: MESSAGE.request, options: pxeOptions(7) }),
      )
      const poll = setInterval(() => {
        if (!events.some((event) => event.type === 'boot-server-ack' && event.client.mac === '02:00:00:00:00:70')) {
          client.send(marked, ports.bootServer, ADDRESS)
          return
        }
        clearInterval(poll)
        resolve()
      }, 20)
    })
    await seen
    expect(events.filter(({ type }) => type === 'failed')).toEqual([])
    expect(events.length).toBeGreaterThan(1000)
  })

  it('statement 69: an empty and a one-byte datagram change nothing', async () => {
    const { listener: started, ports, events } = await listener()
    await started.start()
    const client = await udp(0, '127.0.0.1')
    for (const bytes of [new Uint8Array(), Uint8Array.of(1)]) client.send(bytes, ports.bootServer, ADDRESS)
    await ask(client, ports.bootServer, encodePacket(bootRequest()))
    const malformed = { type: 'malformed', reason: 'too-short' }
    expect(events.filter(({ type }) => type === 'malformed')).toMatchObject([malformed, malformed])
  })

  it('statement 36: names the socket whose port is taken, and holds none of the others', async () => {
    const { listener: busy, ports } = await listener()
    const blocker = await udp(ports.server, ADDRESS)
    await expect(busy.start()).rejects.toThrowWithCode(DhcpError, 'ADDRESS_IN_USE')
    await expect(busy.start()).rejects.toThrow(`DHCP socket 0.0.0.0:${ports.server}`)
    open.splice(open.indexOf(blocker), 1)
    await new Promise<void>((resolve) => blocker.close(resolve))
    await busy.start()
  })

  it('does without a taken port 4011 as main server, not as proxy', async () => {
    const main = await listener()
    await udp(main.ports.bootServer, ADDRESS)
    await main.listener.start()
    const told = main.events.filter(({ type }) => type !== 'ambiguous-links')
    expect(told).toMatchObject([{ type: 'socket-error', error: { code: 'ADDRESS_IN_USE' } }, { type: 'listening' }])
    await main.listener.stop()
    const proxy = await listener({ ports: main.ports, bootServerRequired: true })
    await expect(proxy.listener.start()).rejects.toThrowWithCode(DhcpError, 'ADDRESS_IN_USE')
  })

  it('refuses an interface without address', async () => {
    const created = createListener({
      interface: 'no-such-link',
      responder: testServer(),
      bootServer: testServer(),
      bootServerRequired: false,
      onEvent: () => {},
    })
    await expect(created.start()).rejects.toThrowWithCode(DhcpError, 'LISTEN_FAILED')
  })

  it('reports a reply that cannot be sent and goes on', async () => {
    const { listener: started, ports, events } = await listener()
    await started.start()
    const client = await udp(0, '127.0.0.1')
    // 240.0.0.1 is no address anybody can be reached at.
    const inform = message({ type: MESSAGE.inform, ciaddr: '240.0.0.1', options: [[OPTION.hostname, [65]]] })
    client.send(encodePacket(inform), ports.server, ADDRESS)
    await ask(client, ports.bootServer, encodePacket(bootRequest()))
    await new Promise((resolve) => setImmediate(resolve))
    expect(events.map(({ type }) => type)).toContain('inform')
  })
})
