// The network of the spec, for the service of the image that will bring it up.
import { networkLinks } from '../../../server/contract/spec-network.ts'
import type { Connection } from '../../../server/contract/spec-network.ts'
import { AgentError } from '../errors.ts'
import { withNames } from './link-names.ts'
import { keyfiles } from './network-keyfiles.ts'
import { networkdFiles } from './networkd-files.ts'
import type { NewFile } from './new-file.ts'
import { anyEnabled } from './services.ts'
import type { ImageTree } from './tree.ts'

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
