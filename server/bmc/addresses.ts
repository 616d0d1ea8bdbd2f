// Where management controllers may be. Whoever may set a machine's controller makes the server connect to it: not to services that trust what
// comes from the host itself, nor to those that only the link is meant to reach, such as the metadata service of a cloud.
import { BlockList, isIPv6 } from 'node:net'

const REFUSED = new BlockList()
REFUSED.addSubnet('0.0.0.0', 8, 'ipv4')
REFUSED.addSubnet('127.0.0.0', 8, 'ipv4')
REFUSED.addSubnet('169.254.0.0', 16, 'ipv4')
// Multicast and what is reserved, broadcast among it.
REFUSED.addSubnet('224.0.0.0', 3, 'ipv4')
REFUSED.addAddress('::', 'ipv6')
REFUSED.addAddress('::1', 'ipv6')
REFUSED.addSubnet('fe80::', 10, 'ipv6')
REFUSED.addSubnet('ff00::', 8, 'ipv6')

/** False for addresses of the host itself, of the link alone, and of groups. IPv4 addresses in the clothes of IPv6 count as what they are. */
export function mayBeController(address: string): boolean {
  return !REFUSED.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
