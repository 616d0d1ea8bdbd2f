// Which engine deploys an image.
import type { MachineSpec } from '../../../server/contract/spec.ts'
import type { ImageConfig } from '../../../server/oci/manifest.ts'
import { configLabels } from '../../../server/oci/manifest.ts'
import { AgentError } from '../errors.ts'

/** Sealed images start by a unified kernel image, which only bootc knows to install; everything else is ours by default. */
export function chooseEngine(wanted: MachineSpec['engine'], config: ImageConfig): 'ostree' | 'bootc' {
  if (wanted !== 'auto') return wanted
  return configLabels(config)['containers.bootc'] === 'sealed' ? 'bootc' : 'ostree'
}

/** bootc finds its disk by root and boot alone: layers below them are nothing it was told of. Throws AgentError DISK_LAYOUT. */
export function requirePlainDisk({ scheme, mirror, raid, volumes, encryption }: MachineSpec['disks']): void {
  const isPlain = scheme === 'plain' && mirror === undefined && raid === undefined && encryption === undefined
  if (isPlain && volumes.length === 0) return
  throw new AgentError('DISK_LAYOUT', 'the engine bootc installs to one plain disk only', {
    hint: 'leave out scheme, mirror, raid, volumes and encryption of disks, or use an image that the engine ostree can deploy',
  })
}
