// One network interface, from what its folder below /sys/class/net says.
import type { NicFacts } from '../../../server/contract/facts.ts'
import { Mac } from '../../../server/contract/common.ts'

/** Raw contents; undefined where the kernel gave none. */
export interface NicSource {
  name: string
  /** File `address`. */
  address: string | undefined
  /** Where the link `device` leads; absent for interfaces without hardware (lo, bridges, bonds). */
  devicePath: string | undefined
  /** Where `device/driver` leads. */
  driverPath: string | undefined
  /** File `carrier`: `1` with link; unreadable while the interface is down. */
  carrier: string | undefined
  /** File `speed`, Mbit/s; -1 when not known. */
  speed: string | undefined
  /** IP addresses in use. */
  addresses: string[]
}

/** Facts of a hardware NIC; undefined for interfaces without hardware or with no Ethernet address. */
export function parseNic(source: NicSource, bootMac: string | undefined): NicFacts | undefined {
  const mac = Mac.safeParse(source.address ?? '')
  if (source.devicePath === undefined || !mac.success || mac.data === '00:00:00:00:00:00') return undefined
  const speed = Number(source.speed ?? -1)
  const driver = source.driverPath?.split('/').pop()
  // virtio NICs hang below their PCI function: the last PCI address on the path is the one to show.
  const pciAddress = source.devicePath.match(/[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]/gi)?.pop()
  return {
    name: source.name,
    mac: mac.data,
    ...(driver ? { driver } : {}),
    link: source.carrier === '1',
    ...(Number.isInteger(speed) && speed > 0 ? { speedMbps: speed } : {}),
    addresses: source.addresses,
    ...(pciAddress ? { pciAddress } : {}),
    boot: mac.data === bootMac,
  }
}
