// A commit's tree as a folder of hardlinks to its objects, as `ostree checkout -H` makes it.
import { hash } from 'node:crypto'
import * as fs from 'node:fs'
import { OstreeError } from './errors.ts'
import { fileHeader, S_IFMT, S_IFREG } from './objects.ts'
import type { Checksum, DirectoryRef, InodeMeta } from './objects.ts'
import { io } from './repo.ts'
import type { Repo } from './repo.ts'
import { setXattrs } from './xattrs.ts'
import type { XattrTarget } from './xattrs.ts'

const XATTR_BATCH = 512

/** Whether a file is to be checked out, by its path in the tree, e.g. `usr/bin/true`. */
export type Wanted = (path: string) => boolean

/**
 * Checks out `commit` into `destination`, which must not exist and must be on the repository's file system. With `wanted` only those files,
 * and the folders they are in.
 *
 * Files are links to objects: whoever writes into one in place, or changes its owner, mode or label, corrupts the repository.
 * Empty files are copies, since one object may stand for more of them than an inode can have links.
 */
export function checkoutTree(repo: Repo, commit: Checksum, destination: string, wanted?: Wanted): void {
  const checkout = new Checkout(repo, destination, wanted)
  checkout.directory(repo.readCommit(commit).root, '')
  checkout.flush()
}

class Checkout {
  readonly #repo: Repo
  readonly #destination: string
  readonly #wanted: Wanted | undefined
  readonly #metas = new Map<Checksum, InodeMeta>()
  readonly #waiting: XattrTarget[] = []

  constructor(repo: Repo, destination: string, wanted: Wanted | undefined) {
    this.#repo = repo
    this.#destination = destination
    this.#wanted = wanted
  }

  /** `below` is its path in the tree, with a slash at the end; `makeParent` sees to the folder that it is in. */
  directory(ref: DirectoryRef, below: string, makeParent = (): void => {}): void {
    const meta = this.#meta(ref.meta)
    const { files, directories } = this.#repo.readDirtree(ref.tree)
    const path = `${this.#destination}/${below}`
    let isMade = false
    const make = (): void => {
      if (isMade) return
      makeParent()
      fs.mkdirSync(path, 0o700)
      isMade = true
    }
    io(`checking out ${path}`, () => {
      if (this.#wanted === undefined) make()
      for (const [name, sum] of files) {
        if (this.#wanted?.(below + name) === false) continue
        make()
        this.#file(sum, path + safe(name))
      }
    })
    for (const [name, child] of directories) this.directory(child, `${below}${safe(name)}/`, make)
    if (!isMade) return
    io(`checking out ${path}`, () => {
      fs.chownSync(path, meta.uid, meta.gid)
      fs.chmodSync(path, meta.mode & 0o7777)
      fs.utimesSync(path, 0, 0)
    })
    if (meta.xattrs.length > 0) this.#waiting.push({ path, xattrs: meta.xattrs })
    if (this.#waiting.length >= XATTR_BATCH) this.flush()
  }

  /** Sets the xattrs of directories seen so far. */
  flush(): void {
    setXattrs(this.#waiting.splice(0))
  }

  #file(sum: Checksum, path: string): void {
    const stat = this.#repo.statFile(sum)
    const object = this.#repo.objectPath(sum, 'file')
    if ((stat.mode & S_IFMT) === S_IFREG && stat.size === 0 && isPlain(sum, stat)) {
      const fd = fs.openSync(path, 'wx', 0o600)
      try {
        fs.fchownSync(fd, stat.uid, stat.gid)
        fs.fchmodSync(fd, stat.mode & 0o7777)
        fs.futimesSync(fd, 0, 0)
      } finally {
        fs.closeSync(fd)
      }
    } else fs.linkSync(object, path)
  }

  #meta(sum: Checksum): InodeMeta {
    let meta = this.#metas.get(sum)
    if (meta === undefined) this.#metas.set(sum, (meta = this.#repo.readDirmeta(sum)))
    return meta
  }
}

/** Whether an empty file has no xattrs. Node can't read them, but the object's checksum covers them. */
function isPlain(sum: Checksum, { uid, gid, mode }: fs.Stats): boolean {
  return hash('sha256', fileHeader({ uid, gid, mode, xattrs: [] }, ''), 'hex') === sum
}

function safe(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) {
    throw new OstreeError('OBJECT_INVALID', `a tree object has the name ${JSON.stringify(name)}`)
  }
  return name
}
