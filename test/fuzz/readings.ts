// What becomes of one input, in a few words: inputs of the same words are alike. Each is given to a new server without sockets.
import { messageName, messageType } from '../../server/dhcp/options.ts'
import { BOOTREPLY, decodePacket } from '../../server/dhcp/packet.ts'
import { decodeMessage, messageName6 } from '../../server/dhcp6/message.ts'
import { negotiate } from '../../server/tftp/options.ts'
import { decodePacket as decodeTftp } from '../../server/tftp/packet.ts'
import { SUBNET, send, testServer } from '../server/dhcp/messages.ts'
import * as six from '../server/dhcp6/messages.ts'
import { dhcp } from './dhcp.ts'
import { SERVER_ID, dhcp6 } from './dhcp6.ts'
import * as reading4 from './dhcp-reading.ts'
import * as reading6 from './dhcp6-reading.ts'
import type { Random } from './mutate.ts'
import { tftp } from './tftp.ts'

export interface Reading {
  hostile(random: Random): Buffer
  /** Throws what is wrong about an answer. */
  read(input: Buffer): string
}

const FAR = { cidr: '10.88.0.0/16', ranges: [{ from: '10.88.16.0', to: '10.88.31.255' }] }

export const READINGS: Readonly<Record<string, Reading>> = {
  dhcp: {
    hostile: dhcp.hostile,
    read(input) {
      const decoded = decodePacket(input)
      if ('malformed' in decoded) return decoded.malformed
      const { replies, events } = send(testServer({ subnets: [SUBNET, FAR] }), decoded.packet)
      const request = reading4.answerable(input)
      const answers = replies.map(({ bytes, fromPort }) => {
        const answer = Buffer.from(bytes)
        refuse(request ? reading4.faultOf(answer, fromPort, request) : 'it is answered', input)
        const reply = decodePacket(answer, BOOTREPLY)
        return 'packet' in reply ? messageName(messageType(reply.packet.options)) : reply.malformed
      })
      const asked = messageName(messageType(decoded.packet.options))
      return words(asked, events, answers)
    },
  },
  dhcp6: {
    hostile: dhcp6.hostile,
    read(input) {
      const decoded = decodeMessage(input)
      if ('malformed' in decoded) return decoded.malformed
      const from = { address: six.SENDER, port: 546 }
      const { replies, events } = six
        .server({ duid: SERVER_ID })
        .handle({ ...decoded, from, link: six.LINK, now: six.NOW })
      const request = reading6.answerable(input, SERVER_ID)
      const answers = replies.map(({ bytes }) => {
        const answer = Buffer.from(bytes)
        refuse(request ? reading6.faultOf(answer, request, SERVER_ID) : 'it is answered', input)
        return messageName6(reading6.read(answer, 13)!.type)
      })
      const relayed = decoded.relays.length === 0 ? '' : ' relayed'
      return words(`${messageName6(decoded.message.type)}${relayed}`, events, answers)
    },
  },
  tftp: {
    hostile: tftp.hostile,
    read(input) {
      const packet = decodeTftp(input)
      if (!('op' in packet)) return packet.malformed
      if (packet.op !== 'rrq' && packet.op !== 'wrq') return packet.op
      const accepted = [...negotiate(packet, 1000).accepted].map(([name]) => name)
      const mode = ['octet', 'netascii', 'mail'].includes(packet.mode) ? packet.mode : 'unknown mode'
      return `${packet.op} ${mode}: ${accepted.toSorted().join(', ') || 'no options'}`
    },
  },
}

function words(
  asked: string,
  events: readonly { type: string; reason?: string }[],
  answers: readonly string[],
): string {
  const told = events.map(({ type, reason }) => (type === 'ignored' ? `${type} (${reason})` : type))
  return `${asked.replace(/type-\d+/, 'unknown type')}: ${[...new Set(told)].join(', ')} -> ${answers.join(', ') || 'silence'}`
}

function refuse(fault: string | undefined, input: Buffer): void {
  if (fault !== undefined) throw new Error(`${fault}: ${input.toString('hex')}`)
}
