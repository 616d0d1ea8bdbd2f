// The firewall of the spec, by the image's own firewalld.
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { AgentError } from '../errors.ts'
import { refusedBy } from './refused-by.ts'
import type { ImageTree } from './tree.ts'

const PROGRAM = 'firewall-offline-cmd'

/** Throws AgentError CONFIGURE_FAILED for an image without firewalld. */
export function checkFirewall(tree: Pick<ImageTree, 'hasProgram'>, { mode }: MachineSpec['firewall']): void {
  if (mode !== 'enabled' || tree.hasProgram(PROGRAM)) return
  throw new AgentError('CONFIGURE_FAILED', `firewall.mode enabled: the image has no ${PROGRAM}`, {
    hint: 'build the image with firewalld, or leave firewall out',
  })
}

/**
 * Writes into the deployment's /etc, and has the service started or not, as Anaconda does with the same values. Throws AgentError
 * CONFIGURE_FAILED with what firewalld said, for instance of a service that it does not know.
 */
export async function setFirewall(
  tree: Pick<ImageTree, 'hasProgram' | 'run'>,
  { mode, services, ports }: MachineSpec['firewall'],
): Promise<void> {
  if (mode === 'image' || !tree.hasProgram(PROGRAM)) return
  const opened = [...services.map((service) => `--service=${service}`), ...ports.map((port) => `--port=${port}`)]
  await tree.run(PROGRAM, mode === 'enabled' ? ['--enabled', ...opened] : ['--disabled']).catch((error: unknown) => {
    throw refusedBy(error, `firewall.mode ${mode}: ${PROGRAM}`)
  })
}
