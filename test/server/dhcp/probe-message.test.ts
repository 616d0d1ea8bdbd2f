import { describe, expect, it } from 'vitest'
import { MESSAGE, OPTION, addresses } from '../../../server/dhcp/options.ts'
import { BOOTREPLY, BROADCAST_FLAG, decodePacket, encodePacket } from '../../../server/dhcp/packet.ts'
import { offeringServer, probeMessage } from '../../../server/dhcp/probe-message.ts'
import { createProxy } from '../../../server/dhcp/proxy.ts'
import { message, onlyReply, send, testServer, usualBoot, type MessageParts } from './messages.ts'

const XID = 0xfeedbeef
const PROBE = probeMessage(XID, Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56))

function probe() {
  const decoded = decodePacket(PROBE)
  if (!('packet' in decoded)) throw new Error(decoded.malformed)
  return decoded.packet
}

const offer = (parts: MessageParts = {}) =>
  encodePacket(
    message({
      op: BOOTREPLY,
      xid: XID,
      type: MESSAGE.offer,
      yiaddr: '10.77.0.50',
      options: [[OPTION.serverIdentifier, addresses(['10.77.0.2'])]],
      ...parts,
    }),
  )

describe('a probe', () => {
  it('is a DISCOVER that wants a broadcast, from the interface itself', () => {
    expect(probe()).toMatchObject({ xid: XID, flags: BROADCAST_FLAG, hlen: 6, giaddr: '0.0.0.0' })
    expect([...probe().chaddr.subarray(0, 6)]).toEqual([0x52, 0x54, 0, 0x12, 0x34, 0x56])
  })

  it('is answered by a server as any client is, and by a proxy not at all', () => {
    const { bytes } = onlyReply(send(testServer(), probe()))
    expect(offeringServer(bytes, XID)).toBe('10.77.0.1')
    const proxy = createProxy({ bootFileFor: usualBoot, ownAddresses: () => new Set() })
    expect(send(proxy, probe()).replies).toEqual([])
  })

  it.each([
    ['an offer', offer(), '10.77.0.2'],
    ['an offer to somebody else', offer({ xid: 1 }), undefined],
    ["a proxy's offer", offer({ yiaddr: '0.0.0.0' }), undefined],
    ['an ACK', offer({ type: MESSAGE.ack }), undefined],
    ['an offer of nobody', offer({ options: [] }), undefined],
    ['a question', PROBE, undefined],
    ['garbage', Uint8Array.of(1, 2, 3), undefined],
  ])('knows %s for what it is', (_name, bytes, server) => {
    expect(offeringServer(bytes, XID)).toBe(server)
  })
})
