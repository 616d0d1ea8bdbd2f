// Fires datagrams from inside a network namespace, for a campaign outside: `Volley`s as JSON lines on stdin; on stdout, as JSON lines, `{"fired":N}`
// for each once it is on the wire, and every `Answer` as it comes. The only argument lists the sockets.

import { createSocket, type Socket } from 'node:dgram'
import { createInterface } from 'node:readline'

export interface SocketPlan {
  type: 'udp4' | 'udp6'
  port: number
}

/** Datagrams as socket (its place in the plan), payload in hex, address and port. */
export type Volley = [socket: number, hex: string, address: string, port: number][]

export interface Answer {
  socket: number
  /** Where it came from. */
  address: string
  port: number
  hex: string
}

const plan = JSON.parse(process.argv[2] ?? '') as SocketPlan[]
const sockets = await Promise.all(plan.map(opened))
print({ fired: 0 })
for await (const line of createInterface({ input: process.stdin })) {
  const volley = JSON.parse(line) as Volley
  await Promise.all(volley.map(([socket, hex, address, port]) => sent(sockets[socket]!, hex, address, port)))
  print({ fired: volley.length })
}
for (const socket of sockets) socket.close()

async function opened({ type, port }: SocketPlan, at: number): Promise<Socket> {
  const socket = createSocket({ type, reuseAddr: true, ...(type === 'udp6' && { ipv6Only: true }) })
  await new Promise<void>((resolve) => socket.bind(port, resolve))
  if (type === 'udp4') socket.setBroadcast(true)
  socket.setRecvBufferSize(2 ** 22)
  socket.on('message', (bytes, from) =>
    print({ socket: at, address: from.address, port: from.port, hex: bytes.toString('hex') } satisfies Answer),
  )
  return socket
}

/** What cannot be sent, because it is too long for a datagram, did not have to be answered. */
function sent(socket: Socket, hex: string, address: string, port: number): Promise<void> {
  return new Promise((resolve) => socket.send(Buffer.from(hex, 'hex'), port, address, () => resolve()))
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
