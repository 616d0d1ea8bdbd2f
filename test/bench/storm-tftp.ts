// TFTP as edk2 speaks it: it asks for the size and breaks off, then fetches the file window by window.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { decodePacket, encodeAck, encodeError, encodeRequest } from '../../server/tftp/packet.ts'
import { answered, patience } from './storm-patience.ts'

const PORT = 69
const WAIT_MS = 4000
const WAITS = Array.from({ length: 6 }, () => WAIT_MS)
const BLKSIZE = 1468
/** The same for the size and for the file. */
const OPTIONS = new Map([
  ['tsize', '0'],
  ['blksize', String(BLKSIZE)],
  ['windowsize', '4'],
])

/** Resolves when a machine at the address `from` has all of the file. */
export async function fetchByTftp(server: string, file: string, from: string): Promise<void> {
  const request = encodeRequest({ op: 'rrq', file, mode: 'octet', options: OPTIONS })
  const size = await probe(await socketOn(from), server, file, request)
  await read(await socketOn(from), server, file, request, size)
}

export async function socketOn(address: string): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind({ address, exclusive: true })
  await once(socket, 'listening')
  return socket
}

async function probe(socket: Socket, server: string, file: string, request: Uint8Array): Promise<number> {
  const { size, port } = await answered<{ size: number; port: number }>(
    `the size of ${file}`,
    WAITS,
    () => socket.send(request, PORT, server),
    (take) =>
      socket.on('message', (bytes, { port }) => {
        const packet = decodePacket(bytes)
        if ('op' in packet && packet.op === 'oack') take({ size: Number(packet.options.get('tsize')), port })
      }),
  )
  await new Promise((sent) => socket.send(encodeError(8, 'User aborted the transfer'), port, server, sent))
  socket.close()
  return size
}

function read(socket: Socket, server: string, file: string, request: Uint8Array, size: number): Promise<void> {
  const last = Math.floor(size / BLKSIZE) + 1
  let [block, window, since, port] = [0, 1, 0, 0]
  const acknowledge = (): void => {
    since = 0
    socket.send(encodeAck(block), port, server)
    timer.refresh()
  }
  const timer = setInterval(() => {
    patience.retries++
    if (port === 0) socket.send(request, PORT, server)
    else acknowledge()
  }, WAIT_MS)
  const done = new Promise<void>((resolve, reject) => {
    socket.on('message', (datagram, from) => {
      const packet = decodePacket(datagram)
      if (!('op' in packet)) return
      port ||= from.port
      if (packet.op === 'oack') {
        window = Number(packet.options.get('windowsize') ?? 1)
        acknowledge()
      } else if (packet.op === 'data' && packet.block === ((block + 1) & 0xffff)) {
        block++
        if (++since === window || block === last) acknowledge()
        if (block === last) resolve()
      } else if (packet.op === 'error') {
        reject(new Error(`${file} by TFTP: ${packet.message}`))
      }
    })
  })
  socket.send(request, PORT, server)
  return done.finally(() => {
    clearInterval(timer)
    // The last acknowledgement leaves first.
    setImmediate(() => socket.close())
  })
}
