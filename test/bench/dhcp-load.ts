// The load of test/bench/dhcp.ts: machines that obtain an address, many at a time, through a relay that this program plays.
//
// usage: dhcp-load.ts RELAY-ADDRESS SERVER-ADDRESS MACHINES-AT-A-TIME MILLISECONDS FIRST-MACHINE; prints one DhcpLoad as JSON.

import { createSocket } from 'node:dgram'
import { MESSAGE, OPTION } from '../../server/dhcp/options.ts'
import { BOOTREPLY, encodePacket } from '../../server/dhcp/packet.ts'
import { message, selecting } from '../server/dhcp/messages.ts'

export interface DhcpLoad {
  /** Addresses obtained: DISCOVER, OFFER, REQUEST, ACK. */
  exchanges: number
  seconds: number
  /** From the first DISCOVER to the ACK, of the slowest hundredth. */
  p99Ms: number
  /** Messages sent again for want of an answer. */
  repeated: number
  /** Addresses acknowledged to two machines. */
  twice: number
}

/** Clients repeat after seconds; a second shows what gets lost without drowning the server in repeats. */
const REPEAT_MS = 1000
/** Counts for nothing: a server runs for months, and only its first seconds find code that has never run. */
const WARM_UP_MS = 4000
/** A hundred machines have a hundred buffers: what got lost in the one of this program would be held against the server. */
const RECEIVE_BUFFER_BYTES = 2 ** 22
const SERVER_PORT = 67

const [relay = '', server = '', ...numbers] = process.argv.slice(2)
const [machines = 0, runMs = 0, first = 0] = numbers.map(Number)

const template = (type: number): Buffer => {
  const options = type === MESSAGE.request ? selecting('0.0.0.0', server) : []
  const wants: [number, number[]] = [OPTION.parameterRequestList, [1, 3, 6, 15]]
  return Buffer.from(encodePacket(message({ type, giaddr: relay, options: [...options, wants] })))
}
const DISCOVER = template(MESSAGE.discover)
const REQUEST = template(MESSAGE.request)
/** Where option 50 has its address: behind 53 and 54, which come first. */
const REQUESTED_AT = REQUEST.indexOf(Buffer.from([OPTION.requestedAddress, 4])) + 2
const XID_AT = 4
const YIADDR_AT = 16
const MAC_AT = 28
/** Option 53 is the first one in every reply of the servers measured. */
const TYPE_AT = 242

interface Machine {
  began: number
  sent: number
  bytes: Buffer
}

const waiting = new Map<number, Machine>()
const took: number[] = []
const given = new Set<number>()
let [next, repeated, twice] = [first, 0, 0]

const socket = createSocket('udp4')
const begin = performance.now() + WARM_UP_MS
const end = begin + runMs

function send(machine: Machine): void {
  machine.sent = performance.now()
  socket.send(machine.bytes, SERVER_PORT, server)
}

function powerOn(): void {
  const id = next++
  const bytes = Buffer.from(DISCOVER)
  const machine = { began: performance.now(), sent: 0, bytes: identify(bytes, id) }
  waiting.set(id, machine)
  send(machine)
}

function identify(bytes: Buffer, id: number): Buffer {
  bytes.writeUInt32BE(id, XID_AT)
  bytes.writeUInt32BE(id, MAC_AT + 2)
  return bytes
}

socket.on('message', (reply) => {
  if (reply[0] !== BOOTREPLY) return
  const id = reply.readUInt32BE(XID_AT)
  const machine = waiting.get(id)
  if (!machine) return
  if (reply[TYPE_AT] === MESSAGE.offer && machine.bytes[TYPE_AT] === MESSAGE.discover) {
    machine.bytes = identify(Buffer.from(REQUEST), id)
    reply.copy(machine.bytes, REQUESTED_AT, YIADDR_AT, YIADDR_AT + 4)
    send(machine)
  } else if (reply[TYPE_AT] === MESSAGE.ack) {
    const now = performance.now()
    waiting.delete(id)
    if (now >= begin) took.push(now - machine.began)
    const address = reply.readUInt32BE(YIADDR_AT)
    if (given.has(address)) twice++
    given.add(address)
    if (now < end) powerOn()
    else finish()
  }
})

function finish(): void {
  clearInterval(repeats)
  socket.removeAllListeners('message')
  socket.close()
  took.sort((a, b) => a - b)
  const result: DhcpLoad = {
    exchanges: took.length,
    seconds: (performance.now() - end + runMs) / 1000,
    p99Ms: took[Math.floor(took.length * 0.99)] ?? Infinity,
    repeated,
    twice,
  }
  console.log(JSON.stringify(result))
}

const repeats = setInterval(() => {
  const now = performance.now()
  // A server that answers nobody must not be waited for.
  if (now > end + REPEAT_MS) return finish()
  for (const machine of waiting.values()) {
    if (now - machine.sent < REPEAT_MS) continue
    repeated++
    send(machine)
  }
}, REPEAT_MS / 4)

socket.bind(SERVER_PORT, relay, () => {
  socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
  for (let n = 0; n < machines; n++) powerOn()
})
