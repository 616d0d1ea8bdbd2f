// Writes initramfs archives: cpio in the "newc" format (kernel: Documentation/driver-api/early-userspace/buffer-format.rst).
//
// The same entries always give the same bytes: entries are sorted, owned by root and dated 1970, and inode numbers count up.

export interface CpioEntry {
  /** Relative path without a leading slash; missing parent folders are added with mode 0755. */
  path: string
  type: 'file' | 'directory' | 'symlink'
  /** Permission bits. Default: 0755 for directories, 0777 for symbolic links, 0644 for files. */
  mode?: number
  /** Content of a file, target of a symbolic link. */
  data?: Uint8Array | string
}

const TYPE_BITS = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const
const DEFAULT_MODE = { file: 0o644, directory: 0o755, symlink: 0o777 } as const
const MAX_FIELD = 0xffffffff

/** The archive as one buffer, its length a multiple of 4, so that another archive can follow it in an initramfs. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = []
  const sorted = withParents(entries).toSorted((a, b) => (a.path < b.path ? -1 : 1))
  for (const [index, entry] of sorted.entries()) {
    const data = Buffer.from(entry.data ?? '')
    const mode = TYPE_BITS[entry.type] | (entry.mode ?? DEFAULT_MODE[entry.type])
    parts.push(
      header({ inode: index + 1, mode, links: entry.type === 'directory' ? 2 : 1, size: data.length }, entry.path),
    )
    parts.push(data, padding(data.length))
  }
  parts.push(header({ inode: 0, mode: 0, links: 1, size: 0 }, 'TRAILER!!!'))
  return Buffer.concat(parts)
}

function withParents(entries: readonly CpioEntry[]): CpioEntry[] {
  const byPath = new Map<string, CpioEntry>()
  for (const entry of entries) {
    if (entry.path === '' || entry.path.startsWith('/') || entry.path.split('/').includes('..')) {
      throw new RangeError(`cpio entry path ${JSON.stringify(entry.path)}: want a relative path`)
    }
    if (byPath.has(entry.path)) throw new RangeError(`cpio entry ${entry.path} appears twice`)
    byPath.set(entry.path, entry)
  }
  for (const { path } of entries) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash)
      if (!byPath.has(parent)) byPath.set(parent, { path: parent, type: 'directory' })
    }
  }
  return [...byPath.values()]
}

/** Magic, 13 fields of 8 hex digits, the name with its NUL, padded to a multiple of 4. */
function header(fields: { inode: number; mode: number; links: number; size: number }, path: string): Buffer {
  const name = Buffer.from(`${path}\0`)
  const { inode, mode, links, size } = fields
  if (size > MAX_FIELD) throw new RangeError(`cpio entry ${path}: ${size} bytes do not fit the format`)
  const [owner, group, time, device, check] = [0, 0, 0, 0, 0]
  const numbers = [inode, mode, owner, group, links, time, size, device, device, device, device, name.length, check]
  const text = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`
  const length = text.length + name.length
  return Buffer.concat([Buffer.from(text), name, padding(length)])
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4)
}
