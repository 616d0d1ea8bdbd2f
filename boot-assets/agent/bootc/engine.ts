// Which engine deploys an image.
import type { MachineSpec } from '../../../server/contract/spec.ts'
import type { ImageConfig } from '../../../server/oci/manifest.ts'
import { configLabels } from '../../../server/oci/manifest.ts'

/** Sealed images start by a unified kernel image, which only bootc knows to install; everything else is ours by default. */
export function chooseEngine(wanted: MachineSpec['engine'], config: ImageConfig): 'ostree' | 'bootc' {
  if (wanted !== 'auto') return wanted
  return configLabels(config)['containers.bootc'] === 'sealed' ? 'bootc' : 'ostree'
}
