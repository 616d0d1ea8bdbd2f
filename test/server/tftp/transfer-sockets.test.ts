import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TransferSockets } from '../../../server/tftp/transfer-sockets.ts'

let opened: Socket[]
let client: Socket
let remote: { address: string; port: number }

beforeEach(async () => {
  opened = []
  client = createSocket('udp4').bind(0, '127.0.0.1')
  await once(client, 'listening')
  remote = client.address()
})
afterEach(() => {
  for (const socket of [client, ...opened]) socket.close()
})

async function open(sockets: TransferSockets) {
  const transfer = await sockets.open(remote)
  opened.push(transfer.socket)
  return transfer
}

describe('sockets of transfers', () => {
  it('are bound to the address that was asked and connected to the client', async () => {
    const { socket, descriptor } = await open(new TransferSockets('127.0.0.1'))
    expect(socket.address()).toMatchObject({ address: '127.0.0.1', family: 'IPv4' })
    expect(socket.remoteAddress()).toMatchObject(remote)
    expect(descriptor).toBeGreaterThan(2)
    const [[, from]] = await Promise.all([once(client, 'message'), send(socket)])
    expect(from).toMatchObject({ port: socket.address().port })
  })

  it('take ports from the range in turn and pass over those that are taken', async () => {
    const { from } = await freeRange(3)
    const sockets = new TransferSockets('127.0.0.1', { from, to: from + 2 })
    const ports = []
    for (let count = 0; count < 3; count++) ports.push((await open(sockets)).socket.address().port)
    expect(ports).toEqual([from, from + 1, from + 2])
    await expect(open(sockets)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    opened.splice(1, 1)[0]!.close()
    expect((await open(sockets)).socket.address().port).toBe(from + 1)
  })

  it('are Node’s alone for IPv6', async () => {
    client.close()
    client = createSocket('udp6').bind(0, '::1')
    await once(client, 'listening')
    remote = client.address()
    const { socket, descriptor } = await open(new TransferSockets('::1'))
    expect(descriptor).toBeUndefined()
    expect(socket.remoteAddress()).toMatchObject(remote)
  })

  it('say why there is none', async () => {
    await expect(open(new TransferSockets('192.0.2.1'))).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
  })
})

function send(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.send('block', () => resolve()))
}

/** The first of some ports in a row that nobody has, as far as can be told. */
async function freeRange(count: number): Promise<{ from: number }> {
  for (;;) {
    const probe = createSocket('udp4').bind(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address()
    probe.close()
    if (port + count < 65_536 && (await Promise.all(range(port, count).map(isFree))).every(Boolean))
      return { from: port }
  }
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createSocket('udp4')
    probe.on('error', () => resolve(false))
    probe.bind({ address: '127.0.0.1', port, exclusive: true }, () => probe.close(() => resolve(true)))
  })
}
