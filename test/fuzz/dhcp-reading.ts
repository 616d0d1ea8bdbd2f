// DHCPv4 read a second time, by RFC 2131 and 2132 alone and with nothing of the server's: which inputs may be answered, and whether an
// answer is one.

export interface Request4 {
  bytes: Buffer
  /** Value of option 53. */
  type: number
  options: ReadonlyMap<number, Buffer>
}

const COOKIE = 0x63825363
const [DISCOVER, REQUEST, INFORM] = [1, 3, 8]
const [OFFER, ACK, NAK] = [2, 5, 6]
const SERVER = Buffer.from([10, 77, 0, 1])
const SMALLEST = 300
const LARGEST = 1472

/** Undefined for what nobody may answer. */
export function answerable(bytes: Buffer): Request4 | undefined {
  const options = bytes[0] === 1 ? optionsOf(bytes) : undefined
  const type = options?.get(53)
  if (!options || type?.length !== 1 || bytes[2]! > 16) return undefined
  return [DISCOVER, REQUEST, INFORM].includes(type[0]!) ? { bytes, type: type[0]!, options } : undefined
}

/** What is wrong about an answer, if anything is. */
export function faultOf(
  answer: Buffer,
  fromPort: number,
  { bytes, type, options: asked }: Request4,
): string | undefined {
  const options = optionsOf(answer)
  if (answer[0] !== 2 || !options) return 'it is no DHCP message of a server'
  const same = (from: number, to: number) => answer.compare(bytes, from, to, from, to) === 0
  if (!same(1, 3) || !same(4, 8) || !same(24, 44))
    return 'htype, hlen, xid, giaddr or chaddr are not those of the request'
  const [told = 0] = options.get(53) ?? []
  if (answer[240] !== 53) return 'option 53 is not its first one'
  const fitting = type === DISCOVER ? [OFFER] : type === REQUEST ? [ACK, NAK] : [ACK]
  // The boot server answers what it is asked with an ACK.
  if (!fitting.includes(told) && fromPort !== 4011) return `type ${told} does not answer type ${type}`
  if (answer.length < SMALLEST || answer.length > LARGEST) return `it has ${answer.length} bytes`
  if (options.has(52) || options.has(13)) return 'it has option 52 or 13'
  const isRelayed = bytes.readUInt32BE(24) !== 0
  const agent = asked.get(82)
  // A relay may have itself named in option 54 (RFC 5107).
  if (!options.get(54)?.equals(SERVER) && !(isRelayed && agent)) return 'option 54 is not the server'
  if (isRelayed && agent && !options.get(82)?.equals(agent)) return 'option 82 is not echoed'
  if (told === NAK && (answer.readUInt32BE(12) !== 0 || answer.readUInt32BE(16) !== 0)) return 'a NAK with an address'
  return undefined
}

/** Undefined unless all areas that are options can be read to their ends. */
function optionsOf(bytes: Buffer): Map<number, Buffer> | undefined {
  if (bytes.length < 240 || bytes.readUInt32BE(236) !== COOKIE) return undefined
  const options = new Map<number, Buffer>()
  if (!readArea(bytes.subarray(240), options)) return undefined
  const overload = options.get(52)?.length === 1 ? options.get(52)![0]! : 0
  const areas = [
    ...(overload & 1 ? [bytes.subarray(108, 236)] : []),
    ...(overload & 2 ? [bytes.subarray(44, 108)] : []),
  ]
  return areas.every((area) => readArea(area, options)) ? options : undefined
}

function readArea(area: Buffer, options: Map<number, Buffer>): boolean {
  let at = 0
  while (at < area.length && area[at] !== 255) {
    if (area[at] === 0) {
      at++
      continue
    }
    const [code = 0, length] = area.subarray(at, at + 2)
    if (length === undefined || at + 2 + length > area.length) return false
    const before = options.get(code) ?? Buffer.alloc(0)
    options.set(code, Buffer.concat([before, area.subarray(at + 2, at + 2 + length)]))
    at += 2 + length
  }
  return true
}
