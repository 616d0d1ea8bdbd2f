// The seed of cloud-init's data source NoCloud, for images that have cloud-init.
import type { MachineSpec } from '../../../server/contract/spec.ts'
import type { FileSpec } from '../../../server/contract/spec-files.ts'
import { AgentError } from '../errors.ts'
import type { ImageTree } from './tree.ts'

const SEED = '/var/lib/cloud/seed/nocloud'
const SETTINGS = '/etc/cloud/cloud.cfg.d'

/**
 * Everything that may hold a secret is readable by root alone. Without a network configuration of its own cloud-init leaves the network to
 * the spec. `instance` tells cloud-init one install from the next. Throws AgentError CONFIGURE_FAILED for an image without cloud-init.
 */
export function cloudInitSeed(
  tree: Pick<ImageTree, 'hasProgram'>,
  { cloudInit, hostname, network }: Pick<MachineSpec, 'cloudInit' | 'hostname' | 'network'>,
  instance: string,
): FileSpec[] {
  if (cloudInit === undefined) return []
  if (!tree.hasProgram('cloud-init')) {
    throw new AgentError('CONFIGURE_FAILED', 'cloudInit: the image has no cloud-init', {
      hint: 'build the image with cloud-init, or leave cloudInit out',
    })
  }
  const { userData, networkConfig } = cloudInit
  const metaData = [`instance-id: ${instance}\n`, ...(hostname === undefined ? [] : [`local-hostname: ${hostname}\n`])]
  return [
    seedFile(`${SEED}/user-data`, userData, '0600'),
    seedFile(`${SEED}/meta-data`, metaData.join(''), '0644'),
    // No other source is looked for, which takes minutes where there is none.
    seedFile(`${SETTINGS}/95-landfall.cfg`, 'datasource_list: [NoCloud, None]\n', '0644'),
    ...(networkConfig === undefined ? [] : [seedFile(`${SEED}/network-config`, networkConfig, '0600')]),
    ...(networkConfig === undefined && network.length > 0
      ? [seedFile(`${SETTINGS}/96-landfall-network.cfg`, 'network: {config: disabled}\n', '0644')]
      : []),
  ]
}

function seedFile(path: string, content: string, mode: string): FileSpec {
  return { path, content, encoding: 'text', mode, user: 'root', group: 'root', secret: true }
}
