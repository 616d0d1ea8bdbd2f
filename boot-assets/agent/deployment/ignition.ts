// A configuration of the spec for Ignition, where the image's initramfs and boot menu know what to do with it.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { AgentError } from '../errors.ts'
import type { ImageTree } from './tree.ts'

const MODULES = 'usr/lib/dracut/modules.d'
const MENU_PARTS = 'usr/lib/bootupd/grub2-static/configs.d'

/** GRUB fills in the first one once, at the first boot. */
const ARGUMENTS = ['$ignition_firstboot', 'ignition.platform.id=metal']

/** The spec with what the kernel has to be told for Ignition to run. */
export function withIgnitionArguments(spec: MachineSpec): MachineSpec {
  if (spec.ignition === undefined) return spec
  return { ...spec, kernelArguments: [...new Set([...spec.kernelArguments, ...ARGUMENTS])] }
}

/** Throws AgentError CONFIGURE_FAILED for an image in which nothing would read it. */
export async function checkIgnition(tree: Pick<ImageTree, 'list'>, ignition: string | undefined): Promise<void> {
  if (ignition === undefined) return
  const [modules, parts] = await Promise.all([tree.list(MODULES), tree.list(MENU_PARTS)])
  const has = (names: readonly string[]) => names.some((name) => name.includes('ignition'))
  if (has(modules) && has(parts)) return
  const missing = has(modules) ? `boot menu (/${MENU_PARTS})` : `initramfs (/${MODULES})`
  throw new AgentError('CONFIGURE_FAILED', `ignition: the image has no Ignition in its ${missing}`, {
    hint: 'take an image of the CoreOS kind, or leave ignition out',
  })
}

/** As coreos-installer leaves it: read at the first boot, then removed by the image. `boot` is the target's /boot. */
export async function writeIgnition(boot: string, ignition: string | undefined): Promise<void> {
  if (ignition === undefined) return
  const folder = join(boot, 'ignition')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'config.ign'), ignition, { mode: 0o600 })
  await writeFile(join(boot, 'ignition.firstboot'), '')
}
