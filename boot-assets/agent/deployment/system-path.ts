// Where a path of the deployed system lies on the target, with the image's links followed.
import { lstat, readlink, realpath } from 'node:fs/promises'
import { join, posix } from 'node:path'

export interface SystemFolders {
  /** The image's tree: everything that is not the machine's own. */
  image: string
  /** The machine's /etc and /var. */
  etc: string
  var: string
}

/** Of a deployment: its /var is that of all deployments of its stateroot, or where a link in it leads (composefs). */
export async function systemFolders(image: string, deployment: string): Promise<SystemFolders> {
  const linked = await linkOf(join(deployment, 'var'))
  const state = linked === undefined ? join(deployment, '../../var') : await realpath(join(deployment, 'var'))
  return { image, etc: join(deployment, 'etc'), var: state }
}

/** As the kernel does, so that a circle ends. */
const MAX_LINKS = 40

export interface SystemPath {
  /** As the running system sees it once links are followed: `/var/usrlocal/bin/tool`. */
  path: string
  /** On the target. */
  file: string
}

/**
 * Follows links of folders, never one at the path itself, and never to a file of the installer. Undefined where the path leads into the
 * image, which is read-only in the deployed system, or in a circle.
 */
export async function systemPath(folders: SystemFolders, path: string): Promise<SystemPath | undefined> {
  let links = 0
  const names = path.split('/').filter((name) => name !== '')
  let at = '/'
  while (names.length > 1) {
    const name = names.shift()!
    const next = posix.join(at, name)
    const target = await linkOf(real(folders, next))
    if (target === undefined) {
      at = next
      continue
    }
    if (++links > MAX_LINKS) return undefined
    names.unshift(...target.split('/').filter((part) => part !== ''))
    // `..` of a link is that of the folder it lies in.
    if (target.startsWith('/')) at = '/'
  }
  const found = posix.join(at, names[0] ?? '')
  return /^\/(etc|var)\/./.test(found) ? { path: found, file: real(folders, found) } : undefined
}

function real({ image, etc, var: state }: SystemFolders, path: string): string {
  const [, top, rest = ''] = /^\/([^/]*)(.*)$/.exec(path) ?? []
  if (top === 'etc') return join(etc, rest)
  return top === 'var' ? join(state, rest) : join(image, path)
}

async function linkOf(file: string): Promise<string | undefined> {
  const stats = await lstat(file).catch(() => undefined)
  return stats?.isSymbolicLink() === true ? readlink(file) : undefined
}
