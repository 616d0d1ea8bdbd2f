// SELinux labels of the files we add, for images that bring a policy (ostree-container-deploy 1.10).
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ImageTree } from './tree.ts'

/** Name of the policy an image enforces or would enforce, from /etc/selinux/config; undefined when it has none. */
export function policyName(config: string | undefined): string | undefined {
  return config === undefined ? undefined : /^\s*SELINUXTYPE=(\S+)/m.exec(config)?.[1]
}

/**
 * Labels paths as the image's policy wants them, by the image's own setfiles; does nothing for images without a policy.
 * Paths are as the deployed system sees them; `etc` is the deployment's.
 */
export async function labelFiles(tree: ImageTree, etc: string, paths: readonly string[]): Promise<void> {
  await setfiles(tree, etc, [], paths)
}

/** The same for files of the machine's /var, which the sandbox shows only below the target: `state` is its folder there. */
export async function labelState(tree: ImageTree, etc: string, state: string, paths: readonly string[]): Promise<void> {
  const root = tree.inSandbox(dirname(state))
  // -r: what is above the policy's root.
  await setfiles(
    tree,
    etc,
    ['-r', root],
    paths.map((path) => join(root, path)),
  )
}

async function setfiles(tree: ImageTree, etc: string, options: string[], paths: readonly string[]): Promise<void> {
  const config = await readFile(join(etc, 'selinux/config'), 'utf8').catch(() => undefined)
  const policy = policyName(config)
  if (policy === undefined || paths.length === 0 || !tree.hasProgram('setfiles')) return
  tree.etc = etc
  // -F: also the user and role part, which unlabelled files lack.
  await tree.run('setfiles', ['-F', ...options, `/etc/selinux/${policy}/contexts/files/file_contexts`, ...paths])
}
