// The SELinux mode of the spec, in the image's own configuration.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { AgentError } from '../errors.ts'
import { changed, withAssignment } from './new-file.ts'
import type { NewFile } from './new-file.ts'

const CONFIG = 'etc/selinux/config'

/** `root` is the deployment. Throws AgentError CONFIGURE_FAILED for an image without SELinux. */
export async function selinuxMode(root: string, mode: MachineSpec['selinux']): Promise<NewFile[]> {
  if (mode === 'image') return []
  if ((await stat(join(root, CONFIG)).catch(() => undefined)) === undefined) {
    throw new AgentError('CONFIGURE_FAILED', `the image has no /${CONFIG}: SELinux cannot be ${mode} there`, {
      hint: 'leave selinux out, or take an image with an SELinux policy',
    })
  }
  return [await changed(root, CONFIG, (text) => withAssignment(text, 'SELINUX', mode))]
}
