// Boots made up of what the listeners of a real server would tell the trace, with a clock that tests move.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '../../../server/contract/event.ts'
import type { DhcpEvent } from '../../../server/dhcp/events.ts'
import { decodePacket, encodePacket } from '../../../server/dhcp/packet.ts'
import type { DhcpPacket } from '../../../server/dhcp/packet.ts'
import { createBootServer } from '../../../server/dhcp/proxy.ts'
import type { Outcome, Responder } from '../../../server/dhcp/reply.ts'
import type { TftpEvent } from '../../../server/tftp/server.ts'
import { classifyClient6 } from '../../../server/dhcp6/client.ts'
import { decodeMessage } from '../../../server/dhcp6/message.ts'
import { encodeRequest } from '../../../server/tftp/packet.ts'
import { BootTrace } from '../../../server/trace/trace.ts'
import type { BootTraceOptions } from '../../../server/trace/trace.ts'
import { bootText } from '../../../server/cli/story-text.ts'
import { testClock } from '../../helpers/clock.ts'
import { LINK, message, send, testServer, usualBoot } from '../dhcp/messages.ts'
import type { MessageParts } from '../dhcp/messages.ts'
import { RESPONDERS } from '../dhcp/responders.ts'
import { LINK as LINK6, SENDER, server } from '../dhcp6/messages.ts'

export const MAC = '52:54:00:12:34:56'
export const CLIENT_ADDRESS = '10.77.0.100'
const REMOTE = { address: CLIENT_ADDRESS, port: 2070 }

export class MadeUpBoot {
  readonly clock = testClock()
  readonly trace: BootTrace
  readonly #port67: Responder
  readonly #port547 = server()
  readonly #port4011 = createBootServer({ bootFileFor: usualBoot })
  #seq = 0

  constructor(options: { responder?: Responder } & Partial<BootTraceOptions> = {}) {
    const { responder = testServer(), ...others } = options
    this.#port67 = responder
    this.trace = new BootTrace({
      clock: this.clock,
      macAt: () => undefined,
      macOf: () => MAC,
      machineOf: () => undefined,
      ...others,
    })
  }

  wait(seconds: number): this {
    this.clock.advance(seconds * 1000)
    return this
  }

  /** A message of a client, as bytes from the wire or by its parts; answered by the real responder. */
  dhcp(parts: MessageParts | Uint8Array, { port = 67, from = { address: '0.0.0.0', port: 68 } } = {}): Outcome {
    const { taps } = this.trace
    const bytes = parts instanceof Uint8Array ? parts : encodePacket(message(parts), { limit: 1472 })
    const at = this.clock.now().getTime()
    const common = { at, interface: LINK.interface, local: LINK.address }
    const to = { address: port === 67 ? '255.255.255.255' : LINK.address, port }
    taps.dhcpDatagram({ ...common, direction: 'in', from, to, bytes })
    const decoded = decodePacket(bytes)
    if ('malformed' in decoded) {
      taps.dhcpEvent({ type: 'malformed', reason: decoded.malformed, from, bytes: bytes.length })
      return { replies: [], events: [] }
    }
    const responder = port === 67 ? this.#port67 : this.#port4011
    const outcome = send(responder, decoded.packet satisfies DhcpPacket, { from, now: at })
    for (const reply of outcome.replies) {
      const source = { address: LINK.address, port: reply.fromPort }
      taps.dhcpDatagram({ ...common, direction: 'out', from: source, to: reply.to, bytes: reply.bytes })
    }
    for (const event of outcome.events) taps.dhcpEvent(event)
    return outcome
  }

  /** A message of a client of DHCPv6, as it came over the wire; answered by the real responder. */
  dhcp6(bytes: Uint8Array, { address = SENDER, port = 546 } = {}): this {
    const { taps } = this.trace
    const at = this.clock.now().getTime()
    const ours = { address: LINK6.address, port: 547 }
    const theirs = { address: address.replace(/%.*$/, ''), port }
    const common = { at, interface: LINK6.interface, local: LINK6.address }
    const decoded = decodeMessage(bytes)
    const client = 'message' in decoded ? classifyClient6(decoded.message, decoded.relays, address) : undefined
    taps.dhcp6Datagram(
      { ...common, direction: 'in', from: theirs, to: { ...ours, address: 'ff02::1:2' }, bytes },
      client,
    )
    if ('malformed' in decoded) {
      taps.dhcp6Event({ type: 'malformed', reason: decoded.malformed, from: theirs, bytes: bytes.length })
      return this
    }
    const { replies, events } = this.#port547.handle({ ...decoded, from: { address, port }, link: LINK6, now: at })
    for (const { bytes: sent } of replies) {
      taps.dhcp6Datagram({ ...common, direction: 'out', from: ours, to: theirs, bytes: sent }, client)
    }
    for (const event of events) taps.dhcp6Event(event)
    return this
  }

  /** Something the DHCP service found out by itself. */
  dhcpEvent(event: DhcpEvent): this {
    this.trace.taps.dhcpEvent(event)
    return this
  }

  tftp(
    file: string,
    end: Partial<Extract<TftpEvent, { type: 'transfer' }>> | 'not-found' | 'busy' | undefined,
    decision?: string,
  ): this {
    const { taps } = this.trace
    const options = new Map([
      ['tsize', '0'],
      ['blksize', '1468'],
    ])
    const request = encodeRequest({ op: 'rrq', file, mode: 'octet', options })
    taps.tftpDatagram(request, REMOTE, { address: LINK.address, port: 69 })
    if (decision !== undefined) this.#decided(decision, 'a reason')
    if (typeof end === 'string') taps.tftpEvent({ type: 'refused', remote: REMOTE, file, reason: end })
    else if (end) {
      const transfer = { size: 250_000, bytes: 250_000, blksize: 1468, windowsize: 4, ms: 800, resends: 0 }
      taps.tftpEvent({ type: 'transfer', remote: REMOTE, file, outcome: 'completed', ...transfer, ...end })
    }
    return this
  }

  http(path: string, { seconds = 0.1, status = 200, bytes = 1000, method = 'GET', complete = true } = {}): this {
    const request = { method, path, status, bytes, userAgent: 'iPXE/1.21.1', address: CLIENT_ADDRESS }
    const end = this.trace.taps.httpRequest(request)
    this.wait(seconds)
    end(complete)
    return this
  }

  event(type: Event['type'], text: string, data: Record<string, unknown> = {}): this {
    const at = this.clock.now().toISOString()
    const who = { machineId: '01890000-0000-7000-8000-000000000001', installId: null, actor: 'machine' }
    this.trace.taps.event({ seq: ++this.#seq, at, type, ...who, message: text, data })
    return this
  }

  /** The boot script, and what was decided. */
  script(decision: string, reason: string): this {
    this.#decided(decision, reason)
    return this.http(`/boot/ipxe?mac=${MAC}&arch=x86_64&platform=efi`)
  }

  #decided(decision: string, reason: string): void {
    this.event('boot.script', `web-07 asked what to boot: ${decision}, ${reason}`, { decision, mac: MAC })
  }

  /** The newest boot, as the command line tells it. */
  text(client = MAC): string {
    return this.trace.of([client]).boots.map(bootText)[0] ?? ''
  }

  verdict(client = MAC): string | undefined {
    return this.trace.of([client]).boots[0]?.verdict.code
  }
}

const FIXTURES = join(import.meta.dirname, '../../fixtures/dhcp')

/** Replays the requests of a fixture of test/fixtures/dhcp, one a second. */
export function replayed(name: string): MadeUpBoot {
  const lines = readFileSync(join(FIXTURES, name), 'utf8').trimEnd().split('\n')
  const mode = lines.find((line) => line.startsWith('mode '))?.slice('mode '.length) ?? ''
  const boot = new MadeUpBoot({ responder: RESPONDERS[mode]!() })
  for (const line of lines) {
    const [, port, address, source, payload] = /^> (\d+) (\S+):(\d+) ([0-9a-f]+)$/.exec(line) ?? []
    if (payload === undefined || address === undefined) continue
    boot.dhcp(Buffer.from(payload, 'hex'), { port: Number(port), from: { address, port: Number(source) } })
    boot.wait(1)
  }
  return boot
}
