// DHCP: datagrams to the ports of server and boot server, broadcast, unicast and as a relay sends them.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { MESSAGE, OPTION, addresses, text } from '../../server/dhcp/options.ts'
import { encodePacket } from '../../server/dhcp/packet.ts'
import type { DhcpPacket } from '../../server/dhcp/packet.ts'
import { ipxeOptions, message, pxeOptions, selecting, type MessageParts } from '../server/dhcp/messages.ts'
import type { FuzzTarget } from './campaign.ts'
import { answerable, faultOf, type Request4 } from './dhcp-reading.ts'
import { Conversation, Expected } from './expected.ts'
import { startLan } from './lan.ts'
import { hostile, pick, type Random } from './mutate.ts'

const SERVER = '10.77.0.1'
const OWN_ADDRESS = '10.77.0.2'
const HONEST_MAC = '02:aa:bb:cc:dd:ee'
const HONEST_ADDRESS = '10.77.0.50'
const CONFIG = `[dhcp]
mode = "server"
interface = "lan0"
[dhcp.subnet]
cidr = "10.77.0.0/24"
pool = ["10.77.0.128-10.77.0.254"]
reservations = [{ mac = "${HONEST_MAC}", address = "${HONEST_ADDRESS}" }]
[[dhcp.subnets]]
cidr = "10.88.0.0/16"
pool = ["10.88.16.0-10.88.31.255"]
`
/** Places in the list of sockets. */
const [CLIENT, RELAY, BOOT] = [0, 1, 2]
const SOCKETS = [68, 67, 4011].map((port) => ({ type: 'udp4' as const, port }))
const ROUTES: readonly (readonly [socket: number, address: string, port: number])[] = [
  [CLIENT, '255.255.255.255', 67],
  [CLIENT, '255.255.255.255', 67],
  [RELAY, SERVER, 67],
  [CLIENT, SERVER, 67],
  [BOOT, SERVER, 4011],
]

const RELAY_ADDRESS = '10.88.0.1'
const agent = Uint8Array.of(1, 4, 0x65, 0x74, 0x68, 0x31, 5, 4, 10, 88, 0, 0, 11, 4, 10, 88, 0, 1)
const OWN: MessageParts[] = [
  {},
  { options: pxeOptions(7) },
  { options: pxeOptions(0), giaddr: RELAY_ADDRESS, hops: 1 },
  { options: [...ipxeOptions(7), [OPTION.relayAgent, agent]], giaddr: RELAY_ADDRESS },
  { options: pxeOptions(16, 'HTTPClient'), giaddr: RELAY_ADDRESS },
  { type: MESSAGE.request, options: [...selecting('10.77.0.130', SERVER), ...pxeOptions(7)] },
  { type: MESSAGE.request, options: selecting('10.88.16.9', SERVER), giaddr: RELAY_ADDRESS },
  { type: MESSAGE.request, options: [[OPTION.requestedAddress, addresses(['10.77.0.131'])]] },
  { type: MESSAGE.request, ciaddr: '10.77.0.132' },
  { type: MESSAGE.decline, options: selecting('10.77.0.130', SERVER) },
  { type: MESSAGE.release, ciaddr: '10.77.0.130', options: [[OPTION.serverIdentifier, addresses([SERVER])]] },
  { type: MESSAGE.inform, ciaddr: '10.77.0.60', options: pxeOptions(7) },
  // Longer than one instance of an option can be (RFC 3396), and every option there is.
  {
    options: [
      [OPTION.userClass, text('x'.repeat(600))],
      [OPTION.clientIdentifier, text('y'.repeat(400))],
    ],
  },
  { options: Array.from({ length: 200 }, (_, code): [number, Uint8Array] => [code + 54, Uint8Array.of(code)]) },
]

/** What firmware sent in the recorded boots, and messages of our own making: the beginnings of mutations. */
const EXAMPLES: readonly Buffer[] = [...recorded(), ...OWN.map((parts) => encoded(message(parts))), overloaded()]

export const dhcp: FuzzTarget = {
  name: 'dhcp',
  batch: 100,
  hostile: (random) => strange(random),

  async start() {
    const problems: string[] = []
    const expected = new Expected<Request4>()
    const talk = new Conversation()
    const lan = await startLan({
      config: CONFIG,
      sockets: SOCKETS,
      ports: [67, 4011],
      async configure(server, client) {
        await server.ip('address', 'add', `${SERVER}/24`, 'broadcast', '+', 'dev', 'lan0')
        await client.ip('address', 'add', `${OWN_ADDRESS}/24`, 'broadcast', '+', 'dev', 'eth0')
        // Whatever address an answer goes to is taken here, and seen, except those of the pool: they are looked for before they are offered.
        await server.ip('route', 'add', 'default', 'via', OWN_ADDRESS)
        await client.ip('route', 'add', 'default', 'dev', 'eth0')
        await client.ip('rule', 'add', 'iif', 'eth0', 'lookup', '100')
        await client.ip('route', 'add', 'local', 'default', 'dev', 'lo', 'table', '100')
        await client.ip('route', 'add', 'throw', '10.77.0.128/25', 'table', '100')
      },
      onAnswer({ hex, address, port }) {
        // Our own broadcasts come back to us.
        if (address === OWN_ADDRESS) return
        const answer = Buffer.from(hex, 'hex')
        const xid = answer.length < 8 ? 0 : answer.readUInt32BE(4)
        if (talk.answered(xid, answer)) return
        const request = expected.at(xid)
        const fault = request ? faultOf(answer, port, request) : 'nothing that may be answered was sent'
        if (fault !== undefined) problems.push(`${fault}: ${hex} for ${request?.bytes.toString('hex')}`)
      },
    })
    let fired = 0
    return {
      pid: lan.pid,
      async fire(inputs) {
        const volley = inputs.map((input) => {
          const transaction = ++fired
          const bytes = numbered(input, transaction)
          const request = answerable(bytes)
          if (request) expected.add(transaction, request)
          const [socket, address, port] = ROUTES[transaction % ROUTES.length]!
          return [socket, bytes.toString('hex'), address, port] as [number, string, string, number]
        })
        await lan.fire(volley)
        return [...problems.splice(0), ...lan.errors().slice(0, 1)]
      },
      async work() {
        const exchange = async (parts: MessageParts): Promise<Buffer> => {
          const xid = honestTransaction()
          const bytes = encoded(message({ mac: HONEST_MAC, xid, ...parts }))
          return talk.ask(xid, () => lan.fire([[CLIENT, bytes.toString('hex'), '255.255.255.255', 67]]))
        }
        for (const parts of [{}, { type: MESSAGE.request, options: selecting(HONEST_ADDRESS, SERVER) }]) {
          const answer = await exchange(parts)
          const [address, type] = [answer.subarray(16, 20).join('.'), answer[242]]
          if (address !== HONEST_ADDRESS || type !== (parts.type === undefined ? MESSAGE.offer : MESSAGE.ack)) {
            throw new Error(`an honest client got type ${type} with ${address}`)
          }
        }
      },
      [Symbol.asyncDispose]: () => lan[Symbol.asyncDispose](),
    }
  },
}

let honest = 0

/** Apart from those of the inputs. */
function honestTransaction(): number {
  return 0x8000_0000 + honest++
}

/** Every third is mutated where options are alone, so that it gets further; some are of ever new machines. */
function strange(random: Random): Buffer {
  if (random() < 0.67) return hostile(random, EXAMPLES)
  const example = pick(random, EXAMPLES)
  const bytes = Buffer.concat([example.subarray(0, 240), hostile(random, [example.subarray(240)])])
  if (random() < 0.3) bytes.writeUInt32BE(Math.floor(random() * 2 ** 32), 30)
  return bytes
}

function numbered(input: Buffer, transaction: number): Buffer {
  const bytes = Buffer.from(input)
  if (bytes.length >= 8) bytes.writeUInt32BE(transaction, 4)
  return bytes
}

function encoded(packet: DhcpPacket): Buffer {
  return Buffer.from(encodePacket(packet, { limit: 1472 }))
}

function recorded(): Buffer[] {
  const folder = join(import.meta.dirname, '../fixtures/dhcp')
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  return texts.flatMap((lines) =>
    [...lines.matchAll(/^> .* ([0-9a-f]+)$/gm)].map(([, hex = '']) => Buffer.from(hex, 'hex')),
  )
}

/** Option 53 in the field of the file name, a host name in that of the server (RFC 2132 section 9.3). */
function overloaded(): Buffer {
  const bytes = encoded(message())
  bytes.fill(0, 240)
  bytes.set([OPTION.overload, 1, 3, 255], 240)
  bytes.set([OPTION.messageType, 1, MESSAGE.discover, 255], 108)
  bytes.set([OPTION.hostname, 3, 0x61, 0x62, 0x63, 255], 44)
  return bytes
}
