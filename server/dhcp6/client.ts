/** Who is asking: what a DHCPv6 message reveals about the program and machine behind it, in the terms that DHCPv4 uses. */
import { chooseArchitecture, type Architecture } from '../dhcp/architecture.ts'
import type { Client } from '../dhcp/client.ts'
import { macInAddress } from '../host/ipv6.ts'
import { isDuid, macInDuid } from './duid.ts'
import type { Message6, RelayHop } from './message.ts'
import {
  OPTION6,
  architectureTypes,
  firstOption,
  hex,
  hostName,
  relayedMac,
  userClasses,
  vendorClasses,
} from './options.ts'

/** Reads everything a message says about its sender; `sender` is the address it came from. `clientId` is the DUID. */
export function classifyClient6(message: Message6, relays: readonly RelayHop[], sender: string): Client {
  const { options } = message
  const classes = userClasses(options)
  const [vendorClass] = vendorClasses(options)
  const architecture = chooseArchitecture(architectureTypes(options))
  const kind = kindOf(classes, vendorClass ?? '', architecture)
  const duid = firstOption(options, OPTION6.clientId)
  const hostname = hostName(options)
  return {
    kind,
    netboot: kind !== 'plain',
    mac: macOf(duid, relays, sender) ?? '',
    userClasses: classes,
    ...(isDuid(duid) && { clientId: hex(duid) }),
    ...(hostname !== undefined && { hostname }),
    ...(vendorClass !== undefined && { vendorClass }),
    ...(architecture && { architecture }),
    // It tells no features here; builds with IPv6 are UEFI's, and these speak HTTP.
    ...(kind === 'ipxe' && { ipxe: { features: ['http' as const] } }),
  }
}

/** The card that asks, as its relay saw it or as its link-local address is made of it; else some card of the machine. */
function macOf(duid: Uint8Array | undefined, relays: readonly RelayHop[], sender: string): string | undefined {
  const nearest = relays.at(-1)
  return (
    (nearest && relayedMac(nearest.options)) ??
    macInAddress(nearest ? nearest.peerAddress : sender) ??
    (isDuid(duid) ? macInDuid(duid) : undefined)
  )
}

function kindOf(
  classes: readonly string[],
  vendorClass: string,
  architecture: Architecture | undefined,
): Client['kind'] {
  if (classes.includes('iPXE')) return 'ipxe'
  if (vendorClass.startsWith('U-Boot')) return 'u-boot'
  if (!architecture) return 'plain'
  if (vendorClass.startsWith('HTTPClient')) return 'http'
  if (vendorClass.startsWith('PXEClient')) return 'pxe'
  return vendorClass === '' ? (architecture.transport === 'http' ? 'http' : 'pxe') : 'plain'
}
