// Writing file objects: the hot path of an import.
//
// Order matters for each: chown takes away setuid bits and file capabilities, writing takes away capabilities too. So: content,
// owner, xattrs, mode, times. What is written in one go has its name from the start, four calls a file; what comes in pieces or waits for
// its xattrs gets the name that makes it an object at the end. An import that ends in between leaves a mark, and the next one
// holds every object against its name (salvage.ts).
import { createHash, hash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import * as fs from 'node:fs'
import { fileHeader, S_IFLNK, S_IFMT, S_IFREG } from './objects.ts'
import type { Checksum, InodeMeta } from './objects.ts'
import { io } from './repo.ts'
import type { Repo } from './repo.ts'
import { setXattrs } from './xattrs.ts'

/** Files up to this size are hashed before a byte is written: objects that exist already cost no write. */
const SMALL_FILE = 1024 * 1024
/** Objects waiting for their xattrs, at most: one setfattr process serves that many. */
const XATTR_BATCH = 512

interface Waiting {
  temporary: string
  sum: Checksum
  meta: InodeMeta
}

/** A file that comes in pieces. */
interface LargeFile {
  fd: number
  path: string
  hash: Hash
}

/** Writes the file objects of one layer. One file at a time: begin, data..., finish. {@link close} always. */
export class ContentWriter {
  /** Objects written; those that existed are not counted. */
  written = 0
  readonly #repo: Repo
  readonly #temporaryFolder: string
  readonly #owner = { uid: process.geteuid!(), gid: process.getegid!() }
  /** Permissions a new file gets if it asks for all: the others need a call. */
  readonly #granted: number
  readonly #headers = new Map<string, Buffer>()
  readonly #waiting: Waiting[] = []
  /** Header and content of a small file, back to back. */
  #small: Buffer = Buffer.allocUnsafe(64 * 1024)
  #serial = 0
  #meta: InodeMeta | null = null
  #headerLength = 0
  #fill = 0
  #large: LargeFile | null = null

  constructor(repo: Repo) {
    this.#repo = repo
    this.#temporaryFolder = repo.makeTemporary()
    this.#granted = io('writing an object', () => grantedMode(this.#temporaryPath()))
  }

  /** Starts a regular file. `meta.mode` has permission bits only. */
  begin(meta: InodeMeta, size: number): void {
    this.#meta = { ...meta, mode: S_IFREG | meta.mode }
    const header = this.#header(this.#meta)
    if (size > SMALL_FILE) {
      const path = this.#temporaryPath()
      io('writing an object', () => {
        this.#large = { fd: fs.openSync(path, 'wx', 0o600), path, hash: createHash('sha256').update(header) }
      })
      return
    }
    if (this.#small.length < header.length + size)
      this.#small = Buffer.allocUnsafe(header.length + Math.max(size, SMALL_FILE))
    header.copy(this.#small)
    this.#headerLength = header.length
    this.#fill = header.length
  }

  data(chunk: Buffer): void {
    if (this.#large === null) {
      this.#fill += chunk.copy(this.#small, this.#fill)
      return
    }
    const { fd, hash: sum } = this.#large
    sum.update(chunk)
    io('writing an object', () => writeAll(fd, chunk))
  }

  /** Ends the file and returns its checksum. With xattrs the object may appear only with {@link flush}. */
  finish(): Checksum {
    const meta = this.#meta!
    this.#meta = null
    const large = this.#large
    this.#large = null
    const sum = large === null ? this.#finishSmall(meta) : this.#finishLarge(large, meta)
    if (this.#waiting.length >= XATTR_BATCH) this.flush()
    return sum
  }

  /** Writes a symlink. Its mode is always 0777: Linux knows no other, and a header that said otherwise would never verify. */
  symlink(meta: InodeMeta, target: string): Checksum {
    const link: InodeMeta = { ...meta, mode: S_IFLNK | 0o777 }
    const sum = hash('sha256', fileHeader(link, target), 'hex')
    if (this.#repo.has(sum, 'file')) return sum
    const path = this.#temporaryPath()
    io('writing a symlink object', () => {
      fs.symlinkSync(target, path)
      if (this.#isForeign(link)) fs.lchownSync(path, link.uid, link.gid)
      if (link.xattrs.length > 0) this.#waiting.push({ temporary: path, sum, meta: link })
      else {
        fs.lutimesSync(path, 0, 0)
        this.#publish(path, sum)
      }
    })
    if (this.#waiting.length >= XATTR_BATCH) this.flush()
    return sum
  }

  /** Completes the objects that wait for their xattrs. Throws XATTR_FAILED. */
  flush(): void {
    const waiting = this.#waiting.splice(0)
    setXattrs(waiting.map(({ temporary, meta }) => ({ path: temporary, xattrs: meta.xattrs })))
    io('writing objects with extended attributes', () => {
      for (const { temporary, sum, meta } of waiting) {
        if ((meta.mode & S_IFMT) === S_IFREG) fs.chmodSync(temporary, meta.mode & 0o7777)
        fs.lutimesSync(temporary, 0, 0)
        this.#publish(temporary, sum)
      }
    })
  }

  /** Removes what is not yet an object, and the temporary folder. */
  close(): void {
    if (this.#large !== null) fs.closeSync(this.#large.fd)
    this.#large = null
    fs.rmSync(this.#temporaryFolder, { recursive: true, force: true })
  }

  #finishSmall(meta: InodeMeta): Checksum {
    const sum = hash('sha256', this.#small.subarray(0, this.#fill), 'hex')
    const content = this.#small.subarray(this.#headerLength, this.#fill)
    if (meta.xattrs.length === 0) this.#create(sum, meta, content)
    else if (!this.#repo.has(sum, 'file')) {
      const temporary = this.#temporaryPath()
      io('writing an object', () => {
        const fd = fs.openSync(temporary, 'wx', 0o600)
        try {
          writeAll(fd, content)
          if (this.#isForeign(meta)) fs.fchownSync(fd, meta.uid, meta.gid)
        } finally {
          fs.closeSync(fd)
        }
      })
      this.#waiting.push({ temporary, sum, meta })
    }
    return sum
  }

  /** Writes an object under its name, unless it is there. */
  #create(sum: Checksum, meta: InodeMeta, content: Buffer): void {
    const path = this.#repo.newObjectPath(sum, 'file')
    io('writing an object', () => {
      const fd = openNew(path, meta.mode & 0o777)
      if (fd === null) return
      try {
        try {
          writeAll(fd, content)
          if (this.#isForeign(meta)) fs.fchownSync(fd, meta.uid, meta.gid)
          if ((meta.mode & 0o7777 & ~this.#granted) !== 0) fs.fchmodSync(fd, meta.mode & 0o7777)
          fs.futimesSync(fd, 0, 0)
        } finally {
          fs.closeSync(fd)
        }
      } catch (error) {
        fs.unlinkSync(path)
        throw error
      }
      this.written++
    })
  }

  #finishLarge({ fd, path, hash: digest }: LargeFile, meta: InodeMeta): Checksum {
    const sum = digest.digest('hex')
    io('writing an object', () => {
      try {
        if (this.#repo.has(sum, 'file')) return fs.unlinkSync(path)
        if (this.#isForeign(meta)) fs.fchownSync(fd, meta.uid, meta.gid)
        if (meta.xattrs.length > 0) return void this.#waiting.push({ temporary: path, sum, meta })
        fs.fchmodSync(fd, meta.mode & 0o7777)
        fs.futimesSync(fd, 0, 0)
        this.#publish(path, sum)
      } finally {
        fs.closeSync(fd)
      }
    })
    return sum
  }

  #isForeign({ uid, gid }: InodeMeta): boolean {
    return uid !== this.#owner.uid || gid !== this.#owner.gid
  }

  #publish(temporary: string, sum: Checksum): void {
    fs.renameSync(temporary, this.#repo.newObjectPath(sum, 'file'))
    this.written++
  }

  /** Few layers have more than a handful of combinations of owner and mode: their headers are made once. */
  #header(meta: InodeMeta): Buffer {
    if (meta.xattrs.length > 0) return fileHeader(meta, '')
    const key = `${meta.uid}:${meta.gid}:${meta.mode}`
    let header = this.#headers.get(key)
    if (header === undefined) this.#headers.set(key, (header = fileHeader(meta, '')))
    return header
  }

  #temporaryPath(): string {
    return `${this.#temporaryFolder}/${(this.#serial++).toString(36)}`
  }
}

/** Permissions that a file at `path`, which must not exist, gets if it asks for all: umask and default ACL decide. */
function grantedMode(path: string): number {
  const fd = fs.openSync(path, 'wx', 0o777)
  try {
    return fs.fstatSync(fd).mode & 0o777
  } finally {
    fs.closeSync(fd)
    fs.unlinkSync(path)
  }
}

/** Null for a file that exists. */
function openNew(path: string, mode: number): number | null {
  try {
    return fs.openSync(path, 'wx', mode)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null
    throw error
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  let position = 0
  while (position < bytes.length) position += fs.writeSync(fd, bytes, position)
}
