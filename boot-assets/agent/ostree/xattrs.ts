// Setting extended attributes. Node has no call for it, so setfattr(1) of the package `attr` does it, many files at a time.
import { spawnSync } from 'node:child_process'
import { OstreeError } from './errors.ts'
import type { Xattr } from './objects.ts'

export interface XattrTarget {
  path: string
  xattrs: readonly Xattr[]
}

/** Sets attributes on files, directories and symlinks themselves. All are set when it returns. Throws XATTR_FAILED. */
export function setXattrs(targets: readonly XattrTarget[]): void {
  if (targets.length === 0) return
  const input = targets.map(({ path, xattrs }) => `# file: ${quote(path)}\n${xattrs.map(line).join('')}\n`).join('')
  const { status, error, stderr } = spawnSync('setfattr', ['--no-dereference', '--restore=-'], { input })
  if (error !== undefined) {
    throw new OstreeError('XATTR_FAILED', `setting extended attributes: ${error.message}`, { cause: error })
  }
  if (status !== 0) {
    const reason = stderr.toString('utf8', 0, 2000).trim()
    throw new OstreeError('XATTR_FAILED', `setting extended attributes: ${reason || `setfattr exited with ${status}`}`)
  }
}

function line({ name, value }: Xattr): string {
  return `${quote(name, '=')}=0s${value.toString('base64')}\n`
}

/** setfattr's own quoting: bytes that mean something to it become a backslash and three octal digits. */
function quote(text: string, special = ''): string {
  return [...Buffer.from(text, 'utf8')]
    .map((byte) => {
      const plain = byte > 0x20 && byte < 0x7f && byte !== 0x5c && !special.includes(String.fromCharCode(byte))
      return plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`
    })
    .join('')
}
