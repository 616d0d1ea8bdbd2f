// What users of the spec may do by sudo(8).
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { AgentError } from '../errors.ts'
import type { NewFile } from './new-file.ts'
import { refusedBy } from './refused-by.ts'
import type { ImageTree } from './tree.ts'

const RULES: Record<'password' | 'nopasswd', string> = { password: 'ALL', nopasswd: 'NOPASSWD: ALL' }

/** Before the file is there, the image's own visudo is asked for its opinion. Throws AgentError CONFIGURE_FAILED for an image without sudo. */
export async function sudoers(
  tree: Pick<ImageTree, 'hasProgram' | 'run'>,
  users: MachineSpec['users'],
): Promise<NewFile[]> {
  const text = users
    .flatMap(({ name, sudo }) => (sudo === undefined ? [] : [`${name} ALL=(ALL:ALL) ${RULES[sudo]}\n`]))
    .join('')
  if (text === '') return []
  if (!tree.hasProgram('sudo')) {
    throw new AgentError('CONFIGURE_FAILED', 'users: sudo is asked for, and the image has none', {
      hint: 'build the image with the package sudo, or leave sudo out',
    })
  }
  if (tree.hasProgram('visudo')) {
    await tree.run('visudo', ['-c', '-f', '-'], { input: text }).catch((error: unknown) => {
      throw refusedBy(error, 'users: visudo')
    })
  }
  return [{ path: 'etc/sudoers.d/50-landfall', text, mode: 0o440 }]
}
