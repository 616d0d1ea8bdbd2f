// The time zone of the spec: /etc/localtime leads to a file of the image.
import { lstat, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AgentError } from '../errors.ts'
import type { NewFile } from './new-file.ts'
import type { ImageTree } from './tree.ts'

const ZONES = 'usr/share/zoneinfo'

/** `root` is the deployment. Throws AgentError CONFIGURE_FAILED for a zone that the image has no file of. */
export async function timeZone(
  tree: Pick<ImageTree, 'path'>,
  root: string,
  zone: string | undefined,
): Promise<NewFile[]> {
  if (zone === undefined) return []
  const file = await stat(join(tree.path, ZONES, zone)).catch(() => undefined)
  if (file?.isFile() !== true) {
    throw new AgentError('CONFIGURE_FAILED', `the image has no time zone ${zone}: there is no file /${ZONES}/${zone}`, {
      hint: 'name one as `timedatectl list-timezones` does, or build the image with the tzdata package',
    })
  }
  // localtime(5): relative, and below zoneinfo, for that is how systemd knows the name.
  const link: NewFile = { path: 'etc/localtime', link: `../${ZONES}/${zone}` }
  // Older Debian keeps the name once more.
  const named = await lstat(join(root, 'etc/timezone')).catch(() => undefined)
  return named?.isFile() === true ? [link, { path: 'etc/timezone', text: `${zone}\n`, mode: 0o644 }] : [link]
}
