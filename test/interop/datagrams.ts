// Sends datagrams from inside a namespace and prints what comes back, as JSON lines: `{ from, port, hex, afterMs }`.
//
// Argument: `{ listen: [address, port], from?: [address, port], send: [[hex, address, port], ...], count, ms }`. It listens
// on one socket and sends from another where `from` is given; ends after `count` answers or `ms`.

import { createSocket, type Socket } from 'node:dgram'

export interface DatagramPlan {
  listen: [address: string, port: number]
  from?: [address: string, port: number]
  send: [hex: string, address: string, port: number][]
  count: number
  ms: number
}

const plan = JSON.parse(process.argv[2] ?? '') as DatagramPlan

async function bound([address, port]: [string, number]): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, address, resolve)
  })
  socket.setBroadcast(true)
  return socket
}

const receiver = await bound(plan.listen)
const sender = plan.from ? await bound(plan.from) : receiver
let left = plan.count
const end = (): void => {
  clearTimeout(timer)
  receiver.close()
  if (sender !== receiver) sender.close()
}
const timer = setTimeout(end, plan.ms)
for (const socket of new Set([receiver, sender])) {
  socket.on('message', (bytes, { address, port }) => {
    process.stdout.write(
      `${JSON.stringify({ from: address, port, hex: bytes.toString('hex'), afterMs: performance.now() - sent })}\n`,
    )
    if (--left === 0) end()
  })
}
const sent = performance.now()
for (const [hex, address, port] of plan.send) sender.send(Buffer.from(hex, 'hex'), port, address)
