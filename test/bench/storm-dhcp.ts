// DHCP as OVMF and the iPXE it loads were seen to speak it, for any number of machines by one socket.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MESSAGE, OPTION } from '../../server/dhcp/options.ts'
import { BOOTREPLY, decodePacket, encodePacket, type DhcpPacket } from '../../server/dhcp/packet.ts'
import { answered } from './storm-patience.ts'

const CAPTURE = join(import.meta.dirname, '../fixtures/dhcp/ovmf-pxe-then-ipxe.txt')
const [SERVER_PORT, CLIENT_PORT] = [67, 68]
const XID_AT = 4
/** A hall's broadcasts come in bursts. */
const RECEIVE_BUFFER_BYTES = 2 ** 22

interface Program {
  name: string
  discover: DhcpPacket
  request: DhcpPacket
  /** How long it waits for an answer, again and again (netboot.md section 2.1). */
  waits: readonly number[]
}

const [DISCOVER, REQUEST, IPXE_DISCOVER, IPXE_REQUEST] = readFileSync(CAPTURE, 'utf8')
  .split('\n')
  .flatMap((line) => /^> 67 \S+ ([0-9a-f]+)$/.exec(line)?.[1] ?? [])
  .map((hex) => packetOf(Buffer.from(hex, 'hex'))) as [DhcpPacket, DhcpPacket, DhcpPacket, DhcpPacket]

export const FIRMWARE: Program = {
  name: 'the firmware',
  discover: DISCOVER,
  request: REQUEST,
  waits: [4000, 8000, 16_000, 32_000],
}
export const IPXE: Program = {
  name: 'iPXE',
  discover: IPXE_DISCOVER,
  request: IPXE_REQUEST,
  waits: [1000, 2000, 4000, 8000],
}

/** The wire that all machines are on. */
export class StormWire {
  /** How long each answer took. */
  readonly answerMs: number[] = []
  readonly #socket = createSocket('udp4')
  readonly #waiting = new Map<number, (reply: DhcpPacket) => void>()
  #xid = 0

  async open(): Promise<void> {
    this.#socket.bind(CLIENT_PORT, '0.0.0.0')
    await once(this.#socket, 'listening')
    this.#socket.setBroadcast(true)
    this.#socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
    this.#socket.on('message', (bytes) => {
      // Only what somebody waits for is worth decoding.
      const take = bytes.length > XID_AT + 4 ? this.#waiting.get(bytes.readUInt32BE(XID_AT)) : undefined
      take?.(packetOf(bytes, BOOTREPLY))
    })
  }

  close(): void {
    this.#socket.close()
  }

  /** DISCOVER, OFFER, REQUEST, ACK of machine `n`. */
  async obtain({ name, discover, request, waits }: Program, n: number): Promise<{ address: string; file: string }> {
    const xid = ++this.#xid
    const offer = await this.#ask(`DISCOVER of ${name}`, asMachine(n, { ...discover, xid }), MESSAGE.offer, waits)
    const chosen = asMachine(n, { ...request, xid }, offer)
    const ack = await this.#ask(`REQUEST of ${name}`, chosen, MESSAGE.ack, waits)
    const file = Buffer.from(ack.options.get(OPTION.bootFile) ?? [])
    return { address: ack.yiaddr, file: file.toString('latin1').replace(/\0$/, '') }
  }

  async #ask(what: string, message: DhcpPacket, answer: number, waits: readonly number[]): Promise<DhcpPacket> {
    const bytes = encodePacket(message)
    const asked = performance.now()
    const reply = await answered<DhcpPacket>(
      what,
      waits,
      () => this.#socket.send(bytes, SERVER_PORT, '255.255.255.255'),
      (take) =>
        this.#waiting.set(message.xid, (heard) => {
          if (heard.options.get(OPTION.messageType)?.[0] === answer) take(heard)
        }),
    )
    this.#waiting.delete(message.xid)
    this.answerMs.push(performance.now() - asked)
    return reply
  }
}

export function macOf(n: number): Buffer {
  return Buffer.from([0x52, 0x54, 0, (n >>> 16) & 255, (n >>> 8) & 255, n & 255])
}

/** The message with machine `n` in place of the one that was captured. */
function asMachine(n: number, captured: DhcpPacket, offer?: DhcpPacket): DhcpPacket {
  const mac = macOf(n)
  const options = new Map(captured.options)
  const uuid = Buffer.from(options.get(OPTION.clientUuid)!)
  uuid.writeUInt32BE(n, uuid.length - 4)
  options.set(OPTION.clientUuid, uuid)
  if (options.has(OPTION.clientIdentifier)) options.set(OPTION.clientIdentifier, Uint8Array.of(1, ...mac))
  if (offer) {
    options.set(OPTION.requestedAddress, Uint8Array.from(offer.yiaddr.split('.'), Number))
    options.set(OPTION.serverIdentifier, offer.options.get(OPTION.serverIdentifier)!)
  }
  return { ...captured, chaddr: Buffer.concat([mac], 16), options }
}

function packetOf(bytes: Uint8Array, op?: number): DhcpPacket {
  const decoded = decodePacket(bytes, op)
  if (!('packet' in decoded)) throw new Error(`no DHCP message: ${decoded.malformed}`)
  return decoded.packet
}
