// The network of the spec, for the service of the image that will bring it up.
import { networkLinks } from '../../../server/contract/spec-network.ts'
import type { Connection, NetworkLink } from '../../../server/contract/spec-network.ts'
import { AgentError } from '../errors.ts'
import { keyfiles } from './network-keyfiles.ts'
import { networkdFiles } from './networkd-files.ts'
import type { NewFile } from './new-file.ts'
import { anyEnabled } from './services.ts'
import type { ImageTree } from './tree.ts'

/** A link with a name for each of its VLANs. */
export interface NamedLink extends Omit<NetworkLink, 'vlans'> {
  vlans: { name: string; vlan: number; connection: Connection }[]
}

/**
 * Files beside those of the image, which still count for NICs that the spec does not name. With both services enabled NetworkManager is
 * the one that does the work. Services are switched already. Throws AgentError CONFIGURE_FAILED when no service that is enabled would
 * read them, or for what it has no setting for.
 */
export async function network(
  tree: Pick<ImageTree, 'has' | 'hasProgram' | 'run'>,
  connections: readonly Connection[],
): Promise<NewFile[]> {
  if (connections.length === 0) return []
  const links = networkLinks(connections)
  if (typeof links === 'string') throw new AgentError('CONFIGURE_FAILED', `network: ${links}`)
  const named = withNames(links)
  if (tree.hasProgram('NetworkManager') && (await anyEnabled(tree, 'NetworkManager.service'))) return keyfiles(named)
  if (tree.has('usr/lib/systemd/systemd-networkd') && (await anyEnabled(tree, 'systemd-networkd.service'))) {
    return networkdFiles(named)
  }
  throw new AgentError(
    'CONFIGURE_FAILED',
    'network: the image has neither NetworkManager nor systemd-networkd enabled',
    {
      hint: 'enable one in services, or build the image with NetworkManager or systemd-networkd',
    },
  )
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
