/** Who is asking: what a DHCP message reveals about the program and machine behind it. */
import { chooseArchitecture, type Architecture } from './architecture.ts'
import {
  OPTION,
  architectures,
  clientUuid,
  hex,
  readEncapsulated,
  readText,
  relayAgent,
  userClasses,
} from './options.ts'
import type { DhcpPacket } from './packet.ts'

/** `pxe` and `http` are firmware, `plain` an operating system that only wants an address. */
type ClientKind = 'pxe' | 'http' | 'ipxe' | 'u-boot' | 'raspberry-pi' | 'plain'

/** What an iPXE build can do, from option 175. */
type IpxeFeature = 'http' | 'https' | 'tftp' | 'bzimage' | 'pxe' | 'elf' | 'efi' | 'vlan' | 'menu' | 'nfs'

export interface Client {
  kind: ClientKind
  /** It would load a boot program if offered one. */
  netboot: boolean
  /** Hardware address as `aa:bb:..`, of any length; empty on links without one (InfiniBand, RFC 4390). */
  mac: string
  /** SMBIOS UUID as dmidecode shows it. */
  uuid?: string
  /** Option 61 as hex. */
  clientId?: string
  hostname?: string
  vendorClass?: string
  userClasses: string[]
  architecture?: Architecture
  /** Features and version of an iPXE. */
  ipxe?: { features: IpxeFeature[]; version?: string; busId?: string }
  /** Relay port and relay, as hex, if the message was relayed. */
  circuitId?: string
  remoteId?: string
}

const FEATURES: ReadonlyMap<number, IpxeFeature> = new Map([
  [0x13, 'http'],
  [0x14, 'https'],
  [0x15, 'tftp'],
  [0x18, 'bzimage'],
  [0x21, 'pxe'],
  [0x22, 'elf'],
  [0x24, 'efi'],
  [0x26, 'vlan'],
  [0x27, 'menu'],
  [0x29, 'nfs'],
])
const IPXE_VERSION = 0xeb
const IPXE_BUS_ID = 0xb1

/** Boards whose boot ROM claims x86 BIOS (type 0) although it is ARM; only the vendor's address block tells. */
const RASPBERRY_PI_OUIS = ['b8:27:eb', 'dc:a6:32', 'e4:5f:01', '28:cd:c1', 'd8:3a:dd', '2c:cf:67']
const RASPBERRY_PI_TYPE = 41

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Reads everything a message says about its sender. */
export function classifyClient(packet: DhcpPacket): Client {
  const { options } = packet
  const mac = formatMac(packet.chaddr.subarray(0, packet.hlen))
  const vendorClass = readText(options, OPTION.vendorClass)
  const classes = userClasses(options)
  const architecture = chooseArchitecture(architectures(options))
  const kind = kindOf({ mac, vendorClass: vendorClass ?? '', classes, architecture })
  const uuid = clientUuid(options)
  const clientId = options.get(OPTION.clientIdentifier)
  const hostname = readText(options, OPTION.hostname)
  const relay = packet.giaddr === '0.0.0.0' ? {} : relayAgent(options)
  return {
    kind,
    netboot: kind !== 'plain',
    mac,
    userClasses: classes,
    ...(uuid && { uuid }),
    ...(clientId && { clientId: hex(clientId) }),
    ...(hostname && { hostname }),
    ...(vendorClass && { vendorClass }),
    ...(architecture && { architecture }),
    ...(kind === 'ipxe' && { ipxe: ipxeDetails(options.get(OPTION.ipxe)) }),
    ...(relay.circuitId && { circuitId: relay.circuitId }),
    ...(relay.remoteId && { remoteId: relay.remoteId }),
  }
}

interface Signs {
  mac: string
  vendorClass: string
  classes: string[]
  architecture: Architecture | undefined
}

function kindOf({ mac, vendorClass, classes, architecture }: Signs): ClientKind {
  if (classes.includes('iPXE')) return 'ipxe'
  if (vendorClass.startsWith('U-Boot')) return 'u-boot'
  if (!architecture) return 'plain'
  if (vendorClass.startsWith('HTTPClient')) return 'http'
  if (!vendorClass.startsWith('PXEClient')) return 'plain'
  const raspberry =
    architecture.code === RASPBERRY_PI_TYPE || (architecture.code === 0 && RASPBERRY_PI_OUIS.includes(mac.slice(0, 8)))
  return raspberry ? 'raspberry-pi' : 'pxe'
}

function ipxeDetails(value: Uint8Array | undefined): NonNullable<Client['ipxe']> {
  const parts = readEncapsulated(value)
  const features = [...FEATURES].filter(([tag]) => parts.has(tag)).map(([, feature]) => feature)
  const version = parts.get(IPXE_VERSION)
  const bus = parts.get(IPXE_BUS_ID)
  return {
    features,
    ...(version && { version: [...version].join('.') }),
    // Type 1 is PCI: vendor and device, two bytes each.
    ...(bus?.length === 5 && bus[0] === 1 && { busId: `${hex(bus.subarray(1, 3))}:${hex(bus.subarray(3))}` }),
  }
}

/** Bytes as `aa:bb:cc:..`. */
export function formatMac(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += text === '' ? HEX[byte] : `:${HEX[byte]}`
  return text
}
