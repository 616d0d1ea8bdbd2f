// Extended attributes. Node has no calls for them, so setfattr(1) and getfattr(1) of the package `attr` do it, many files at a time.
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

/** Attributes of files, directories and symlinks themselves, in the order of the paths. Throws XATTR_FAILED. */
export function readXattrs(paths: readonly string[]): Xattr[][] {
  if (paths.length === 0) return []
  const args = ['--no-dereference', '--dump', '--match=-', '--encoding=hex', '--absolute-names', '--', ...paths]
  const { status, error, stdout, stderr } = spawnSync('getfattr', args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (error !== undefined || status !== 0) {
    const reason = error?.message ?? (stderr.slice(0, 2000).trim() || `getfattr exited with ${status}`)
    throw new OstreeError('XATTR_FAILED', `reading extended attributes: ${reason}`, { cause: error })
  }
  const found = new Map<string, Xattr[]>(paths.map((path) => [path, []]))
  let current: Xattr[] = []
  for (const text of stdout.split('\n')) {
    if (text.startsWith('# file: ')) current = found.get(unquote(text.slice('# file: '.length))) ?? []
    const [, name, hex] = /^([^#=][^=]*)=(?:0x([0-9a-f]*))?$/.exec(text) ?? []
    if (name !== undefined) current.push({ name: unquote(name), value: Buffer.from(hex ?? '', 'hex') })
  }
  return [...found.values()]
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

function unquote(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
}
