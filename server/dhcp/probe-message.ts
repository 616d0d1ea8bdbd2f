/** The DISCOVER by which we look for another DHCP server, and how its answer is told from everything else. */
import { UNSPECIFIED } from './ipv4.ts'
import { MESSAGE, OPTION, messageType, readAddress, text } from './options.ts'
import { BOOTREPLY, BOOTREQUEST, BROADCAST_FLAG, decodePacket, encodePacket } from './packet.ts'

/**
 * Asks as an ordinary client of hardware address `mac` would. The interface's own address, as switches drop what pretends to be
 * another; broadcast, as an answer to the address offered would not be heard.
 */
export function probeMessage(xid: number, mac: Uint8Array): Uint8Array {
  const chaddr = new Uint8Array(16)
  chaddr.set(mac.subarray(0, 16))
  return encodePacket({
    op: BOOTREQUEST,
    htype: 1,
    hlen: mac.length,
    hops: 0,
    xid,
    secs: 0,
    flags: BROADCAST_FLAG,
    ciaddr: UNSPECIFIED,
    yiaddr: UNSPECIFIED,
    siaddr: UNSPECIFIED,
    giaddr: UNSPECIFIED,
    chaddr,
    sname: new Uint8Array(),
    file: new Uint8Array(),
    options: new Map([
      [OPTION.messageType, Uint8Array.of(MESSAGE.discover)],
      [OPTION.parameterRequestList, Uint8Array.of(OPTION.subnetMask, OPTION.router)],
      // For whoever reads a capture, or keeps us from being answered: it is an ordinary vendor class.
      [OPTION.vendorClass, text('Landfall')],
    ]),
  })
}

/** Who offers an address to probe `xid`; undefined for every other datagram. A proxy's offer has none, and does not count. */
export function offeringServer(bytes: Uint8Array, xid: number): string | undefined {
  const decoded = decodePacket(bytes, BOOTREPLY)
  if (!('packet' in decoded)) return undefined
  const { packet } = decoded
  if (packet.xid !== xid || messageType(packet.options) !== MESSAGE.offer || packet.yiaddr === UNSPECIFIED) {
    return undefined
  }
  return readAddress(packet.options, OPTION.serverIdentifier)
}
