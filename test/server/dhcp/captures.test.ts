// 37: what real firmware asked and was answered, byte for byte. Each file of test/fixtures/dhcp is one machine's boot.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodePacket } from '../../../server/dhcp/packet.ts'
import { createBootServer } from '../../../server/dhcp/proxy.ts'
import { send, usualBoot } from './messages.ts'
import { RESPONDERS } from './responders.ts'

const FIXTURES = join(import.meta.dirname, '../../fixtures/dhcp')
const UPDATE = process.env['LANDFALL_UPDATE_FIXTURES'] === '1'

/** The lines of a fixture with every reply made anew from the requests. */
function replayed(lines: readonly string[]): string[] {
  const mode = lines.find((line) => line.startsWith('mode '))?.slice('mode '.length) ?? ''
  const port67 = RESPONDERS[mode]!()
  const port4011 = createBootServer({ bootFileFor: usualBoot })
  return lines.flatMap((line) => {
    if (line.startsWith('<')) return []
    const [, port, from, payload] = /^> (\d+) (\S+) ([0-9a-f]+)$/.exec(line) ?? []
    if (payload === undefined || from === undefined) return [line]
    const decoded = decodePacket(Buffer.from(payload, 'hex'))
    if (!('packet' in decoded)) throw new Error(`${line}: ${decoded.malformed}`)
    const [address = '', source = ''] = from.split(':')
    const responder = port === '4011' ? port4011 : port67
    const { replies } = send(responder, decoded.packet, { from: { address, port: Number(source) } })
    const answers = replies.map(
      ({ fromPort, to, bytes }) => `< ${fromPort} ${to.address}:${to.port} ${Buffer.from(bytes).toString('hex')}`,
    )
    return [line, ...answers]
  })
}

describe('statement 37: replies to captured requests', () => {
  it.each(readdirSync(FIXTURES).filter((name) => name.endsWith('.txt')))('%s', (name) => {
    const path = join(FIXTURES, name)
    const stored = readFileSync(path, 'utf8').trimEnd().split('\n')
    const made = replayed(stored)
    if (UPDATE) writeFileSync(path, `${made.join('\n')}\n`)
    else expect(made).toEqual(stored)
  })
})
