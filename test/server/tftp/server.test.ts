import { randomBytes } from 'node:crypto'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { TftpError } from '../../../server/tftp/errors.ts'
import { decodePacket, encodeAck, encodeError, encodeRequest, type TftpPacket } from '../../../server/tftp/packet.ts'
import {
  createTftpServer,
  type TftpEvent,
  type TftpServer,
  type TftpServerOptions,
} from '../../../server/tftp/server.ts'
import type { TftpSource } from '../../../server/tftp/source.ts'

const ADDRESS = '127.0.0.77'
const LOADER = randomBytes(20_000)
const FILES = new Map<string, Uint8Array>([
  ['snponly.efi', LOADER],
  ['efi/boot/x.efi', Buffer.from('found')],
  ['empty', new Uint8Array()],
])
const source: TftpSource = async (name) => FILES.get(name)

const open: (TftpServer | Socket)[] = []
afterEach(async () => {
  for (const it of open.splice(0)) await ('stop' in it ? it.stop() : new Promise<void>((resolve) => it.close(resolve)))
})

async function serve(options: Partial<TftpServerOptions> = {}) {
  const events: TftpEvent[] = []
  const port = options.port ?? (await freePort())
  const server = createTftpServer({
    address: ADDRESS,
    port,
    source,
    onEvent: (event) => events.push(event),
    ...options,
  })
  open.push(server)
  await server.start()
  return {
    server,
    events,
    port,
    outcomes: () => events.flatMap((event) => ('outcome' in event ? [event.outcome] : [])),
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, ADDRESS, resolve))
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}

/** A client's socket with its received packets in a queue. */
async function client() {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  open.push(socket)
  const queue: { packet: TftpPacket; from: RemoteInfo }[] = []
  let wake = (): void => {}
  socket.on('message', (bytes, from) => {
    const packet = decodePacket(bytes)
    if ('op' in packet) queue.push({ packet, from })
    wake()
  })
  const next = async (): Promise<{ packet: TftpPacket; from: RemoteInfo }> => {
    while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    return queue.shift()!
  }
  const request = (port: number, file: string, options: Record<string, string> = {}, mode = 'octet') =>
    socket.send(encodeRequest({ op: 'rrq', file, mode, options: new Map(Object.entries(options)) }), port, ADDRESS)
  return { socket, next, request, queue }
}

/** A whole download, acknowledging every block. */
async function download(port: number, file: string, options: Record<string, string> = {}): Promise<Buffer> {
  const { socket, next, request } = await client()
  request(port, file, options)
  const blksize = Number(options['blksize'] ?? 512)
  const parts: Uint8Array[] = []
  for (;;) {
    const { packet, from } = await next()
    expect(from.address).toBe(ADDRESS)
    if (packet.op === 'error') throw new Error(`${packet.code} ${packet.message}`)
    if (packet.op === 'oack') socket.send(encodeAck(0), from.port, from.address)
    if (packet.op !== 'data') continue
    socket.send(encodeAck(packet.block), from.port, from.address)
    // A busy host may hold up an acknowledgement until the server repeats its block.
    if (packet.block !== parts.length + 1) continue
    parts.push(packet.data)
    if (packet.data.length < blksize) return Buffer.concat(parts)
  }
}

/** Until the server has nothing under way. */
async function settled(server: TftpServer): Promise<void> {
  while (server.active > 0) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('createTftpServer', () => {
  it('statement 67: serves from the address that was asked and reports one event', async () => {
    const { server, events, port } = await serve()
    expect(Buffer.compare(await download(port, '/snponly.efi', { blksize: '1468', tsize: '0' }), LOADER)).toBe(0)
    await settled(server)
    expect(events.slice(1)).toMatchObject([
      { type: 'transfer', file: 'snponly.efi', size: 20_000, bytes: 20_000, blksize: 1468, windowsize: 1, resends: 0, outcome: 'completed', remote: { address: '127.0.0.1' } }, // prettier-ignore
    ])
  })

  it('statement 73: finds names in backslashes and capitals', async () => {
    const { port } = await serve()
    expect((await download(port, 'EFI\\BOOT\\X.EFI')).toString()).toBe('found')
  })

  it('tells the source who asks, and asks for lower case second', async () => {
    const asked: unknown[] = []
    const { port } = await serve({ source: async (name, request) => void asked.push([name, request]) })
    await expect(download(port, 'A')).rejects.toThrow('1 file not found')
    const request = { remoteAddress: '127.0.0.1', localAddress: ADDRESS }
    expect(asked).toEqual([['A', request], ['a', request]]) // prettier-ignore
  })

  it.each([
    ['statement 57: an unknown file', '1 file not found', 'not-found', 'revocations_sbat.efi', 'octet'],
    ['statement 72: a name out of the root', '2 no such place', 'outside-root', '..\\..\\x', 'octet'],
    ['mode mail', '4 want mode octet or netascii', 'mode', 'snponly.efi', 'mail'],
  ])('%s is refused', async (_name, error, reason, file, mode) => {
    const { events, port } = await serve()
    const { next, request } = await client()
    request(port, file, {}, mode)
    const { packet } = await next()
    expect(packet.op === 'error' && `${packet.code} ${packet.message}`).toBe(error)
    expect(events.slice(1)).toMatchObject([{ type: 'refused', reason, file }])
  })

  it('statement 74: refuses to be written to', async () => {
    const { port } = await serve()
    const { socket, next } = await client()
    socket.send(encodeRequest({ op: 'wrq', file: 'x', mode: 'octet', options: new Map() }), port, ADDRESS)
    expect((await next()).packet).toEqual({ op: 'error', code: 2, message: 'read only' })
  })

  it('answers a source that fails, and goes on', async () => {
    const { events, port } = await serve({
      source: async (name) => {
        if (name === 'bad') throw new Error('store gone')
        return FILES.get(name)
      },
    })
    await expect(download(port, 'bad')).rejects.toThrow('0 read error')
    expect(events.at(-1)).toMatchObject({ type: 'refused', reason: 'source-failed', error: { message: 'store gone' } })
    expect(await download(port, 'empty')).toHaveLength(0)
  })

  it('statement 64: reports a probe as such', async () => {
    const { server, outcomes, port } = await serve()
    const { socket, next, request } = await client()
    request(port, 'snponly.efi', { tsize: '0', blksize: '1468' })
    const { packet, from } = await next()
    expect(packet).toEqual({ op: 'oack', options: new Map([['tsize', '20000'], ['blksize', '1468']]) }) // prettier-ignore
    socket.send(encodeError(8, 'User aborted the transfer'), from.port, from.address)
    await settled(server)
    expect(outcomes()).toEqual(['probed'])
  })

  it('answers a repeated request without a second transfer, a different one with a new transfer', async () => {
    const { server, outcomes, port } = await serve()
    const { next, request } = await client()
    request(port, 'snponly.efi', { tsize: '0' })
    const first = await next()
    // Sooner than any client, it would be taken for a copy that the network made.
    await delay(60)
    request(port, 'snponly.efi', { tsize: '0' })
    const again = await next()
    expect([again.packet, again.from.port]).toEqual([first.packet, first.from.port])
    expect(server.active).toBe(1)
    request(port, 'efi/boot/x.efi')
    expect((await next()).packet).toMatchObject({ op: 'error', message: 'replaced by a new request' })
    expect((await next()).packet).toMatchObject({ op: 'data', block: 1 })
    expect([server.active, outcomes()]).toEqual([1, ['replaced']])
  })

  it('statement 68: takes neither ACK nor ERROR from a stranger', async () => {
    const { port } = await serve()
    const { next, request, socket, queue } = await client()
    const stranger = await client()
    request(port, 'snponly.efi', { tsize: '0' })
    const { from } = await next()
    for (const bytes of [encodeAck(0), encodeError(0, 'stop')]) stranger.socket.send(bytes, from.port, from.address)
    socket.send(new Uint8Array(), from.port, from.address)
    socket.send(encodeAck(0), from.port, from.address)
    expect((await next()).packet).toMatchObject({ op: 'data', block: 1 })
    expect(queue).toEqual([])
  })

  it('statement 69, 70: lives and serves after 10 000 fuzzed datagrams to each port', { timeout: 60_000 }, async () => {
    const { server, port } = await serve({ maxTransfersPerClient: 4 })
    const { socket, next, request } = await client()
    request(port, 'snponly.efi', { tsize: '0' })
    const { from } = await next()
    const stranger = (await client()).socket
    const piece = fc.constantFrom(
      '\0\x01',
      '\0\x02',
      '\0\x05',
      'snponly.efi\0',
      'octet\0',
      'blksize\0',
      '8\0',
      'tsize\0',
      'x',
    )
    const made = fc.array(piece, { maxLength: 8 }).map((pieces) => Buffer.from(pieces.join(''), 'latin1'))
    const datagrams = fc.sample(fc.oneof(fc.uint8Array({ maxLength: 60 }), made), { numRuns: 10_000, seed: 69 })
    for (let at = 0; at < datagrams.length; at += 100) {
      for (const bytes of datagrams.slice(at, at + 100)) {
        stranger.send(bytes, port, ADDRESS)
        // An ERROR from its own client would rightly end the transfer.
        if (bytes[1] !== 5) socket.send(bytes, from.port, from.address)
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    socket.send(encodeError(0, 'closed'), from.port, from.address)
    stranger.close()
    open.splice(open.indexOf(stranger), 1)
    const others = await serve()
    expect(await download(others.port, 'snponly.efi')).toHaveLength(20_000)
    await server.stop()
  })

  it('keeps each client and all of them within limits, with one event', async () => {
    const { server, events, port } = await serve({ maxTransfersPerClient: 2 })
    const clients = await Promise.all([1, 2, 3, 4].map(() => client()))
    for (const { request } of clients) request(port, 'snponly.efi', { tsize: '0' })
    const answers = await Promise.all(clients.map(async ({ next }) => (await next()).packet.op))
    expect(answers.toSorted()).toEqual(['error', 'error', 'oack', 'oack'])
    expect(server.active).toBe(2)
    expect(events.filter(({ type }) => type === 'refused')).toMatchObject([{ reason: 'busy' }])
  })

  it('uses only the transfer ports it may', async () => {
    const free = await freePort()
    const { port } = await serve({ transferPorts: { from: free, to: free } })
    const [first, second] = [await client(), await client()]
    first.request(port, 'snponly.efi', { tsize: '0' })
    expect((await first.next()).from.port).toBe(free)
    second.request(port, 'snponly.efi', { tsize: '0' })
    expect((await second.next()).packet).toMatchObject({ op: 'error', message: 'busy' })
  })

  it('ends a transfer whose client closed its socket, not the process', async () => {
    const { server, outcomes, port } = await serve()
    const { next, request, socket } = await client()
    request(port, 'snponly.efi')
    const { from } = await next()
    await new Promise((resolve) => socket.send(encodeAck(1), from.port, from.address, resolve))
    socket.close()
    open.splice(open.indexOf(socket), 1)
    await settled(server)
    expect(outcomes()).toEqual(['aborted'])
  })

  it('names the socket whose port is taken', async () => {
    const { port } = await serve()
    const second = createTftpServer({ address: ADDRESS, port, source, onEvent: () => {} })
    await expect(second.start()).rejects.toThrowWithCode(TftpError, 'ADDRESS_IN_USE')
    await expect(second.start()).rejects.toThrow(`TFTP socket ${ADDRESS}:${port}`)
  })

  it('statement 75: serves 100 clients at once', { timeout: 60_000 }, async () => {
    const { server, port, outcomes } = await serve({ maxTransfersPerClient: 100 })
    const files = await Promise.all(
      Array.from({ length: 100 }, () => download(port, 'snponly.efi', { blksize: '1468' })),
    )
    expect(files.every((file) => Buffer.compare(file, LOADER) === 0)).toBe(true)
    await settled(server)
    expect(outcomes()).toEqual(Array(100).fill('completed'))
  })
})
