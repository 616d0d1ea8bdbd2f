// The five kinds of OSTree objects: how they serialise and what their checksums are (ostree-core.h; specification item 1.4).
import { hash } from 'node:crypto'
import {
  array,
  byteArray,
  framingWidth,
  readArray,
  readString,
  readTuple,
  string,
  stringVariant,
  tuple,
  u32,
  u64,
} from './gvariant.ts'
import type { Value } from './gvariant.ts'
import { compareBytes, compareNames } from './names.ts'

/** 64 lower-case hexadecimal digits. */
export type Checksum = string

export type ObjectKind = 'commit' | 'commitmeta' | 'dirtree' | 'dirmeta' | 'file'

export const S_IFMT = 0o170000
export const S_IFREG = 0o100000
export const S_IFDIR = 0o040000
export const S_IFLNK = 0o120000

/** One extended attribute; the value is binary. */
export interface Xattr {
  name: string
  value: Buffer
}

/** What OSTree keeps of an inode. `mode` includes the type bits. */
export interface InodeMeta {
  uid: number
  gid: number
  mode: number
  xattrs: readonly Xattr[]
}

export interface Directory {
  files: Map<string, Checksum>
  directories: Map<string, DirectoryRef>
}

/** What becomes an object, without a copy of what its maker has. */
export interface DirectoryListing {
  files: Names<Checksum>
  directories: Names<DirectoryRef>
}

type Names<T> = Pick<ReadonlyMap<string, T>, 'keys' | 'get'>

export interface DirectoryRef {
  tree: Checksum
  meta: Checksum
}

export interface Commit {
  /** All values are strings; written in this order. */
  metadata: readonly (readonly [key: string, value: string])[]
  parent: Checksum | null
  /** Seconds since 1970. */
  timestamp: number
  root: DirectoryRef
}

/** sha256 of a metadata object's bytes, which is its name. */
export function checksum(bytes: Buffer): Checksum {
  return hash('sha256', bytes, 'hex')
}

/**
 * What is hashed before a file's content: length of the header (big-endian), four zero bytes, the header. `target` is the
 * symlink target, empty for regular files.
 */
export function fileHeader(meta: InodeMeta, target: string): Buffer {
  const header = tuple([
    u32(meta.uid),
    u32(meta.gid),
    u32(meta.mode),
    u32(0),
    string(target),
    xattrs(meta.xattrs),
  ]).bytes
  const prefix = Buffer.alloc(8)
  prefix.writeUInt32BE(header.length)
  return Buffer.concat([prefix, header])
}

export function serialiseDirmeta(meta: InodeMeta): Buffer {
  return tuple([u32(meta.uid), u32(meta.gid), u32(meta.mode), xattrs(meta.xattrs)]).bytes
}

export function parseDirmeta(bytes: Buffer): InodeMeta {
  const [uid, gid, mode, list] = readTuple(bytes, ['4', '4', '4', 'v'])
  return {
    uid: uid!.readUInt32BE(),
    gid: gid!.readUInt32BE(),
    mode: mode!.readUInt32BE(),
    xattrs: parseXattrs(list!),
  }
}

/** `a(ayay)`, names with a NUL behind them. */
export function parseXattrs(bytes: Buffer): Xattr[] {
  return readArray(bytes).map((entry): Xattr => {
    const [name, value] = readTuple(entry, ['v', 'v'])
    return { name: readString(name!), value: value! }
  })
}

export function serialiseDirtree(directory: DirectoryListing): Buffer {
  const files = entries(directory.files, 32, (bytes, at, file) => bytes.write(file, at, 'hex'))
  const directories = entries(directory.directories, 64, (bytes, at, { tree, meta }) => {
    bytes.write(tree, at, 'hex')
    bytes.write(meta, at + 32, 'hex')
  })
  return tuple([files, directories]).bytes
}

/** Maps keep the order of the object, which is that of the names' bytes. */
export function parseDirtree(bytes: Buffer): Directory {
  const [files, directories] = readTuple(bytes, ['v', 'v'])
  const result: Directory = { files: new Map(), directories: new Map() }
  for (const entry of readArray(files!)) {
    const [name, file] = readTuple(entry, ['v', 'v'])
    result.files.set(readString(name!), file!.toString('hex'))
  }
  for (const entry of readArray(directories!)) {
    const [name, tree, meta] = readTuple(entry, ['v', 'v', 'v'])
    result.directories.set(readString(name!), { tree: tree!.toString('hex'), meta: meta!.toString('hex') })
  }
  return result
}

export function serialiseCommit(commit: Commit): Buffer {
  const metadata = commit.metadata.map(([key, value]) => tuple([string(key), stringVariant(value)]))
  const parent = commit.parent === null ? byteArray(Buffer.alloc(0)) : raw(commit.parent)
  const related = array([])
  const subject = string('')
  const body = string('')
  return tuple([
    array(metadata, 8),
    parent,
    related,
    subject,
    body,
    u64(commit.timestamp),
    raw(commit.root.tree),
    raw(commit.root.meta),
  ]).bytes
}

/** Metadata values of other types than string are left out. */
export function parseCommit(bytes: Buffer): Commit {
  const [dictionary, parent, , , , timestamp, tree, meta] = readTuple(bytes, ['V', 'v', 'v', 'v', 'v', '8', 'v', 'v'])
  const metadata: [string, string][] = []
  for (const entry of readArray(dictionary!, 8)) {
    const [key, value] = readTuple(entry, ['v', 'V'])
    if (value!.subarray(-2).toString('latin1') !== '\0s') continue
    metadata.push([readString(key!), readString(value!.subarray(0, -2))])
  }
  return {
    metadata,
    parent: parent!.length === 0 ? null : parent!.toString('hex'),
    timestamp: Number(timestamp!.readBigUInt64BE()),
    root: { tree: tree!.toString('hex'), meta: meta!.toString('hex') },
  }
}

/**
 * What `array` makes of tuples of a name and one or two checksums, `sums` bytes, for folders of any size: without a buffer for each part
 * of each entry.
 */
function entries<T>(map: Names<T>, sums: number, write: (bytes: Buffer, at: number, value: T) => void): Value {
  const names = [...map.keys()].sort(compareNames)
  // The name, a NUL, the checksums, and where name and first checksum end, last first; a name has 255 bytes at most.
  const offsets = sums / 32
  const sizes = names.map((name) => {
    const length = Buffer.byteLength(name) + 1 + sums
    return length + offsets * (length + offsets < 256 ? 1 : 2)
  })
  const length = sizes.reduce((sum, size) => sum + size, 0)
  const width = framingWidth(length, sizes.length)
  const bytes = Buffer.allocUnsafe(length + sizes.length * width)
  let at = 0
  names.forEach((name, index) => {
    const start = at
    at += bytes.write(name, at)
    bytes[at++] = 0
    const end = at - start
    write(bytes, at, map.get(name)!)
    at += sums
    const size = (start + sizes[index]! - at) / offsets
    for (let offset = offsets - 1; offset >= 0; offset--) at = bytes.writeUIntLE(end + offset * 32, at, size)
    bytes.writeUIntLE(at, length + index * width, width)
  })
  return { bytes, alignment: 1, fixed: false }
}

function raw(sum: Checksum): Value {
  return byteArray(Buffer.from(sum, 'hex'))
}

function xattrs(list: readonly Xattr[]): Value {
  const named = list.map(({ name, value }) => ({ name: Buffer.from(name + '\0', 'utf8'), value }))
  named.sort((a, b) => compareBytes(a.name, b.name))
  return array(named.map(({ name, value }) => tuple([byteArray(name), byteArray(value)])))
}
