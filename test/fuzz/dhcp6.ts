// DHCPv6: datagrams to the port of servers, by multicast and unicast, of clients and through any number of relays.
import { MESSAGE6, encodeMessage } from '../../server/dhcp6/message.ts'
import { OPTION6, statusCode, type Option6 } from '../../server/dhcp6/options.ts'
import {
  UUID_DUID,
  ipxeOptions,
  message,
  readReply,
  relayed,
  uefiOptions,
  type MessageParts,
} from '../server/dhcp6/messages.ts'
import type { FuzzTarget } from './campaign.ts'
import { answerable, faultOf, read, type Request6 } from './dhcp6-reading.ts'
import { Conversation, Expected } from './expected.ts'
import { startLan } from './lan.ts'
import { hostile, type Random } from './mutate.ts'

const SERVER = 'fd00:77::1'
const OWN_ADDRESS = 'fd00:77::2'
const OWN_ADDRESSES: ReadonlySet<string> = new Set(['fe80::2', OWN_ADDRESS])
/** Honest transactions have numbers from here on; those of inputs are below. */
const HONEST_TRANSACTION = 2 ** 23
const HONEST_DUID = Buffer.from('0003000102aabbccddee', 'hex')
const HONEST_ADDRESS = 'fd00:77::50'
const CONFIG = `[dhcp6]
mode = "stateful"
interface = "lan0"
dns = ["${SERVER}"]
search = ["lab.test"]
[dhcp6.subnet]
prefix = "fd00:77::/64"
pool = ["fd00:77::1000-fd00:77::1fff"]
reservations = [{ duid = "${HONEST_DUID.toString('hex')}", address = "${HONEST_ADDRESS}" }]
`
const [CLIENT, RELAY] = [0, 1]
const SOCKETS = [546, 547].map((port) => ({ type: 'udp6' as const, port }))
const SERVERS = 'ff02::1:2%eth0'
const ROUTES: readonly (readonly [socket: number, address: string])[] = [
  [CLIENT, SERVERS],
  [RELAY, SERVERS],
  [RELAY, SERVER],
]
const SERVER_PORT = 547

/** Stands for the server's identifier, which nobody knows before it told: as long as that is. */
export const SERVER_ID = Buffer.from('000100010000000002ffffffffff', 'hex')
const ADDRESS = 'fd00:77::1000'
const toServer = { server: SERVER_ID, ias: [{ iaid: 1, addresses: [ADDRESS] }] }
const OWN: MessageParts[] = [
  {},
  { duid: UUID_DUID, options: uefiOptions(7) },
  { duid: UUID_DUID, options: uefiOptions(16, 'HTTPClient') },
  { options: [...ipxeOptions(), [OPTION6.rapidCommit, new Uint8Array()]] },
  { type: MESSAGE6.request, ...toServer, options: uefiOptions(7) },
  { type: MESSAGE6.renew, ...toServer },
  { type: MESSAGE6.rebind, ias: [{ iaid: 1, addresses: [ADDRESS, 'fd00:99::1'] }] },
  { type: MESSAGE6.confirm, ias: [{ iaid: 1, addresses: [ADDRESS] }] },
  { type: MESSAGE6.release, ...toServer },
  { type: MESSAGE6.decline, ...toServer },
  { type: MESSAGE6.informationRequest, ias: [], options: ipxeOptions() },
  { ias: Array.from({ length: 40 }, (_, iaid) => ({ iaid })) },
  { options: [[OPTION6.userClass, Buffer.alloc(1200, 'x')], statusCode(0, 'y'.repeat(400))] },
]

/** Messages of our own making, direct and through relays, and of every type: the beginnings of mutations. */
const EXAMPLES: readonly Buffer[] = [
  ...OWN.map((parts) => Buffer.from(encodeMessage(message(parts)))),
  ...OWN.map((parts, at) => nested(encodeMessage(message(parts)), 1 + (at % 9))),
  ...Array.from({ length: 40 }, (_, type) => Buffer.from(encodeMessage(message({ type, options: ipxeOptions() })))),
]

export const dhcp6: FuzzTarget = {
  name: 'dhcp6',
  batch: 100,
  hostile: strange,

  async start() {
    const problems: string[] = []
    const expected = new Expected<Request6>()
    const talk = new Conversation()
    let server: Buffer = SERVER_ID
    const lan = await startLan({
      config: CONFIG,
      sockets: SOCKETS,
      ports: [SERVER_PORT],
      async configure(ours, theirs) {
        for (const address of ['fe80::1', SERVER])
          await ours.ip('address', 'add', `${address}/64`, 'dev', 'lan0', 'nodad')
        for (const address of ['fe80::2', OWN_ADDRESS]) {
          await theirs.ip('address', 'add', `${address}/64`, 'dev', 'eth0', 'nodad')
        }
      },
      onAnswer({ hex, address }) {
        if (OWN_ADDRESSES.has(address.split('%')[0]!)) return
        const answer = Buffer.from(hex, 'hex')
        const told = read(answer, MESSAGE6.relayReply)
        const transaction = told ? answer.readUIntBE(told.transactionAt, 3) : 0
        if (talk.answered(transaction, answer)) return
        const request = expected.at(transaction)
        const fault = request ? faultOf(answer, request, server) : 'nothing that may be answered was sent'
        if (fault !== undefined) problems.push(`${fault}: ${hex} for ${request?.bytes.toString('hex')}`)
      },
    })
    let [fired, honest] = [0, 0]

    /** As a client does it from beginning to end; tells the server's identifier. */
    async function work(): Promise<Buffer> {
      const exchange = async (parts: MessageParts) => {
        const transaction = HONEST_TRANSACTION + (honest++ % HONEST_TRANSACTION)
        const bytes = Buffer.from(encodeMessage(message({ duid: HONEST_DUID, transaction, ...parts })))
        const send = () => lan.fire([[CLIENT, bytes.toString('hex'), SERVERS, SERVER_PORT]])
        return readReply(await talk.ask(transaction, send))
      }
      const advertised = await exchange({})
      const identifier = Buffer.from(advertised.options.get(OPTION6.serverId)!)
      const lent = await exchange({ type: MESSAGE6.request, server: identifier })
      for (const { ias } of [advertised, lent]) {
        const [got] = Object.keys(ias.get(1)?.addresses ?? {})
        if (got !== HONEST_ADDRESS) throw new Error(`an honest client got ${got}`)
      }
      return identifier
    }

    server = await work()
    return {
      pid: lan.pid,
      async fire(inputs) {
        const volley = inputs.map((input) => {
          const number = ++fired
          const bytes = numbered(addressed(input, server), number % HONEST_TRANSACTION)
          const request = answerable(bytes, server)
          if (request) expected.add(number % HONEST_TRANSACTION, request)
          const [socket, address] = ROUTES[number % ROUTES.length]!
          return [socket, bytes.toString('hex'), address, SERVER_PORT] as [number, string, string, number]
        })
        await lan.fire(volley)
        return [...problems.splice(0), ...lan.errors().slice(0, 1)]
      },
      work: async () => void (await work()),
      [Symbol.asyncDispose]: () => lan[Symbol.asyncDispose](),
    }
  },
}

/** Every third is put, mutated, into relays' wrappings that are right, so that it gets further. */
function strange(random: Random): Buffer {
  const input = hostile(random, EXAMPLES)
  return random() < 0.67 ? input : nested(input, 1 + Math.floor(random() * 10))
}

function nested(inner: Uint8Array, depth: number): Buffer {
  let bytes = Buffer.from(inner)
  for (let hops = 0; hops < depth; hops++) {
    const options: Option6[] = [[OPTION6.interfaceId, Buffer.from(`port${hops}`)]]
    bytes = Buffer.from(relayed(bytes, { linkAddress: OWN_ADDRESS, hops, options }))
  }
  return bytes
}

/** With the server's own identifier where its stand-in is. */
function addressed(input: Buffer, server: Buffer): Buffer {
  const at = input.indexOf(SERVER_ID)
  return at === -1
    ? Buffer.from(input)
    : Buffer.concat([input.subarray(0, at), server, input.subarray(at + SERVER_ID.length)])
}

function numbered(bytes: Buffer, transaction: number): Buffer {
  const at = read(bytes, MESSAGE6.relayForward)?.transactionAt
  if (at !== undefined) bytes.writeUIntBE(transaction, at, 3)
  return bytes
}
