/** DHCP unique identifiers: who a client or server says it is (RFC 8415 section 11). */
import { macText, uint16, uint16At, uint32 } from './options.ts'

const LINK_LAYER_TIME = 1
const LINK_LAYER = 3
const UUID = 4
const ETHERNET = 1
/** Times in DUIDs begin in the year 2000. */
const EPOCH_2000_MS = 946_684_800_000
/** A DUID has at most 128 bytes after its type. */
const MAX_LENGTH = 130

/** False for lengths that no DUID has. */
export function isDuid(bytes: Uint8Array | undefined): bytes is Uint8Array {
  return bytes !== undefined && bytes.length > 2 && bytes.length <= MAX_LENGTH
}

/** The Ethernet address in a DUID-LLT or DUID-LL: of one of the client's cards, not always the one it asks by. */
export function macInDuid(duid: Uint8Array): string | undefined {
  const start = { [LINK_LAYER_TIME]: 8, [LINK_LAYER]: 4 }[uint16At(duid, 0)]
  if (start === undefined || duid.length !== start + 6 || uint16At(duid, 2) !== ETHERNET) return undefined
  return macText(duid.subarray(start))
}

/**
 * A new identifier for a server, to be kept: of the card's address and the time where there is a card, else of a random UUID, so
 * that two servers never share one.
 */
export function createDuid({ mac, uuid, now }: { mac: string | undefined; uuid: string; now: number }): Uint8Array {
  if (mac === undefined) return Buffer.concat([uint16(UUID), Buffer.from(uuid.replaceAll('-', ''), 'hex')])
  const time = Math.max(0, Math.floor((now - EPOCH_2000_MS) / 1000)) % 2 ** 32
  const card = Buffer.from(mac.replaceAll(':', ''), 'hex')
  return Buffer.concat([uint16(LINK_LAYER_TIME), uint16(ETHERNET), uint32(time), card])
}
