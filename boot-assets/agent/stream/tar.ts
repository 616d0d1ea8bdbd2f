// A tar reader for image layers: ustar, GNU and PAX archives (POSIX.1-2017 pax, "ustar Interchange Format").
//
// Push instead of pull: one call per chunk, whatever the number of entries in it, so that an archive of a hundred thousand small
// files costs no promise for each. PAX values stay bytes until their key is known, since xattr values are binary.
import { isUtf8 } from 'node:buffer'
import { StreamError } from './errors.ts'
import { parsePax } from './tar-pax.ts'

type TarEntryType = 'file' | 'hardlink' | 'symlink' | 'directory' | 'device'

interface TarXattr {
  name: string
  value: Buffer
}

export interface TarEntry {
  type: TarEntryType
  /** As in the archive: may be absolute, have `./` before or `/` behind. */
  path: string
  /** Target of a symlink or hardlink, else empty. */
  target: string
  /** Permission bits, at most 07777. */
  mode: number
  uid: number
  gid: number
  /** Bytes of content that follow; 0 for everything but files. */
  size: number
  /** Seconds since 1970. */
  mtime: number
  xattrs: TarXattr[]
}

/** Receives an archive's entries in order. `data` is called with views that are only valid during the call. */
export interface TarSink {
  entry(entry: TarEntry): void
  data(chunk: Buffer): void
  entryEnd(): void
}

const BLOCK = 512
/** Longest PAX header or GNU long name taken; Go's archive/tar has the same bound. */
const MAX_META = 2 ** 20

// What the next byte belongs to.
const State = { HEADER: 0, BODY: 1, META: 2, SKIP: 3, END: 4 } as const
type State = (typeof State)[keyof typeof State]

/** Feeds an archive to a sink, chunk by chunk. Throws TAR_INVALID, TAR_TRUNCATED, TAR_LIMIT, TAR_UNSUPPORTED. */
export class TarReader {
  readonly #sink: TarSink
  #state: State = State.HEADER
  /** Bytes left of content, meta record or padding. */
  #left = 0
  #padding = 0
  #metaType = ''
  readonly #header = Buffer.alloc(BLOCK)
  #headerFill = 0
  #meta: Buffer = Buffer.alloc(0)
  #metaFill = 0
  #longPath: string | null = null
  #longTarget: string | null = null
  #pax: Map<string, Buffer> | null = null
  #offset = 0

  constructor(sink: TarSink) {
    this.#sink = sink
  }

  push(chunk: Buffer): void {
    let position = 0
    while (position < chunk.length) {
      switch (this.#state) {
        case State.HEADER:
          position = this.#readHeader(chunk, position)
          break
        case State.BODY: {
          const end = Math.min(position + this.#left, chunk.length)
          this.#sink.data(chunk.subarray(position, end))
          this.#left -= end - position
          position = end
          if (this.#left === 0) this.#endEntry()
          break
        }
        case State.META: {
          const end = Math.min(position + this.#left, chunk.length)
          this.#metaFill += chunk.copy(this.#meta, this.#metaFill, position, end)
          this.#left -= end - position
          position = end
          if (this.#left === 0) this.#endMeta()
          break
        }
        case State.SKIP: {
          const end = Math.min(position + this.#left, chunk.length)
          this.#left -= end - position
          position = end
          if (this.#left === 0) this.#state = State.HEADER
          break
        }
        case State.END:
          // Whatever follows the end marker is padding.
          position = chunk.length
          break
      }
    }
    this.#offset += chunk.length
  }

  /** Call after the last chunk. An archive may lack its end marker, but not end inside an entry. */
  end(): void {
    const clean = this.#state === State.END || (this.#state === State.HEADER && this.#headerFill === 0)
    const dangling = this.#pax !== null || this.#longPath !== null || this.#longTarget !== null
    if (!clean || dangling) {
      throw new StreamError(
        'TAR_TRUNCATED',
        `reading tar: the archive ends inside an entry, after ${this.#offset} bytes`,
      )
    }
  }

  #readHeader(chunk: Buffer, position: number): number {
    // Most headers lie within one chunk: parse them in place.
    if (this.#headerFill === 0 && chunk.length - position >= BLOCK) {
      this.#parseHeader(chunk.subarray(position, position + BLOCK))
      return position + BLOCK
    }
    const copied = chunk.copy(this.#header, this.#headerFill, position)
    this.#headerFill += copied
    if (this.#headerFill === BLOCK) {
      this.#headerFill = 0
      this.#parseHeader(this.#header)
    }
    return position + copied
  }

  #parseHeader(header: Buffer): void {
    if (header[0] === 0 && isZero(header)) {
      this.#state = State.END
      return
    }
    verifyChecksum(header)
    const size = number(header, 124, 12, 'size')
    const type = String.fromCharCode(header[156]!)
    if (type === 'x' || type === 'g' || type === 'L' || type === 'K') this.#startMeta(type, size)
    else this.#startEntry(header, type, size)
  }

  #startMeta(type: string, size: number): void {
    if (size > MAX_META)
      throw new StreamError('TAR_LIMIT', `reading tar: a header of ${size} bytes, more than ${MAX_META}`)
    this.#metaType = type
    this.#meta = Buffer.allocUnsafe(size)
    this.#metaFill = 0
    this.#left = size
    this.#padding = -size & (BLOCK - 1)
    this.#state = State.META
    if (size === 0) this.#endMeta()
  }

  #endMeta(): void {
    switch (this.#metaType) {
      case 'x':
        this.#pax = parsePax(this.#meta)
        break
      case 'L':
        this.#longPath = text(untilNul(this.#meta))
        break
      case 'K':
        this.#longTarget = text(untilNul(this.#meta))
        break
      // 'g', global PAX records: image tools write none, runtimes ignore them, and so do we.
    }
    this.#skipPadding()
  }

  #startEntry(header: Buffer, flag: string, headerSize: number): void {
    const pax = this.#pax
    const record = (key: string): Buffer | undefined => pax?.get(key)
    if (pax !== null) {
      for (const key of pax.keys()) {
        if (key.startsWith('GNU.sparse.'))
          throw new StreamError('TAR_UNSUPPORTED', 'reading tar: sparse files are not supported')
      }
    }
    const path = record('path') ?? null
    const target = record('linkpath') ?? null
    const fullPath = path !== null ? text(path) : (this.#longPath ?? headerPath(header))
    const type = entryType(flag, fullPath)
    const contentSize = decimal(record('size'), 'size') ?? headerSize
    const entry: TarEntry = {
      type,
      path: fullPath,
      target:
        type === 'symlink' || type === 'hardlink'
          ? target !== null
            ? text(target)
            : (this.#longTarget ?? text(field(header, 157, 100)))
          : '',
      mode: number(header, 100, 8, 'mode') & 0o7777,
      uid: id(decimal(record('uid'), 'uid') ?? number(header, 108, 8, 'uid')),
      gid: id(decimal(record('gid'), 'gid') ?? number(header, 116, 8, 'gid')),
      // Links and directories have no content whatever their size field says (as in Go's archive/tar, which runtimes use).
      size: type === 'file' ? contentSize : 0,
      mtime: decimal(record('mtime'), 'mtime') ?? number(header, 136, 12, 'mtime'),
      xattrs: pax === null ? [] : xattrs(pax),
    }
    this.#pax = null
    this.#longPath = null
    this.#longTarget = null
    this.#left = entry.size
    this.#padding = -entry.size & (BLOCK - 1)
    this.#sink.entry(entry)
    this.#state = State.BODY
    if (entry.size === 0) this.#endEntry()
  }

  #endEntry(): void {
    this.#sink.entryEnd()
    this.#skipPadding()
  }

  #skipPadding(): void {
    this.#left = this.#padding
    this.#state = this.#padding === 0 ? State.HEADER : State.SKIP
  }
}

function entryType(flag: string, path: string): TarEntryType {
  switch (flag) {
    case '0':
    case '\0':
    case '7':
      // Archives from before ustar mark directories by the slash only.
      return path.endsWith('/') ? 'directory' : 'file'
    case '1':
      return 'hardlink'
    case '2':
      return 'symlink'
    case '5':
      return 'directory'
    case '3':
    case '4':
    case '6':
      return 'device'
    default:
      throw new StreamError(
        'TAR_UNSUPPORTED',
        `reading tar: "${path}" has type ${JSON.stringify(flag)}, which layers can't have`,
      )
  }
}

function headerPath(header: Buffer): string {
  const name = field(header, 0, 100)
  // GNU archives ("ustar  ") put times where ustar has the prefix.
  const ustar = header.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = ustar ? field(header, 345, 155) : header.subarray(0, 0)
  return prefix.length === 0 ? text(name) : `${text(prefix)}/${text(name)}`
}

function xattrs(pax: Map<string, Buffer>): TarXattr[] {
  const found = new Map<string, Buffer>()
  for (const [key, value] of pax) {
    if (key.startsWith('SCHILY.xattr.')) found.set(key.slice('SCHILY.xattr.'.length), value)
    // What GNU tar --selinux writes; libarchive reads it the same way.
    else if (key === 'RHT.security.selinux') found.set('security.selinux', value)
  }
  return [...found].map(([name, value]) => ({ name, value: Buffer.from(value) }))
}

/** A numeric header field: octal text, or base-256 if the first bit is set. */
function number(header: Buffer, start: number, length: number, what: string): number {
  const first = header[start]!
  let value = 0
  if (first & 0x80) {
    if (first & 0x40) {
      // Negative; only times before 1970 are.
      if (what === 'mtime') return 0
      throw new StreamError('TAR_INVALID', `reading tar: negative ${what}`)
    }
    value = first & 0x3f
    for (let index = 1; index < length; index++) value = value * 256 + header[start + index]!
  } else {
    let index = start
    const end = start + length
    while (index < end && (header[index] === 0x20 || header[index] === 0)) index++
    for (; index < end; index++) {
      const digit = header[index]! - 0x30
      if (digit === -0x10 || digit === -0x30) break
      if (digit < 0 || digit > 7) throw new StreamError('TAR_INVALID', `reading tar: ${what} is not a number`)
      value = value * 8 + digit
    }
  }
  if (!Number.isSafeInteger(value)) throw new StreamError('TAR_INVALID', `reading tar: ${what} is out of range`)
  return value
}

/** A number in a PAX record; fractions (of mtime) are cut off. */
function decimal(value: Buffer | undefined, what: string): number | undefined {
  if (value === undefined) return undefined
  const match = /^(-?)(\d{1,15})(?:\.\d*)?$/.exec(value.toString('latin1'))
  if (match === null || (match[1] === '-' && what !== 'mtime')) {
    throw new StreamError('TAR_INVALID', `reading tar: PAX record ${what} is not a number`)
  }
  return match[1] === '-' ? 0 : Number(match[2])
}

function id(value: number): number {
  if (value > 0xffffffff) throw new StreamError('TAR_INVALID', `reading tar: owner ${value} is out of range`)
  return value
}

function verifyChecksum(header: Buffer): void {
  const want = number(header, 148, 8, 'checksum')
  let unsigned = 8 * 0x20
  for (let index = 0; index < 148; index++) unsigned += header[index]!
  for (let index = 156; index < BLOCK; index++) unsigned += header[index]!
  if (unsigned === want) return
  // Some old writers summed signed bytes.
  let signed = unsigned
  for (let index = 0; index < BLOCK; index++) {
    if ((index < 148 || index >= 156) && header[index]! > 127) signed -= 256
  }
  if (signed !== want) throw new StreamError('TAR_INVALID', `reading tar: header checksum is ${unsigned}, want ${want}`)
}

function isZero(block: Buffer): boolean {
  for (let index = 0; index < block.length; index++) if (block[index] !== 0) return false
  return true
}

function field(header: Buffer, start: number, length: number): Buffer {
  return untilNul(header.subarray(start, start + length))
}

function untilNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}

/** Names must be UTF-8: OSTree's trees can hold no others. */
function text(bytes: Buffer): string {
  if (!isUtf8(bytes))
    throw new StreamError('TAR_INVALID', `reading tar: name ${JSON.stringify(bytes.toString('latin1'))} is not UTF-8`)
  if (bytes.includes(0)) throw new StreamError('TAR_INVALID', 'reading tar: a name contains a NUL')
  return bytes.toString('utf8')
}
