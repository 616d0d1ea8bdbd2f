// What links and the VLANs on them are called.
import type { Connection, NetworkLink } from '../../../server/contract/spec-network.ts'

/** A link with a name for each of its VLANs. */
export interface NamedLink extends Omit<NetworkLink, 'vlans'> {
  vlans: { name: string; vlan: number; connection: Connection }[]
}

/** `bond0.100`; on a NIC, whose name only its kernel knows, `vlan100`, and `vlan100-1` for a second one of that number. */
export function withNames(links: readonly NetworkLink[]): NamedLink[] {
  const taken = new Set<string>()
  const free = (wanted: string, at = 0): string => {
    const name = at === 0 ? wanted : `${wanted}-${at}`
    return taken.has(name) ? free(wanted, at + 1) : name
  }
  return links.map((link) => ({
    ...link,
    vlans: link.vlans.map((connection) => {
      const { vlan } = connection
      // 15 characters are all that the kernel takes.
      const name = free(link.bond && link.bond.name.length <= 10 ? `${link.bond.name}.${vlan}` : `vlan${vlan}`)
      taken.add(name)
      return { name, vlan, connection }
    }),
  }))
}

/** `landfall-525400123456`: what a link's files are named after. */
export function linkId({ bond, macs }: Pick<NetworkLink, 'bond' | 'macs'>): string {
  return bond?.name ?? macs[0]!.replaceAll(':', '')
}
