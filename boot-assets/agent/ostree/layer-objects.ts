// Takes in a commit or chunk layer: a repository of mode bare-split-xattrs inside of a tar archive (specification item 2.3).
//
// The rest of such an archive, the same files under their own names, is for container runtimes.
import type { TarEntry, TarSink } from '../stream/tar.ts'
import { writeChunkCommit } from './commit.ts'
import type { ContentWriter } from './content-writer.ts'
import { OstreeError } from './errors.ts'
import { normalise, REPO_PREFIX } from './filter.ts'
import { checksum, parseXattrs } from './objects.ts'
import type { Checksum, ObjectKind, Xattr } from './objects.ts'
import type { Repo } from './repo.ts'

const MAX_METADATA = 10 * 1024 * 1024
const MAX_XATTRS = 1024 * 1024
/** All sets of extended attributes of one layer together: there are a few hundred of them, of some fifty bytes. */
const MAX_XATTRS_OF_LAYER = 16 * 1024 * 1024

type MetadataKind = Exclude<ObjectKind, 'file'>

/** `objects/ab/<62 digits>.<suffix>`; format 0 has the two suffixes `.file.xattrs`. */
const OBJECT = /^objects\/([0-9a-f]{2})\/([0-9a-f]{62})\.(file\.xattrs|[a-z-]+)$/
/** Format 0: content of a set of attributes. */
const XATTRS = /^xattrs\/([0-9a-f]{64})$/

/** Writes the objects of one layer, each held against its name. */
export class LayerObjects implements TarSink {
  /** File objects seen. */
  files = 0
  readonly dropped = new Map<string, number>()
  readonly #repo: Repo
  readonly #content: ContentWriter
  readonly #role: 'commit' | 'chunk'
  readonly #xattrs = new Map<Checksum, readonly Xattr[]>()
  #xattrBytes = 0
  /** The attributes that the next file object gets: they stand right before it. */
  #next: { file: Checksum; xattrs: Checksum } | null = null
  readonly #objects = new Set<Checksum>()
  #commit: { sum: Checksum; bytes: Buffer } | null = null
  /** Receives the content that is coming; null while nobody wants it. */
  #open: { data: (chunk: Buffer) => void; end: () => void } | null = null

  constructor(repo: Repo, content: ContentWriter, role: 'commit' | 'chunk') {
    this.#repo = repo
    this.#content = content
    this.#role = role
  }

  entry(entry: TarEntry): void {
    if (entry.type === 'directory' || !entry.path.includes(REPO_PREFIX)) return
    const path = normalise(entry.path)
    if (!path.startsWith(REPO_PREFIX)) return
    const inside = path.slice(REPO_PREFIX.length)
    const xattrs = XATTRS.exec(inside)
    if (xattrs !== null) return this.#takeXattrs(entry, (sum) => expectSum(sum, xattrs[1]!, path))
    // config, refs and what else a repository has besides objects.
    if (!inside.startsWith('objects/')) return
    const [, prefix, rest, suffix] = OBJECT.exec(inside) ?? []
    if (suffix === undefined) throw invalid(`layer has ${path}, which is no object`)
    this.#object(entry, `${prefix}${rest}`, suffix)
  }

  data(chunk: Buffer): void {
    this.#open?.data(chunk)
  }

  entryEnd(): void {
    const open = this.#open
    this.#open = null
    open?.end()
  }

  /**
   * Writes the layer's commit, once its bytes were found right and its objects are there: the embedded one of a commit layer, for a chunk one
   * that keeps its objects.
   */
  commit(repo: Repo): Checksum {
    if (this.#next !== null) throw invalid(`layer has attributes of ${this.#next.file}, but not that file`)
    if (this.#role === 'chunk') return writeChunkCommit(repo, this.#objects)
    if (this.#commit === null) throw invalid('the first layer of the image has no commit object')
    repo.storeMetadata(this.#commit.sum, 'commit', this.#commit.bytes)
    return this.#commit.sum
  }

  #object(entry: TarEntry, sum: Checksum, suffix: string): void {
    switch (suffix) {
      case 'file':
        return this.#file(entry, sum)
      case 'file-xattrs':
        return this.#takeXattrs(entry, (got) => expectSum(got, sum, entry.path))
      case 'file-xattrs-link':
        if (entry.type === 'hardlink') return this.#announce(sum, attributesOf(entry.target))
        return this.#takeXattrs(entry, (got) => this.#announce(sum, got))
      case 'file.xattrs':
        if (entry.type !== 'hardlink') throw invalid(`layer has ${entry.path}, which should be a hardlink`)
        return this.#announce(sum, attributesOf(entry.target))
      case 'commit':
      case 'commitmeta':
      case 'dirtree':
      case 'dirmeta':
        return this.#metadata(entry, sum, suffix)
      default:
        throw invalid(`layer has an object of unknown kind: ${entry.path}`)
    }
  }

  #metadata(entry: TarEntry, sum: Checksum, kind: MetadataKind): void {
    if (this.#role === 'chunk') throw invalid(`layer has ${sum}.${kind}, but only files belong into it`)
    if (kind === 'commit') {
      if (this.#commit !== null) throw invalid('layer has two commit objects')
      return this.#collect(entry, MAX_METADATA, (bytes) => (this.#commit = { sum, bytes }))
    }
    if (this.#commit === null) throw invalid(`layer has ${sum}.${kind} before its commit object`)
    if (kind === 'commitmeta' && sum !== this.#commit.sum)
      throw invalid(`layer has ${sum}.commitmeta of another commit`)
    this.#collect(entry, MAX_METADATA, (bytes) => this.#repo.storeMetadata(sum, kind, bytes))
  }

  #file(entry: TarEntry, sum: Checksum): void {
    const next = this.#next
    this.#next = null
    if (next?.file !== sum) throw invalid(`layer has ${sum}.file without its attributes right before it`)
    if (this.#role === 'chunk' && this.#objects.has(sum)) throw invalid(`layer has ${sum}.file twice`)
    this.#objects.add(sum)
    this.files++
    const xattrs = this.#xattrs.get(next.xattrs)
    if (xattrs === undefined) throw invalid(`layer has no attributes ${next.xattrs}, which ${sum}.file refers to`)
    if (this.#repo.has(sum, 'file')) return
    const { uid, gid, mode } = entry
    const meta = { uid, gid, mode, xattrs }
    if (entry.type === 'symlink') return expectSum(this.#content.symlink(meta, entry.target), sum, entry.path)
    if (entry.type !== 'file') throw invalid(`layer has ${sum}.file as a ${entry.type}`)
    this.#content.begin(meta, entry.size)
    this.#open = {
      data: (chunk) => this.#content.data(chunk),
      end: () => expectSum(this.#content.finish(), sum, entry.path),
    }
  }

  /** Notes the attributes of the file object that comes next. */
  #announce(file: Checksum, xattrs: Checksum): void {
    if (this.#next !== null) throw invalid(`layer has attributes of ${this.#next.file}, but not that file`)
    this.#next = { file, xattrs }
  }

  #takeXattrs(entry: TarEntry, taken: (sum: Checksum) => void): void {
    this.#collect(entry, MAX_XATTRS, (bytes) => {
      const sum = checksum(bytes)
      taken(sum)
      if (this.#xattrs.has(sum)) return
      this.#xattrBytes += bytes.length
      if (this.#xattrBytes > MAX_XATTRS_OF_LAYER) throw invalid('layer has more than 16 MiB of extended attributes')
      this.#xattrs.set(sum, parseXattrs(bytes))
    })
  }

  #collect({ type, path, size }: TarEntry, limit: number, taken: (bytes: Buffer) => void): void {
    if (type !== 'file') throw invalid(`layer has ${path} as a ${type}, want a regular file`)
    if (size > limit) throw invalid(`layer has ${path} of ${size} bytes, more than ${limit}`)
    const bytes = Buffer.alloc(size)
    let fill = 0
    this.#open = { data: (chunk) => void (fill += chunk.copy(bytes, fill)), end: () => taken(bytes) }
  }
}

/** The set of attributes that a hardlink leads to. */
function attributesOf(target: string): Checksum {
  // Relative to the archive, or in format 0 to the link itself.
  const inside = target.replace(/^(?:.*\/)?(?=(?:objects|xattrs)\/)/, '')
  const [, prefix, rest, suffix] = OBJECT.exec(inside) ?? []
  const sum = suffix === 'file-xattrs' ? `${prefix}${rest}` : XATTRS.exec(inside)?.[1]
  if (sum === undefined) throw invalid(`layer has a hardlink to ${target}, which are no attributes`)
  return sum
}

function expectSum(got: Checksum, want: Checksum, path: string): void {
  if (got !== want) throw invalid(`verifying ${path}: got ${got}`)
}

function invalid(message: string): OstreeError {
  return new OstreeError('CHUNK_INVALID', message)
}
