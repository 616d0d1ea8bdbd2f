// What is read off a DHCP datagram the moment it passes: who it is about, without decoding all of it.
import { formatMac } from '../dhcp/client.ts'
import { OPTION, hex } from '../dhcp/options.ts'
import { UNSPECIFIED, readIpv4 } from '../dhcp/ipv4.ts'

const OPTIONS_OFFSET = 240
const PAD = 0
const END = 255

/** Who is named when nothing tells. */
export const UNKNOWN_CLIENT = 'unknown'

/** The MAC address, `id:` and option 61 on links without one, undefined for what is no DHCP message. */
export function clientOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < OPTIONS_OFFSET || bytes[236] !== 0x63 || bytes[237] !== 0x82) return undefined
  const length = bytes[2]!
  if (length > 16) return undefined
  if (length > 0) return formatMac(bytes.subarray(28, 28 + length))
  const id = optionOf(bytes, OPTION.clientIdentifier)
  return id && `id:${hex(id)}`
}

/** The name of whoever an event of the DHCP service is about: the same that {@link clientOf} gives its packets. */
export function nameOf({ mac, clientId }: { mac: string; clientId?: string }): string {
  return mac || (clientId === undefined ? UNKNOWN_CLIENT : `id:${clientId}`)
}

/** The address that a message shows its client to have, or gives it. */
export function addressIn(bytes: Uint8Array): string | undefined {
  for (const offset of [12, 16]) {
    const address = readIpv4(bytes, offset)
    if (address !== UNSPECIFIED) return address
  }
  // Beside another DHCP server: the address of its that the client has decided for.
  const requested = optionOf(bytes, OPTION.requestedAddress)
  return requested?.length === 4 && optionOf(bytes, OPTION.serverIdentifier) ? readIpv4(requested) : undefined
}

/** A request of an operating system, or the reply to one: nothing in it is about booting. */
export function isRoutine(bytes: Uint8Array, direction: 'in' | 'out'): boolean {
  if (direction === 'out') return !optionOf(bytes, OPTION.bootFile)
  const vendorClass = optionOf(bytes, OPTION.vendorClass)
  const isUBoot = vendorClass !== undefined && Buffer.from(vendorClass).toString('latin1').startsWith('U-Boot')
  return !isUBoot && !optionOf(bytes, OPTION.clientArchitecture) && !optionOf(bytes, OPTION.userClass)
}

/** The first value of an option in the option area; cut off where the datagram ends. */
function optionOf(bytes: Uint8Array, wanted: number): Uint8Array | undefined {
  for (let at = OPTIONS_OFFSET; at + 1 < bytes.length;) {
    const code = bytes[at]!
    if (code === END) return undefined
    if (code === PAD) {
      at++
      continue
    }
    const length = bytes[at + 1]!
    if (code === wanted) return bytes.subarray(at + 2, at + 2 + length)
    at += 2 + length
  }
  return undefined
}
