// An OSTree repository of mode `bare` on disk: where things lie, refs, metadata objects (specification items 1.3, 1.4).
//
// File calls are synchronous throughout: objects are many and small, and a round trip to the thread pool costs more than
// the call itself.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import { OstreeError } from './errors.ts'
import {
  checksum,
  parseCommit,
  parseDirmeta,
  parseDirtree,
  serialiseCommit,
  serialiseDirmeta,
  serialiseDirtree,
} from './objects.ts'
import type { Checksum, Commit, Directory, DirectoryListing, DirectoryRef, InodeMeta, ObjectKind } from './objects.ts'

// Byte for byte what `ostree init` and bootc's three `ostree config set` calls leave behind.
const CONFIG = `[core]
repo_version=1
mode=bare

[sysroot]
bootloader=none
bootprefix=true
readonly=true
`

const NO_FSYNC = 'fsync=false\n'

const DIRECTORIES = ['objects', 'refs/heads', 'refs/mirrors', 'refs/remotes', 'tmp/cache', 'extensions', 'state']

const TEMPORARY_PREFIX = 'landfall-'

/** A repository at a path. Cheap to make: workers open their own on the same path. */
export class Repo {
  readonly path: string
  /** Folders of objects that are there. */
  readonly #prefixes = new Set<string>()

  private constructor(path: string) {
    this.path = path
  }

  /** Makes a repository, or opens the one that is there. Parent folders are made. Throws REPO_INVALID, REPO_IO. */
  static init(path: string): Repo {
    if (fs.existsSync(join(path, 'config'))) return Repo.open(path)
    return io(`making repository ${path}`, () => {
      for (const directory of DIRECTORIES) makeDirectories(join(path, directory))
      replaceFile(join(path, 'config'), CONFIG)
      return new Repo(path)
    })
  }

  /** Opens a repository; throws REPO_INVALID if it isn't one of mode bare. */
  static open(path: string): Repo {
    let config: string
    try {
      config = fs.readFileSync(join(path, 'config'), 'utf8')
    } catch (cause) {
      throw new OstreeError('REPO_INVALID', `${path} is not an OSTree repository`, { cause })
    }
    if (!/^mode=bare$/m.test(config)) throw new OstreeError('REPO_INVALID', `repository ${path} is not of mode bare`)
    return new Repo(path)
  }

  /**
   * While `work` runs, ostree does not wait for the disk with each folder it writes: whoever asks flushes the file system afterwards.
   * What a process that died within left in the configuration is gone after the next time, too.
   */
  async withoutFsync<T>(work: () => Promise<T>): Promise<T> {
    const path = join(this.path, 'config')
    const usual = fs.readFileSync(path, 'utf8').replace(NO_FSYNC, '')
    replaceFile(path, usual.replace('[core]\n', `[core]\n${NO_FSYNC}`))
    try {
      return await work()
    } finally {
      replaceFile(path, usual)
    }
  }

  objectPath(sum: Checksum, kind: ObjectKind): string {
    return `${this.path}/objects/${sum.slice(0, 2)}/${sum.slice(2)}.${kind}`
  }

  /** Where an object is to be written: its folder is there afterwards. */
  newObjectPath(sum: Checksum, kind: ObjectKind): string {
    const prefix = sum.slice(0, 2)
    if (!this.#prefixes.has(prefix)) {
      io('making a folder of objects', () => makeDirectories(`${this.path}/objects/${prefix}`))
      this.#prefixes.add(prefix)
    }
    return this.objectPath(sum, kind)
  }

  has(sum: Checksum, kind: ObjectKind): boolean {
    return fs.lstatSync(this.objectPath(sum, kind), { throwIfNoEntry: false }) !== undefined
  }

  /** Whether there are no objects. */
  get isEmpty(): boolean {
    return this.objects().next().done === true
  }

  /** All objects, in no order that means anything. */
  *objects(): Generator<{ sum: Checksum; kind: ObjectKind }> {
    for (const prefix of fs.readdirSync(`${this.path}/objects`)) {
      for (const name of fs.readdirSync(`${this.path}/objects/${prefix}`)) {
        const [rest = '', kind = ''] = name.split('.', 2)
        yield { sum: prefix + rest, kind: kind as ObjectKind }
      }
    }
  }

  removeObject(sum: Checksum, kind: ObjectKind): void {
    io(`removing object ${sum}.${kind}`, () => fs.rmSync(this.objectPath(sum, kind), { force: true }))
  }

  /** A fresh folder below `tmp/`; who asks removes it. */
  makeTemporary(): string {
    return io('making a temporary folder', () => fs.mkdtempSync(join(this.path, 'tmp', TEMPORARY_PREFIX)))
  }

  /** Removes temporary folders whose makers are gone. Nobody may be writing. */
  removeTemporaries(): void {
    io('removing temporary folders', () => {
      const tmp = join(this.path, 'tmp')
      for (const name of fs.readdirSync(tmp)) {
        if (name.startsWith(TEMPORARY_PREFIX)) fs.rmSync(join(tmp, name), { recursive: true, force: true })
      }
    })
  }

  writeDirmeta(meta: InodeMeta): Checksum {
    return this.#writeMetadata('dirmeta', serialiseDirmeta(meta))
  }

  writeDirtree(directory: DirectoryListing): Checksum {
    return this.#writeMetadata('dirtree', serialiseDirtree(directory))
  }

  writeCommit(commit: Commit): Checksum {
    return this.#writeMetadata('commit', serialiseCommit(commit))
  }

  /**
   * Stores a metadata object as it came, if its bytes hash to its name; a `commitmeta` is named after its commit and not hashed.
   * Throws CHUNK_INVALID.
   */
  storeMetadata(sum: Checksum, kind: Exclude<ObjectKind, 'file'>, bytes: Buffer): void {
    if (kind !== 'commitmeta') {
      const got = checksum(bytes)
      if (got !== sum) throw new OstreeError('CHUNK_INVALID', `verifying object ${sum}.${kind}: got ${got}`)
    }
    if (!this.has(sum, kind)) this.#replaceObject(sum, kind, bytes)
  }

  readDirmeta(sum: Checksum): InodeMeta {
    return parseDirmeta(this.#readMetadata('dirmeta', sum))
  }

  readDirtree(sum: Checksum): Directory {
    return parseDirtree(this.#readMetadata('dirtree', sum))
  }

  readCommit(sum: Checksum): Commit {
    return parseCommit(this.#readMetadata('commit', sum))
  }

  /** The file object at a path of a tree; null if there is none. Symlinks on the way are not followed. */
  findFile(root: DirectoryRef, path: string): Checksum | null {
    const names = path.split('/')
    const name = names.pop()!
    let tree = root.tree
    for (const part of names) {
      const next = this.readDirtree(tree).directories.get(part)
      if (next === undefined) return null
      tree = next.tree
    }
    return this.readDirtree(tree).files.get(name) ?? null
  }

  /** Inode of a file object. Throws OBJECT_MISSING. */
  statFile(sum: Checksum): fs.Stats {
    const stat = fs.lstatSync(this.objectPath(sum, 'file'), { throwIfNoEntry: false })
    if (stat === undefined) throw new OstreeError('OBJECT_MISSING', `object ${sum}.file is not in the repository`)
    return stat
  }

  /** Points `ref`, e.g. `ostree/container/blob/...`, to a commit. */
  setRef(ref: string, commit: Checksum): void {
    const path = join(this.path, 'refs/heads', ref)
    io(`writing ref ${ref}`, () => {
      makeDirectories(dirname(path))
      replaceFile(path, `${commit}\n`)
    })
  }

  /** The commit `ref` points to, or null if there is no such ref or its commit object is gone. */
  resolveRef(ref: string): Checksum | null {
    let text: string
    try {
      text = fs.readFileSync(join(this.path, 'refs/heads', ref), 'latin1').trim()
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null
      throw asRepoError(`reading ref ${ref}`, cause)
    }
    return /^[0-9a-f]{64}$/.test(text) && this.has(text, 'commit') ? text : null
  }

  /** Writes everything of this file system to the disk: one flush for all objects instead of one for each. */
  async sync(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const child = spawn('sync', ['--file-system', this.path], { stdio: 'ignore' })
      child.on('error', (cause) => reject(asRepoError('flushing the repository', cause)))
      child.on('close', (code) =>
        code === 0
          ? resolve()
          : reject(new OstreeError('REPO_IO', `flushing the repository: sync exited with ${code}`)),
      )
    })
  }

  #writeMetadata(kind: ObjectKind, bytes: Buffer): Checksum {
    const sum = checksum(bytes)
    if (!this.has(sum, kind)) this.#replaceObject(sum, kind, bytes)
    return sum
  }

  #replaceObject(sum: Checksum, kind: ObjectKind, bytes: Buffer): void {
    const path = this.newObjectPath(sum, kind)
    io(`writing object ${sum}.${kind}`, () => replaceFile(path, bytes))
  }

  #readMetadata(kind: ObjectKind, sum: Checksum): Buffer {
    try {
      return fs.readFileSync(this.objectPath(sum, kind))
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw asRepoError(`reading object ${sum}.${kind}`, cause)
      throw new OstreeError('OBJECT_MISSING', `object ${sum}.${kind} is not in the repository`, { cause })
    }
  }
}

/** Runs file calls and turns their failures into NO_SPACE or REPO_IO. */
export function io<T>(doing: string, calls: () => T): T {
  try {
    return calls()
  } catch (cause) {
    throw asRepoError(doing, cause)
  }
}

function asRepoError(doing: string, cause: unknown): OstreeError {
  if (cause instanceof OstreeError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new OstreeError('NO_SPACE', `${doing}: the file system is full`, { cause })
  }
  return new OstreeError('REPO_IO', `${doing}: ${message}`, { cause })
}

// chmod after mkdir and open: the result must not depend on the process's umask.
function makeDirectories(path: string): void {
  if (fs.existsSync(path)) return
  makeDirectories(dirname(path))
  try {
    fs.mkdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    throw error
  }
  fs.chmodSync(path, 0o755)
}

function replaceFile(path: string, content: string | Buffer): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  try {
    const fd = fs.openSync(temporary, 'wx', 0o644)
    try {
      fs.writeFileSync(fd, content)
      fs.fchmodSync(fd, 0o644)
    } finally {
      fs.closeSync(fd)
    }
    fs.renameSync(temporary, path)
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
}
