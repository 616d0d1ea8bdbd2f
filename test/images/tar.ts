// Writes tar archives entry by entry: same entries, same bytes. Unlike tar-stream's packer it can write binary extended
// attributes, names in every encoding archives in the wild use, and it never adds a timestamp of its own.

/** How a name that does not fit the plain header field is stored. */
export type NameEncoding =
  /** PAX record, used only where needed (names over 100 bytes, not ASCII): what Go's archive/tar and GNU tar's posix format do. */
  | 'pax'
  /** Bytes as they are in the name and prefix fields of the ustar header, UTF-8 without saying so. */
  | 'ustar'
  /** GNU tar's own `././@LongLink` entry. */
  | 'gnu'

interface Common {
  path: string
  mode?: number
  uid?: number
  gid?: number
  /** Seconds since the epoch. */
  mtime?: number
  /** Extended attributes by full name, e.g. `security.capability`. */
  xattrs?: Readonly<Record<string, Uint8Array>>
  encoding?: NameEncoding
}

export type TarEntry =
  | (Common & { type: 'file'; content: Uint8Array | string })
  /** A file whose `size` bytes are produced while writing. */
  | (Common & { type: 'stream'; size: number; chunks: Iterable<Uint8Array> })
  | (Common & { type: 'directory' })
  | (Common & { type: 'symlink' | 'hardlink'; target: string })

type Details = Omit<Common, 'path'>

/** An entry for a regular file. */
export function file(path: string, content: Uint8Array | string, details: Details = {}): TarEntry {
  return { type: 'file', path, content, ...details }
}

/** An entry for a directory; the path comes without a slash at the end. */
export function directory(path: string, details: Details = {}): TarEntry {
  return { type: 'directory', path, ...details }
}

/** An entry for a symbolic link. */
export function symlink(path: string, target: string, details: Details = {}): TarEntry {
  return { type: 'symlink', path, target, ...details }
}

/** An entry for another name of a file earlier in the same archive. */
export function hardlink(path: string, target: string, details: Details = {}): TarEntry {
  return { type: 'hardlink', path, target, ...details }
}

const BLOCK = 512
const TYPE_FLAGS = { file: '0', stream: '0', hardlink: '1', symlink: '2', directory: '5' } as const
/** The largest number an octal field of seven digits holds. */
const MAX_OCTAL_7 = 0o7777777

/** The archive's bytes, end marker included. Default owner root, mode 0644 or 0755, time `mtime`. */
export function* tar(entries: Iterable<TarEntry>, { mtime }: { mtime: number }): Generator<Uint8Array> {
  for (const entry of entries) yield* encodeEntry({ mtime, ...entry })
  yield Buffer.alloc(2 * BLOCK)
}

function* encodeEntry(entry: TarEntry & { mtime: number }): Generator<Uint8Array> {
  const path = entry.type === 'directory' ? `${entry.path}/` : entry.path
  const target = 'target' in entry ? entry.target : ''
  const encoding = entry.encoding ?? 'pax'
  const { uid = 0, gid = 0 } = entry

  if (encoding === 'gnu') {
    if (Buffer.byteLength(target) > 100) yield* extension('K', '././@LongLink', Buffer.from(`${target}\0`))
    if (Buffer.byteLength(path) > 100) yield* extension('L', '././@LongLink', Buffer.from(`${path}\0`))
  }
  const records: Buffer[] = []
  if (encoding === 'pax') {
    if (needsRecord(path)) records.push(paxRecord('path', Buffer.from(path)))
    if (needsRecord(target)) records.push(paxRecord('linkpath', Buffer.from(target)))
  }
  if (uid > MAX_OCTAL_7) records.push(paxRecord('uid', Buffer.from(String(uid))))
  if (gid > MAX_OCTAL_7) records.push(paxRecord('gid', Buffer.from(String(gid))))
  for (const [name, value] of Object.entries(entry.xattrs ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    records.push(paxRecord(`SCHILY.xattr.${name}`, value))
  }
  if (records.length > 0) yield* extension('x', 'PaxHeaders/entry', Buffer.concat(records))

  const content = contentOf(entry)
  yield header({
    ...splitName(path, encoding),
    target,
    mode: entry.mode ?? (entry.type === 'directory' ? 0o755 : entry.type === 'symlink' ? 0o777 : 0o644),
    uid: Math.min(uid, MAX_OCTAL_7),
    gid: Math.min(gid, MAX_OCTAL_7),
    size: content.size,
    mtime: entry.mtime,
    typeFlag: TYPE_FLAGS[entry.type],
  })
  yield* padded(content)
}

interface Content {
  size: number
  chunks: Iterable<Uint8Array>
}

function contentOf(entry: TarEntry): Content {
  if (entry.type === 'stream') return entry
  const bytes = entry.type === 'file' ? Buffer.from(entry.content) : Buffer.alloc(0)
  return { size: bytes.length, chunks: [bytes] }
}

function* padded({ size, chunks }: Content): Generator<Uint8Array> {
  let written = 0
  for (const chunk of chunks) {
    written += chunk.length
    yield chunk
  }
  if (written !== size) throw new Error(`writing a tar entry: content has ${written} bytes, the entry says ${size}`)
  if (size % BLOCK !== 0) yield Buffer.alloc(BLOCK - (size % BLOCK))
}

/** A header entry (PAX `x`, GNU `L` and `K`) that speaks about the next one. */
function* extension(typeFlag: string, name: string, body: Buffer): Generator<Uint8Array> {
  const fields = { prefix: '', name, target: '', mode: 0o644, uid: 0, gid: 0, mtime: 0, typeFlag }
  yield header({ ...fields, size: body.length })
  yield* padded({ size: body.length, chunks: [body] })
}

function needsRecord(name: string): boolean {
  // eslint-disable-next-line no-control-regex -- ASCII is meant
  return Buffer.byteLength(name) > 100 || !/^[\x00-\x7f]*$/.test(name)
}

/** One PAX record `<length> <key>=<value>\n`, the length counting itself (POSIX pax, "Extended Header"). */
function paxRecord(key: string, value: Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')])
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return Buffer.concat([Buffer.from(String(length)), rest])
}

/** With 'ustar' the name is divided at a slash between prefix (155 bytes) and name (100 bytes); else it is just cut. */
function splitName(path: string, encoding: NameEncoding): { prefix: string; name: string | Buffer } {
  const bytes = Buffer.from(path)
  if (bytes.length <= 100) return { prefix: '', name: path }
  if (encoding !== 'ustar') return { prefix: '', name: bytes.subarray(0, 100) }
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)]
    if (name !== '' && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return { prefix, name }
  }
  throw new Error(`writing a tar entry: ${path} does not fit a ustar header, use 'pax' or 'gnu'`)
}

interface HeaderFields {
  prefix: string
  name: string | Buffer
  target: string
  mode: number
  uid: number
  gid: number
  size: number
  mtime: number
  typeFlag: string
}

function header(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(BLOCK)
  const put = (value: string | Buffer, offset: number, length: number): void => {
    Buffer.from(value).copy(block, offset, 0, length)
  }
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`
  put(fields.name, 0, 100)
  put(octal(fields.mode & 0o7777, 7), 100, 8)
  put(octal(fields.uid, 7), 108, 8)
  put(octal(fields.gid, 7), 116, 8)
  put(octal(fields.size, 11), 124, 12)
  put(octal(fields.mtime, 11), 136, 12)
  put(' '.repeat(8), 148, 8)
  put(fields.typeFlag, 156, 1)
  put(fields.target, 157, 100)
  put('ustar\x0000', 257, 8)
  put(fields.prefix, 345, 155)
  const checksum = block.reduce((sum, byte) => sum + byte, 0)
  put(`${checksum.toString(8).padStart(6, '0')}\0 `, 148, 8)
  return block
}
