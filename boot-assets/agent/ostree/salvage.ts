// Which objects of a repository can be believed, after an import that a power cut or a restart ended: those that hash to their names.
import { createHash } from 'node:crypto'
import { closeSync, lstatSync, openSync, readlinkSync, readFileSync, readSync } from 'node:fs'
import { setImmediate as immediate } from 'node:timers/promises'
import { checksum, fileHeader, S_IFLNK, S_IFMT, S_IFREG } from './objects.ts'
import type { Checksum, ObjectKind, Xattr } from './objects.ts'
import { io } from './repo.ts'
import type { Repo } from './repo.ts'
import { readXattrs } from './xattrs.ts'

/** Objects whose attributes are read by one process. */
const BATCH = 512
const CHUNK = 1024 * 1024

/** Reads every object and removes those that are not what their names say; others get a turn between batches. Throws OstreeError. */
export async function salvage(repo: Repo): Promise<{ kept: number; removed: number }> {
  const result = { kept: 0, removed: 0 }
  const judge = (sum: Checksum, kind: ObjectKind, isRight: boolean): void => {
    result[isRight ? 'kept' : 'removed']++
    if (!isRight) repo.removeObject(sum, kind)
  }
  const buffer = Buffer.allocUnsafe(CHUNK)
  const files: Checksum[] = []
  const judgeFiles = (): void => {
    const paths = files.map((sum) => repo.objectPath(sum, 'file'))
    const attributes = readXattrs(paths)
    files.splice(0).forEach((sum, index) => {
      judge(sum, 'file', fileSum(paths[index]!, attributes[index]!, buffer) === sum)
    })
  }
  for (const { sum, kind } of repo.objects()) {
    if (kind === 'file') files.push(sum)
    else judge(sum, kind, kind !== 'commitmeta' && metadataSum(repo, sum, kind) === sum)
    if (files.length < BATCH) continue
    judgeFiles()
    await immediate()
  }
  judgeFiles()
  return result
}

/** Whether all that a commit refers to is there. */
export function isComplete(repo: Repo, commit: Checksum): boolean {
  const seen = new Set<Checksum>()
  const isTreeComplete = (tree: Checksum): boolean => {
    if (seen.has(tree)) return true
    seen.add(tree)
    if (!repo.has(tree, 'dirtree')) return false
    const { files, directories } = repo.readDirtree(tree)
    return (
      files.values().every((sum) => repo.has(sum, 'file')) &&
      directories.values().every((child) => repo.has(child.meta, 'dirmeta') && isTreeComplete(child.tree))
    )
  }
  if (!repo.has(commit, 'commit')) return false
  const { root } = repo.readCommit(commit)
  return repo.has(root.meta, 'dirmeta') && isTreeComplete(root.tree)
}

function metadataSum(repo: Repo, sum: Checksum, kind: ObjectKind): Checksum {
  return io(`verifying object ${sum}.${kind}`, () => checksum(readFileSync(repo.objectPath(sum, kind))))
}

/** Checksum of a file object as it is on the disk; empty for what can be none. */
function fileSum(path: string, xattrs: Xattr[], buffer: Buffer): Checksum {
  return io(`verifying object ${path}`, () => {
    const { uid, gid, mode } = lstatSync(path)
    const meta = { uid, gid, mode, xattrs }
    if ((mode & S_IFMT) === S_IFLNK) return checksum(fileHeader(meta, readlinkSync(path)))
    if ((mode & S_IFMT) !== S_IFREG) return ''
    const hash = createHash('sha256').update(fileHeader(meta, ''))
    const fd = openSync(path, 'r')
    try {
      for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) hash.update(buffer.subarray(0, read))
    } finally {
      closeSync(fd)
    }
    return hash.digest('hex')
  })
}
