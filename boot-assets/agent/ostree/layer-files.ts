// Takes in a derived layer: content becomes objects, names the layer's tree (specification item 2.4).
import type { TarEntry, TarSink } from '../stream/tar.ts'
import { writeLayerCommit } from './commit.ts'
import type { ContentWriter } from './content-writer.ts'
import { OstreeError } from './errors.ts'
import { mapHardlinkTarget, mapPath, normalise, REPO_PREFIX, topLevel } from './filter.ts'
import type { FilterOptions } from './filter.ts'
import { LayerTree } from './layer-tree.ts'
import { S_IFDIR } from './objects.ts'
import type { Checksum } from './objects.ts'
import type { Repo } from './repo.ts'

/** Puts tar entries where they belong. */
export class LayerFiles implements TarSink {
  files = 0
  /** Entries left out, by top-level folder. */
  readonly dropped = new Map<string, number>()
  readonly #tree = new LayerTree()
  readonly #content: ContentWriter
  readonly #filter: FilterOptions
  readonly #touched = new TouchedObjects()
  /** Gets the regular file whose content is coming; null while the content is of a dropped entry or there is none. */
  #open: ((sum: Checksum) => void) | null = null

  constructor(content: ContentWriter, filter: FilterOptions) {
    this.#content = content
    this.#filter = filter
  }

  entry(entry: TarEntry): void {
    const { uid, gid, mode, xattrs } = entry
    if (this.#touched.concerns(entry)) return this.#takeTouched(entry)
    const path = mapPath(entry.path, this.#filter)
    if (path === null) return this.#drop(entry)
    switch (entry.type) {
      case 'directory':
        this.#tree.addDirectory(path, { uid, gid, mode: S_IFDIR | mode, xattrs })
        return
      case 'file':
        this.#begin(entry, entry.xattrs, (sum) => this.#tree.addFile(path, sum, entry))
        break
      case 'symlink':
        if (entry.target === '')
          throw new OstreeError('PATH_INVALID', `layer has a symlink without target: ${entry.path}`)
        this.#tree.addFile(path, this.#content.symlink({ uid, gid, mode, xattrs }, entry.target), entry)
        break
      case 'hardlink':
        this.#tree.addHardlink(path, mapHardlinkTarget(entry.target, this.#filter), entry)
        break
      case 'device':
        throw new OstreeError('FILE_TYPE_UNSUPPORTED', `layer has a device or fifo: ${JSON.stringify(entry.path)}`)
    }
    this.files++
  }

  data(chunk: Buffer): void {
    if (this.#open !== null) this.#content.data(chunk)
  }

  entryEnd(): void {
    if (this.#open === null) return
    const taken = this.#open
    this.#open = null
    taken(this.#content.finish())
  }

  /** Writes the layer's commit, once its bytes were found right and its objects are there. */
  commit(repo: Repo): Checksum {
    return writeLayerCommit(repo, this.#tree.write(repo))
  }

  #begin({ uid, gid, mode, size }: TarEntry, xattrs: TarEntry['xattrs'], taken: (sum: Checksum) => void): void {
    this.#open = taken
    this.#content.begin({ uid, gid, mode, xattrs }, size)
  }

  #takeTouched(entry: TarEntry): void {
    // Of the object only its header counts, as in ostree-ext: extended attributes are not among what build tools keep here.
    if (entry.type === 'file') return this.#begin(entry, [], (sum) => this.#touched.hold(entry, sum))
    const path = mapPath(entry.path, this.#filter)
    if (path === null) return this.#drop(entry)
    const link = this.#touched.link(entry, path)
    if (link === null) return
    if ('file' in link) this.#tree.addFile(path, link.file, link.owner)
    else this.#tree.addHardlink(path, link.target, entry)
    this.files++
  }

  #drop({ path }: TarEntry): void {
    const top = topLevel(path)
    this.dropped.set(top, (this.dropped.get(top) ?? 0) + 1)
  }
}

/**
 * Files of the embedded commit are hardlinks into its repository. A tool that changes one changes the object, and all its names come again
 * as hardlinks to that. The first of them becomes the file, later ones link to it; the object itself is no longer one.
 */
class TouchedObjects {
  /** Objects whose content was seen, by path; then the path of the first name. */
  readonly #held = new Map<string, { file: Checksum; owner: TarEntry }>()
  readonly #first = new Map<string, string>()

  /** Time 0 is that of objects nobody touched. */
  concerns({ type, path, target, mtime }: TarEntry): boolean {
    if (mtime === 0) return false
    if (type === 'file') return isInRepo(path)
    return type === 'hardlink' && isInRepo(target) && !isInRepo(path)
  }

  hold(entry: TarEntry, file: Checksum): void {
    this.#held.set(normalise(entry.path), { file, owner: entry })
  }

  /** What a hardlink to an object stands for; null for one that was not seen. */
  link(
    { target }: TarEntry,
    path: string,
  ): { file: Checksum; owner: { uid: number; gid: number } } | { target: string } | null {
    const object = normalise(target)
    const held = this.#held.get(object)
    if (held !== undefined) {
      this.#held.delete(object)
      this.#first.set(object, path)
      return held
    }
    const first = this.#first.get(object)
    return first === undefined ? null : { target: first }
  }
}

function isInRepo(path: string): boolean {
  return path.includes(REPO_PREFIX) && normalise(path).startsWith(REPO_PREFIX)
}
