// DHCPv6 read a second time, by RFC 8415 alone and with nothing of the server's: which inputs may be answered, and whether an answer is one.

export interface Request6 {
  bytes: Buffer
  type: number
  /** Where the three bytes of the transaction are. */
  transactionAt: number
  options: readonly Option[]
  /** Link and peer addresses, hex, from the outermost relay to the one nearest to the client. */
  relays: readonly string[]
}

type Option = readonly [code: number, value: Buffer]

const [SOLICIT, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY, RELEASE, DECLINE, INFORM, FORWARD, RELAY_REPLY] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13,
]
const [CLIENT_ID, SERVER_ID, IA_NA, IA_TA, RELAYED, BOOT_PARAMETERS, IA_PD] = [1, 2, 3, 4, 9, 60, 25]
const RELAY_HEADER = 34
const MAX_RELAYS = 8

/** Undefined for what nobody may answer (section 16). `server` is the DUID of the only server there is. */
export function answerable(bytes: Buffer, server: Buffer): Request6 | undefined {
  const request = read(bytes, FORWARD)
  if (!request) return undefined
  const { type, options } = request
  const [client, named] = [first(options, CLIENT_ID), first(options, SERVER_ID)]
  const isOurs = named?.equals(server) ?? false
  switch (type) {
    case SOLICIT:
    case CONFIRM:
    case REBIND:
      return client && !named ? request : undefined
    case REQUEST:
    case RENEW:
    case RELEASE:
    case DECLINE:
      return client && isOurs ? request : undefined
    case INFORM:
      return (named && !isOurs) || options.some(([code]) => [IA_NA, IA_TA, IA_PD].includes(code)) ? undefined : request
    default:
      return undefined
  }
}

/** The message inside of all relays' wrappings; also of what must not be answered. */
export function read(bytes: Buffer, wrapping: number): Request6 | undefined {
  const relays: string[] = []
  let [at, end] = [0, bytes.length]
  while (bytes[at] === wrapping && end > at) {
    const options = optionsOf(bytes, at + RELAY_HEADER, end)
    const inner = options?.find(([code]) => code === RELAYED)?.[1]
    if (!inner || relays.push(bytes.toString('hex', at + 2, at + RELAY_HEADER)) > MAX_RELAYS) return undefined
    at = inner.byteOffset - bytes.byteOffset
    end = at + inner.length
  }
  const options = optionsOf(bytes, at + 4, end)
  return options && { bytes, type: bytes[at]!, transactionAt: at + 1, options, relays }
}

/** What is wrong about an answer, if anything is. */
export function faultOf(answer: Buffer, request: Request6, server: Buffer): string | undefined {
  const told = read(answer, RELAY_REPLY)
  if (!told) return 'it is no DHCPv6 message of a server'
  const { type, options, relays } = told
  const rapid = options.some(([code]) => code === 14)
  const fitting = request.type === SOLICIT && !rapid ? ADVERTISE : REPLY
  if (type !== fitting) return `type ${type} does not answer type ${request.type}`
  if (relays.join(' ') !== request.relays.join(' ')) return 'it goes through other relays'
  if (!first(options, SERVER_ID)?.equals(server)) return 'it does not name the server'
  const client = first(request.options, CLIENT_ID)
  if (client && !first(options, CLIENT_ID)?.equals(client)) return 'it does not name the client'
  if (first(options, BOOT_PARAMETERS)) return 'it has option 60'
  return undefined
}

function first(options: readonly Option[], wanted: number): Buffer | undefined {
  return options.find(([code]) => code === wanted)?.[1]
}

/** Undefined unless they can be read to the end. */
function optionsOf(bytes: Buffer, from: number, end: number): Option[] | undefined {
  const options: Option[] = []
  let at = from
  while (at + 4 <= end && at + 4 + bytes.readUInt16BE(at + 2) <= end) {
    const length = bytes.readUInt16BE(at + 2)
    options.push([bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length)])
    at += 4 + length
  }
  return at === end ? options : undefined
}
