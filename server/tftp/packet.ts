/** The TFTP packet: bytes in, values out (RFC 1350, options by RFC 2347). */

const OPCODE = { rrq: 1, wrq: 2, data: 3, ack: 4, error: 5, oack: 6 } as const

/** Codes of RFC 1350 and, for 8, RFC 2347. */
export const ERROR = {
  undefined: 0,
  notFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  optionRefused: 8,
} as const

/** Names of options and modes in lower case: they are case-insensitive. The last of a repeated option counts. */
export interface RequestPacket {
  op: 'rrq' | 'wrq'
  file: string
  mode: string
  options: ReadonlyMap<string, string>
}

export type TftpPacket =
  | RequestPacket
  | { op: 'data'; block: number; data: Uint8Array }
  | { op: 'ack'; block: number }
  | { op: 'error'; code: number; message: string }
  | { op: 'oack'; options: ReadonlyMap<string, string> }

export type MalformedReason = 'too-short' | 'too-long' | 'unknown-opcode' | 'unterminated-request'

/** RFC 2347 allows 512 bytes; some clients need a little more for long names. */
const MAX_REQUEST = 1024

/** Reads one datagram. Never throws. */
export function decodePacket(bytes: Uint8Array): TftpPacket | { malformed: MalformedReason } {
  if (bytes.length < 4) return { malformed: 'too-short' }
  const opcode = bytes[0]! * 256 + bytes[1]!
  const number = bytes[2]! * 256 + bytes[3]!
  switch (opcode) {
    case OPCODE.rrq:
    case OPCODE.wrq:
      return decodeRequest(opcode === OPCODE.rrq ? 'rrq' : 'wrq', bytes)
    case OPCODE.data:
      return { op: 'data', block: number, data: bytes.subarray(4) }
    case OPCODE.ack:
      return { op: 'ack', block: number }
    case OPCODE.error:
      return { op: 'error', code: number, message: strings(bytes, 4)[0] ?? '' }
    case OPCODE.oack:
      return { op: 'oack', options: pairs(strings(bytes, 2)) }
    default:
      return { malformed: 'unknown-opcode' }
  }
}

function decodeRequest(op: 'rrq' | 'wrq', bytes: Uint8Array): RequestPacket | { malformed: MalformedReason } {
  if (bytes.length > MAX_REQUEST) return { malformed: 'too-long' }
  const [file, mode, ...rest] = strings(bytes, 2)
  if (file === undefined || mode === undefined) return { malformed: 'unterminated-request' }
  return { op, file, mode: mode.toLowerCase(), options: pairs(rest) }
}

/** NUL-terminated strings from `offset`; an unterminated rest is dropped. */
function strings(bytes: Uint8Array, offset: number): string[] {
  const found: string[] = []
  for (let end = bytes.indexOf(0, offset); end !== -1; end = bytes.indexOf(0, offset)) {
    found.push(Buffer.from(bytes.subarray(offset, end)).toString('utf8'))
    offset = end + 1
  }
  return found
}

/** Option names and values; a trailing name without value is ignored. */
function pairs(list: string[]): Map<string, string> {
  const options = new Map<string, string>()
  for (let i = 0; i + 1 < list.length; i += 2) options.set(list[i]!.toLowerCase(), list[i + 1]!)
  return options
}

export function encodeRequest({ op, file, mode, options }: RequestPacket): Uint8Array {
  return withStrings(OPCODE[op], [file, mode, ...[...options].flat()])
}

/** `block` of any size: the wire carries its low 16 bits. */
export function encodeData(block: number, data: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(4 + data.length)
  bytes.writeUInt16BE(OPCODE.data, 0)
  bytes.writeUInt16BE(block & 0xffff, 2)
  bytes.set(data, 4)
  return bytes
}

export function encodeAck(block: number): Uint8Array {
  return Uint8Array.of(0, OPCODE.ack, (block >>> 8) & 255, block & 255)
}

export function encodeError(code: number, message: string): Uint8Array {
  return Buffer.concat([Buffer.from([0, OPCODE.error, code >>> 8, code & 255]), Buffer.from(`${message}\0`)])
}

export function encodeOack(options: ReadonlyMap<string, string>): Uint8Array {
  return withStrings(OPCODE.oack, [...options].flat())
}

function withStrings(opcode: number, list: string[]): Uint8Array {
  return Buffer.concat([Buffer.from([0, opcode]), ...list.map((item) => Buffer.from(`${item}\0`))])
}
