// Time servers of the spec, for the service of the image that will set its clock.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AgentError } from '../errors.ts'
import { changed } from './new-file.ts'
import type { NewFile } from './new-file.ts'
import { anyEnabled } from './services.ts'
import type { ImageTree } from './tree.ts'

/** Where distributions keep chrony's configuration. */
const CHRONY_CONFIGS = ['etc/chrony/chrony.conf', 'etc/chrony.conf']
const MARK = '# Time servers of the machine (Landfall)\n'

/**
 * A file beside the service's own, which stays the image's; chrony without a folder for such files (Fedora, RHEL) gets the servers at the end
 * of its own, as Anaconda does it. `root` is the deployment, with its services switched already. Throws AgentError CONFIGURE_FAILED when no
 * service that is enabled would read them.
 */
export async function timeServers(
  tree: Pick<ImageTree, 'has' | 'hasProgram' | 'run'>,
  root: string,
  servers: readonly string[],
): Promise<NewFile[]> {
  if (servers.length === 0) return []
  if (tree.hasProgram('chronyd') && (await anyEnabled(tree, 'chronyd.service', 'chrony.service'))) {
    return [await chronyFile(root, servers.map((server) => `server ${server} iburst\n`).join(''))]
  }
  if (tree.has('usr/lib/systemd/systemd-timesyncd') && (await anyEnabled(tree, 'systemd-timesyncd.service'))) {
    const path = 'etc/systemd/timesyncd.conf.d/landfall.conf'
    // timesyncd.conf(5): an empty value first, or the image's servers would stay beside them.
    return [{ path, text: `[Time]\nNTP=\nNTP=${servers.join(' ')}\n`, mode: 0o644 }]
  }
  throw new AgentError('CONFIGURE_FAILED', 'timeServers: the image has neither chrony nor systemd-timesyncd enabled', {
    hint: 'enable one in services, or build the image with chrony or systemd-timesyncd',
  })
}

/** What chrony is to read besides: a file of its own, or its configuration with `lines` at the end. */
async function chronyFile(root: string, lines: string): Promise<NewFile> {
  for (const config of CHRONY_CONFIGS) {
    const text = await readFile(join(root, config), 'utf8').catch(() => undefined)
    if (text === undefined) continue
    const path = chronyDropIn(text)
    if (path !== undefined) return { path, text: lines, mode: 0o644 }
    return changed(root, config, (now) => `${now.replace(/\n*$/, '\n')}${MARK}${lines}`)
  }
  throw new AgentError('CONFIGURE_FAILED', "timeServers: the image's chrony has no configuration below /etc", {
    hint: `put one at /${CHRONY_CONFIGS.join(' or /')} in the image`,
  })
}

/** A file that this configuration of chrony includes, below /etc; undefined when there is no folder of that kind. */
export function chronyDropIn(config: string): string | undefined {
  for (const [directive, extension] of [
    ['sourcedir', 'sources'],
    ['confdir', 'conf'],
  ] as const) {
    const folder = config
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .flatMap(([first, ...folders]) => (first?.toLowerCase() === directive ? folders : []))
      .find((path) => path.startsWith('/etc/'))
    if (folder !== undefined) return `${folder.slice(1).replace(/\/+$/, '')}/landfall.${extension}`
  }
  return undefined
}
