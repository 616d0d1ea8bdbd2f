// The files of the spec, each where the deployed system will find it.
import { chmod, chown, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FileSpec } from '../../../server/contract/spec-files.ts'
import { AgentError } from '../errors.ts'
import type { NewFile } from './new-file.ts'
import { ownerOf } from './owners.ts'
import type { Owner, OwnerSources } from './owners.ts'
import { systemPath } from './system-path.ts'
import type { SystemFolders, SystemPath } from './system-path.ts'

export interface PlacedFile {
  /** As the spec names it. */
  name: string
  where: SystemPath
  bytes: Buffer
  mode: number
  /** What is not settled is root's, and the file closed to others, until the first boot gives it to its owner. */
  owner: Owner
}

export interface PlacedFiles {
  files: PlacedFile[]
  /** tmpfiles.d(5) for the owners that are not there yet. */
  tmpfiles: NewFile[]
}

/** Nothing is written yet. Throws AgentError CONFIGURE_FAILED for files that would lie in the image, and for unknown owners. */
export async function placeFiles(
  files: readonly FileSpec[],
  folders: SystemFolders,
  owners: OwnerSources,
): Promise<PlacedFiles> {
  const placed = await Promise.all(
    files.map(async (file) => {
      const { path, content, encoding, mode } = file
      const where = await systemPath(folders, path)
      if (where === undefined) {
        throw new AgentError('CONFIGURE_FAILED', `files: ${path} lies in the image, which is read-only`, {
          hint: 'choose a path below /etc or /var; others must be links to there in the image',
        })
      }
      const bytes = Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8')
      return { name: path, where, bytes, mode: parseInt(mode, 8), owner: ownerOf(file, owners), file }
    }),
  )
  const rules = placed
    .filter(({ owner }) => !isSettled(owner))
    .map(({ where, file }) => `z ${quoted(where.path)} ${file.mode} ${file.user} ${file.group} - -\n`)
  const text = rules.join('')
  return {
    files: placed.map(({ name, where, bytes, mode, owner }) => ({ name, where, bytes, mode, owner })),
    tmpfiles: rules.length === 0 ? [] : [{ path: 'etc/tmpfiles.d/landfall-owners.conf', text, mode: 0o644 }],
  }
}

function isSettled({ uid, gid }: Owner): boolean {
  return uid !== undefined && gid !== undefined
}

/**
 * In place of what is there, never through a link, and never for a moment open to more readers than it is meant for. Its user owns it at once
 * where their id is known: in their home systemd-tmpfiles does not touch what is root's.
 */
export async function writePlaced({ where, bytes, mode, owner }: PlacedFile): Promise<void> {
  const { file } = where
  await mkdir(dirname(file), { recursive: true, mode: 0o755 })
  const fresh = `${file}.landfall-new`
  await rm(fresh, { force: true })
  await writeFile(fresh, bytes, { mode: 0o600, flag: 'wx' })
  await chown(fresh, owner.uid ?? 0, owner.gid ?? 0)
  // chown takes the set-id bits away, so the mode comes last.
  await chmod(fresh, isSettled(owner) ? mode : mode & 0o700)
  await rename(fresh, file)
}

/** Specifiers are doubled, and whatever else has a meaning is in quotes. */
function quoted(path: string): string {
  const plain = path.replaceAll('%', '%%')
  return /^[\w./%@+:-]+$/.test(plain) ? plain : `"${plain.replaceAll(/["\\]/g, '\\$&')}"`
}
