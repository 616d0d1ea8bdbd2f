// The tree one layer's entries add up to, as `ostree commit --tree=tar --tar-autocreate-parents` builds it
// (ostree-repo-libarchive.c), oddities included: the same layer must become the same commit.
import { OstreeError } from './errors.ts'
import { S_IFDIR } from './objects.ts'
import type { Checksum, DirectoryRef, InodeMeta } from './objects.ts'
import type { Repo } from './repo.ts'

/**
 * What a tree may take of a worker's heap (layer-pool.ts), in bytes: about a million files, which no system has. And what each kind of entry
 * takes beside its name, measured.
 */
const ROOM = 96 * 2 ** 20
const COST = { file: 80, directory: 640, hardlink: 320 }

interface Node {
  /** Each file's place among the checksums. */
  files: Map<string, number>
  directories: Map<string, Node>
  meta: InodeMeta | null
}

/**
 * Collects a layer's entries in archive order. Paths are those of mapPath: relative, normalised, `''` for the root. Throws PATH_CONFLICT, and
 * TOO_MANY_FILES where a tree would not fit into memory.
 */
export class LayerTree {
  readonly #root: Node = newNode()
  readonly #sums = new Checksums()
  #room = ROOM
  /** They get their target's file at the end, whatever became of it meanwhile. */
  readonly #hardlinks: { path: string; parent: Node; name: string; target: string }[] = []

  addDirectory(path: string, meta: InodeMeta): void {
    if (path === '') {
      this.#root.meta = meta
      return
    }
    const [parent, name] = this.#parent(path, meta)
    if (parent.files.has(name)) throw conflict(path)
    const node = parent.directories.get(name) ?? this.#addNode(parent, name)
    node.meta = meta
  }

  /** `owner` is the entry's; missing parents get it too. */
  addFile(path: string, sum: Checksum, owner: { uid: number; gid: number }): void {
    const [parent, name] = this.#parent(path, owner)
    this.#take(COST.file, name)
    replace(parent, own(name), this.#sums.add(sum), path)
  }

  addHardlink(path: string, target: string, owner: { uid: number; gid: number }): void {
    const [parent, name] = this.#parent(path, owner)
    this.#take(COST.hardlink, path)
    this.#hardlinks.push({ path, parent, name, target })
  }

  /** Resolves the hardlinks and writes dirmeta and dirtree objects. Throws HARDLINK_TARGET_MISSING. */
  write(repo: Repo): DirectoryRef {
    const targets = new Map(this.#hardlinks.map(({ path, target }) => [path, target]))
    const files = this.#hardlinks.map(({ target }) => this.#resolve(target, targets))
    this.#hardlinks.forEach(({ path, parent, name }, index) => replace(parent, name, files[index]!, path))
    return this.#write(repo, this.#root)
  }

  /** Parent node and name. Throws PATH_CONFLICT where a file is in the way. */
  #parent(path: string, owner: { uid: number; gid: number }): [Node, string] {
    if (path === '') throw new OstreeError('PATH_CONFLICT', 'layer has a file where the root directory is')
    const parts = path.split('/')
    const name = parts.pop()!
    let node: Node | undefined = this.#root
    for (const part of parts) {
      node = node.directories.get(part)
      if (node === undefined) return [this.#createParents(parts, owner), name]
    }
    return [node, name]
  }

  // libostree walks from the root again and sets the made-up metadata on every directory on the way, also on those that
  // had their own from the archive; only an entry that comes later repairs them.
  #createParents(parts: string[], { uid, gid }: { uid: number; gid: number }): Node {
    const meta: InodeMeta = { uid, gid, mode: S_IFDIR | 0o755, xattrs: [] }
    let node = this.#root
    node.meta = meta
    for (const part of parts) {
      if (node.files.has(part)) throw conflict(parts.join('/'))
      const next = node.directories.get(part) ?? this.#addNode(node, part)
      next.meta = meta
      node = next
    }
    return node
  }

  #addNode(parent: Node, name: string): Node {
    this.#take(COST.directory, name)
    const node = newNode()
    parent.directories.set(own(name), node)
    return node
  }

  #take(bytes: number, name: string): void {
    this.#room -= bytes + name.length
    if (this.#room >= 0) return
    throw new OstreeError(
      'TOO_MANY_FILES',
      `layer has more files and folders than fit into memory: ${this.#sums.count} files so far`,
    )
  }

  #write(repo: Repo, node: Node): DirectoryRef {
    const directories = new Map<string, DirectoryRef>()
    for (const [name, child] of node.directories) directories.set(name, this.#write(repo, child))
    const files = { keys: () => node.files.keys(), get: (name: string) => this.#sums.at(node.files.get(name)!) }
    // Only a root that no entry and no missing parent touched has no metadata of its own.
    const meta = node.meta ?? { uid: 0, gid: 0, mode: S_IFDIR | 0o755, xattrs: [] }
    return { tree: repo.writeDirtree({ files, directories }), meta: repo.writeDirmeta(meta) }
  }

  /** The file at `target`, through links to links if need be. */
  #resolve(target: string, targets: ReadonlyMap<string, string>): number {
    const seen = new Set<string>()
    for (let path: string | undefined = target; path !== undefined && !seen.has(path); path = targets.get(path)) {
      const sum = this.#file(path)
      if (sum !== undefined) return sum
      seen.add(path)
    }
    throw new OstreeError(
      'HARDLINK_TARGET_MISSING',
      `layer has a hardlink to ${JSON.stringify(target)}, which is not in it`,
    )
  }

  #file(path: string): number | undefined {
    const parts = path.split('/')
    const name = parts.pop()!
    let node: Node | undefined = this.#root
    for (const part of parts) node = node?.directories.get(part)
    return node?.files.get(name)
  }
}

function newNode(): Node {
  return { files: new Map(), directories: new Map(), meta: null }
}

function replace(parent: Node, name: string, file: number, path: string): void {
  if (parent.directories.has(name)) throw conflict(path)
  parent.files.set(name, file)
}

function conflict(path: string): OstreeError {
  return new OstreeError('PATH_CONFLICT', `layer has ${JSON.stringify(path)} as a file and as a directory`)
}

/** A part of a path keeps all of it in memory. */
function own(name: string): string {
  return Buffer.from(name).toString()
}

/** Checksums in 32 bytes each; as text they would take five times that. */
class Checksums {
  count = 0
  #bytes = Buffer.allocUnsafeSlow(1024 * 32)

  /** Where it is from now on. */
  add(sum: Checksum): number {
    if (this.count * 32 === this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(this.#bytes.length * 2)
      this.#bytes.copy(larger)
      this.#bytes = larger
    }
    this.#bytes.write(sum, this.count * 32, 'hex')
    return this.count++
  }

  at(index: number): Checksum {
    return this.#bytes.toString('hex', index * 32, index * 32 + 32)
  }
}
