import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { udpSocket } from '../../../server/host/udp-socket.ts'
import { Lingering } from '../../../server/tftp/lingering.ts'
import { TransferSockets } from '../../../server/tftp/transfer-sockets.ts'
import { bound } from '../../../server/tftp/udp.ts'

let client: Socket
let socket: Socket
let descriptor: number
let received: string[]
let failures: string[]

const attended = (more: { isOver?: () => boolean; receive?: (datagram: Uint8Array) => void } = {}) => ({
  descriptor,
  receive: (datagram: Uint8Array) => void received.push(Buffer.from(datagram).toString()),
  fail: (message: string) => void failures.push(message),
  isOver: () => failures.length > 0,
  ...more,
})

beforeEach(async () => {
  received = []
  failures = []
  client = udpSocket({ type: 'udp4' })
  await bound(client, { address: '127.0.0.1', port: 0 })
  const opened = await new TransferSockets('127.0.0.1').open(client.address())
  socket = opened.socket
  descriptor = opened.descriptor!
})
afterEach(() => {
  socket.close()
  try {
    client.close()
  } catch {
    // A test closed it.
  }
})

describe('lingering', () => {
  it('takes all that has arrived, in order and in this very turn', () => {
    sent('first', 'second', 'third')
    new Lingering().attend(attended())
    expect(received).toEqual(['first', 'second', 'third'])
  })

  it('takes nothing once the transfer is over', () => {
    sent('first', 'second')
    new Lingering().attend(attended({ isOver: () => received.length === 1 }))
    expect(received).toEqual(['first'])
  })

  it('waits no more for a client that was slow again and again, and leaves its datagrams to Node', async () => {
    const lingering = new Lingering()
    for (let time = 0; time < 8; time++) lingering.attend(attended())
    sent('late')
    const [datagram] = await once(socket, 'message')
    expect(String(datagram)).toBe('late')
    sent('later')
    lingering.attend(attended())
    expect(received).toEqual([])
  })

  it('is patient again with a client that was in time once', () => {
    const lingering = new Lingering()
    for (let time = 0; time < 7; time++) lingering.attend(attended())
    sent('in time')
    lingering.attend(attended())
    for (let time = 0; time < 6; time++) lingering.attend(attended())
    sent('in time again')
    lingering.attend(attended())
    expect(received).toEqual(['in time', 'in time again'])
  })

  it('gives everybody else a turn, however fast the client', () => {
    sent('begin')
    let taken = 0
    // Each one taken is followed by another. No limit of the test's own could end what never leaves its turn.
    const receive = () => {
      taken++
      sent('more')
    }
    new Lingering().attend(attended({ receive, isOver: () => taken >= 20_000 }))
    expect(taken).toBeGreaterThan(0)
    expect(taken).toBeLessThan(20_000)
  })

  it('tells of a client that closed its port', async () => {
    client.close()
    await new Promise<void>((resolve) => socket.send('anybody there?', () => resolve()))
    new Lingering().attend(attended())
    expect(failures).toEqual(['recv ECONNREFUSED'])
  })
})

/** Over the loopback link a datagram has arrived when it was sent, within this turn of the event loop: Node has not read it yet. */
function sent(...texts: string[]): void {
  const { port } = socket.address()
  for (const text of texts) client.send(text, port, '127.0.0.1')
}
