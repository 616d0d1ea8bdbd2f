// Layers laid over each other, as libostree's union checkout with whiteouts does (specification item 2.5,
// ostree-repo-checkout.c), but on dirtree objects: no file is touched, and subtrees only one layer has are taken whole.
import { OstreeError } from './errors.ts'
import { S_IFLNK, S_IFMT, S_IFREG } from './objects.ts'
import type { Checksum, DirectoryRef } from './objects.ts'
import type { Repo } from './repo.ts'

const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'

/** A container runtime's bind mounts leave these behind as empty files (containers/buildah#4242). */
const RUNTIME_INJECTED = ['usr/etc/hostname', 'usr/etc/resolv.conf']

/** A directory of the merged tree: an object as it is, until something below changes. */
interface MergedDirectory {
  meta: Checksum
  /** Checksum of the dirtree object, null once changed. */
  tree: Checksum | null
  /** Absent while nobody needed to look inside. */
  content: { files: Map<string, Checksum>; directories: Map<string, MergedDirectory> } | null
}

/**
 * Merges layer trees, lowest first, onto the tree of the embedded commit, if there is one, and writes the result. Returns its root. At
 * least one of them. The base is taken as it is: names that look like whiteouts are files there.
 */
export function mergeLayers(
  repo: Repo,
  layers: readonly DirectoryRef[],
  base: DirectoryRef | null = null,
): DirectoryRef {
  const merge = new Merge(repo)
  let root: MergedDirectory | undefined = base === null ? undefined : { ...base, content: null }
  for (const layer of layers) root = merge.overlay(root, layer)
  if (root === undefined) throw new OstreeError('IMAGE_INVALID', 'the image has no layers')
  for (const path of RUNTIME_INJECTED) merge.removeIfEmpty(root, path)
  return merge.write(root)
}

/** Throws OBJECT_MISSING unless every object of a tree is there: an image's chunks may not add up to its commit. */
export function requireTree(repo: Repo, root: DirectoryRef): void {
  const seen = new Set<Checksum>()
  const walk = ({ tree, meta }: DirectoryRef): void => {
    if (!seen.has(meta)) repo.readDirmeta(meta)
    seen.add(meta)
    if (seen.has(tree)) return
    seen.add(tree)
    const { files, directories } = repo.readDirtree(tree)
    for (const sum of files.values()) repo.statFile(sum)
    for (const directory of directories.values()) walk(directory)
  }
  walk(root)
}

class Merge {
  readonly #repo: Repo
  /** Whether there are whiteouts at or below a dirtree, by checksum. */
  readonly #whiteouts = new Map<Checksum, boolean>()

  constructor(repo: Repo) {
    this.#repo = repo
  }

  /** `lower` is changed and returned, unless the upper directory replaces it. */
  overlay(lower: MergedDirectory | undefined, upper: DirectoryRef): MergedDirectory {
    const { files, directories } = this.#repo.readDirtree(upper.tree)
    const fresh = lower === undefined || files.has(OPAQUE)
    if (fresh && !this.#hasWhiteouts(upper.tree)) return { meta: upper.meta, tree: upper.tree, content: null }
    // A directory that exists already keeps owner, mode and xattrs: the lowest layer's count.
    const merged = fresh ? { meta: upper.meta, tree: null, content: null } : lower
    const content = this.#open(merged)
    merged.tree = null
    for (const [name, file] of files) {
      if (name.startsWith(WHITEOUT) && !this.#isSymlink(file)) {
        const hidden = name.slice(WHITEOUT.length)
        if (hidden === '' || hidden === '.' || hidden === '..') {
          throw new OstreeError('WHITEOUT_INVALID', `layer has a whiteout of nothing: ${JSON.stringify(name)}`)
        }
        content.files.delete(hidden)
        content.directories.delete(hidden)
      } else {
        content.directories.delete(name)
        content.files.set(name, file)
      }
    }
    for (const [name, directory] of directories) {
      content.files.delete(name)
      content.directories.set(name, this.overlay(content.directories.get(name), directory))
    }
    return merged
  }

  removeIfEmpty(root: MergedDirectory, path: string): void {
    const names = path.split('/')
    const name = names.pop()!
    const way = [root]
    for (const part of names) {
      const next = this.#open(way.at(-1)!).directories.get(part)
      if (next === undefined) return
      way.push(next)
    }
    const content = this.#open(way.at(-1)!)
    const file = content.files.get(name)
    if (file === undefined) return
    const { mode, size } = this.#repo.statFile(file)
    if ((mode & S_IFMT) !== S_IFREG || size > 0) return
    content.files.delete(name)
    for (const directory of way) directory.tree = null
  }

  /** Writes changed directories as objects. */
  write(directory: MergedDirectory): DirectoryRef {
    const { meta, content } = directory
    if (directory.tree !== null) return { tree: directory.tree, meta }
    const directories = new Map<string, DirectoryRef>()
    for (const [name, child] of content!.directories) directories.set(name, this.write(child))
    return { tree: this.#repo.writeDirtree({ files: content!.files, directories }), meta }
  }

  #open(directory: MergedDirectory): NonNullable<MergedDirectory['content']> {
    if (directory.content !== null) return directory.content
    const { files, directories } =
      directory.tree === null ? { files: new Map(), directories: new Map() } : this.#repo.readDirtree(directory.tree)
    const children = new Map<string, MergedDirectory>()
    for (const [name, { tree, meta }] of directories) children.set(name, { meta, tree, content: null })
    return (directory.content = { files, directories: children })
  }

  #hasWhiteouts(tree: Checksum): boolean {
    let found = this.#whiteouts.get(tree)
    if (found === undefined) {
      const { files, directories } = this.#repo.readDirtree(tree)
      found =
        [...files.keys()].some((name) => name.startsWith(WHITEOUT)) ||
        [...directories.values()].some((directory) => this.#hasWhiteouts(directory.tree))
      this.#whiteouts.set(tree, found)
    }
    return found
  }

  #isSymlink(file: Checksum): boolean {
    return (this.#repo.statFile(file).mode & S_IFMT) === S_IFLNK
  }
}
