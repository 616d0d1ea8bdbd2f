// TFTP: datagrams at the port of requests, and at that of a transfer under way.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  decodePacket,
  encodeAck,
  encodeData,
  encodeError,
  encodeOack,
  encodeRequest,
} from '../../server/tftp/packet.ts'
import { pattern } from '../interop/tftp-pattern.ts'
import type { FuzzTarget } from './campaign.ts'
import { startProgram } from './child.ts'
import { hostile } from './mutate.ts'
import { allRead } from './receive-queue.ts'

const ADDRESS = '127.0.0.79'
/** Whoever fires has a share of transfers of its own. */
const HOSTILE_ADDRESS = '127.0.0.80'
const FILE = 'snponly.efi'
const RESEND_MS = 500
const CONTENT = pattern(100_000)

const read = (file: string, options: Record<string, string>) =>
  encodeRequest({ op: 'rrq', file, mode: 'octet', options: new Map(Object.entries(options)) })

/** What honest clients send: the beginnings of mutations. */
const EXAMPLES = [
  read(FILE, { tsize: '0', blksize: '1468', windowsize: '4' }),
  read('EFI\\BOOT\\X.EFI', { blksize: '512', timeout: '1' }),
  encodeRequest({ op: 'wrq', file: 'x', mode: 'netascii', options: new Map() }),
  encodeData(1, Buffer.from('data')),
  encodeAck(1),
  encodeError(0, 'stop'),
  encodeOack(new Map([['blksize', '512']])),
].map((bytes) => Buffer.from(bytes))

export const tftp: FuzzTarget = {
  name: 'tftp',
  batch: 50,
  hostile: (random) => hostile(random, EXAMPLES),

  async start() {
    const port = await freePort()
    const folder = await mkdtemp(join(tmpdir(), 'landfall-fuzz-'))
    await writeFile(join(folder, FILE), CONTENT)
    const program = await startProgram('tftp-serve.ts', { address: ADDRESS, port, folder }, /"serving"/)
    const [stranger, requester] = [await opened(HOSTILE_ADDRESS), await opened(HOSTILE_ADDRESS)]
    let answered = 0
    stranger.on('message', () => answered++)
    let transferPort: number | undefined
    return {
      pid: program.pid,
      async fire(inputs) {
        for (const input of inputs) {
          // Whatever reads as a request may be answered; the rest is not even an error.
          const from = isRequest(input) ? requester : stranger
          from.send(input, port, ADDRESS)
          if (transferPort !== undefined) stranger.send(input, transferPort, ADDRESS)
        }
        await allRead(program.pid, [port])
        const wrong = answered
        answered = 0
        return wrong === 0
          ? []
          : [`${wrong} answers to garbage like ${inputs.map((one) => one.toString('hex')).join(' ')}`]
      },
      async work() {
        const content = await download(port, (from) => (transferPort = from))
        if (Buffer.compare(content, CONTENT) !== 0) throw new Error('an honest client got something else')
      },
      async [Symbol.asyncDispose]() {
        await program.end()
        for (const socket of [stranger, requester]) socket.close()
        await rm(folder, { recursive: true })
      },
    }
  },
}

/** By its opcode and two strings, as RFC 1350 has it. */
function isRequest(bytes: Buffer): boolean {
  return (
    bytes[0] === 0 && (bytes[1] === 1 || bytes[1] === 2) && bytes.subarray(2).filter((byte) => byte === 0).length > 1
  )
}

/** A small client of its own: block by block, asking again for what does not come. */
async function download(port: number, transferAt: (port: number) => void): Promise<Buffer> {
  const socket = await opened()
  try {
    const parts: Uint8Array[] = []
    let last = read(FILE, {})
    let to = port
    for (let silent = 0; silent < 20;) {
      socket.send(last, to, ADDRESS)
      const received = await once(socket, 'message', { signal: AbortSignal.timeout(RESEND_MS) }).catch(() => undefined)
      if (!received) {
        silent++
        continue
      }
      silent = 0
      const [datagram, from] = received as [Buffer, RemoteInfo]
      const packet = decodePacket(datagram)
      if (!('op' in packet) || packet.op === 'oack') continue
      if (packet.op !== 'data') throw new Error(`an honest client was told ${JSON.stringify(packet)}`)
      if (packet.block === parts.length + 1) parts.push(Buffer.from(packet.data))
      to = from.port
      transferAt(to)
      last = encodeAck(parts.length)
      if (packet.data.length < 512) {
        // Closing at once would lose it, and the server would wait for it.
        await new Promise((sent) => socket.send(last, to, ADDRESS, sent))
        return Buffer.concat(parts)
      }
    }
    throw new Error('the server says nothing any more')
  } finally {
    socket.close()
  }
}

async function opened(address = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, address, resolve))
  return socket
}

async function freePort(): Promise<number> {
  const socket = await opened()
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}
