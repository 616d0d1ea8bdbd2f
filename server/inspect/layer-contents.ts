// Takes a layer's entries in and keeps what tells what the image is: names, small texts, lists of packages.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { readsEntries } from '../../boot-assets/agent/boot/grub-config.ts'
import type { LayerFacts } from '../contract/layer-facts.ts'
import { normalise, REPO_PREFIX } from '../../boot-assets/agent/ostree/filter.ts'
import type { TarEntry, TarSink } from '../../boot-assets/agent/stream/tar.ts'
import { readDpkgStatus } from './dpkg-status.ts'
import { LayerNames } from './layer-names.ts'
import { readRpmDatabase } from './rpm-database.ts'
import { MAX_TELLING_BYTES, mayHoldTelling, tellingOf } from './telling-files.ts'
import type { Telling } from './telling-files.ts'

/** Of one layer; a system has some hundred. */
const MAX_KEPT = 5_000
/** Of all texts that are kept: links can give one of them many names. */
const MAX_TEXTS_LENGTH = 4 * 2 ** 20
const MAX_REMOVED = 5_000
const MAX_DATABASES = 4

/** What stands for the text of a GRUB that starts boot entries under Secure Boot. */
export const READS_ENTRIES = 'reads entries'

const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'
const SQLITE = 'SQLite format 3\0'
const DPKG = 'Package: '

/** What is remembered of the file that is passing: its bytes, or that they are in the spool. */
interface Passing {
  /** Undefined until the first bytes of a file tell, whose names come after it. */
  telling: Telling | undefined
  size: number
  chunks: Buffer[]
  spooled: boolean
}

type Database = LayerFacts['databases'][number]

export class LayerContents implements TarSink {
  readonly entries = { files: 0, directories: 0, links: 0, removals: 0 }
  readonly kept = new Map<string, LayerFacts['kept'][number]>()
  readonly removed: string[] = []
  readonly databases: Database[] = []
  readonly #names = new LayerNames()
  readonly #spoolFile: string
  #textsLength = 0
  #spool: number | undefined
  #passing: Passing | undefined
  /** Called at the end of the file that is passing. */
  #taken: ((passing: Passing) => void) | undefined
  /** Content of an embedded OSTree commit: its names come right after, as hardlinks. */
  #object: { path: string; content: Passing } | undefined

  /** `spoolFile` is a path where a database can lie until it was read. */
  constructor(spoolFile: string) {
    this.#spoolFile = spoolFile
  }

  /** Throws what {@link LayerNames} throws. */
  entry(entry: TarEntry): void {
    const path = this.#names.add(entry)
    const { type, size } = entry
    this.entries[type === 'directory' ? 'directories' : type === 'file' ? 'files' : 'links']++
    if (path === null) return
    if (path.startsWith(REPO_PREFIX)) return this.#takeObject(path, entry)
    const name = path.startsWith('usr/etc/') ? path.slice('usr/'.length) : path
    if (name.includes(WHITEOUT)) return this.#remove(name)
    const telling = type === 'directory' ? undefined : tellingOf(name)
    if (telling === undefined) return
    if (type === 'file') this.#begin(telling, size, (passing) => this.#keep(name, passing))
    else if (type === 'hardlink') this.#link(name, telling, entry.target)
    else this.#note(name, 0)
  }

  data(chunk: Buffer): void {
    const passing = this.#passing
    if (passing === undefined) return
    passing.telling ??= tellingOfContent(chunk, passing.size)
    if (passing.telling === 'name') return
    if (passing.size > MAX_TELLING_BYTES[passing.telling]) this.#passing = this.#taken = undefined
    else if (passing.telling !== 'rpm') passing.chunks.push(Buffer.from(chunk))
    else this.#spoolChunk(passing, chunk)
  }

  entryEnd(): void {
    const [passing, taken] = [this.#passing, this.#taken]
    this.#passing = this.#taken = undefined
    if (passing !== undefined) taken?.(passing)
  }

  /** Throws OstreeError HARDLINK_TARGET_MISSING. */
  end(): void {
    this.#names.end()
  }

  /** Removes the spool. */
  close(): void {
    if (this.#spool !== undefined) closeSync(this.#spool)
    this.#spool = undefined
    rmSync(this.#spoolFile, { force: true })
  }

  #begin(telling: Telling | undefined, size: number, taken: (passing: Passing) => void): void {
    this.#passing = { telling, size, chunks: [], spooled: false }
    this.#taken = taken
  }

  #takeObject(path: string, { type, size }: TarEntry): void {
    this.#object = undefined
    if (type === 'file') this.#begin(undefined, size, (content) => (this.#object = { path, content }))
  }

  #link(name: string, telling: Telling, target: string): void {
    const to = normalise(target)
    if (this.#object?.path === to) return this.#keep(name, { ...this.#object.content, telling })
    const same = this.kept.get(to.startsWith('usr/etc/') ? to.slice('usr/'.length) : to)
    this.#note(name, same?.size ?? 0, same?.text)
  }

  #keep(name: string, { telling, size, chunks, spooled }: Passing): void {
    const text = (): string => Buffer.concat(chunks).toString('utf8')
    switch (telling) {
      case undefined:
      case 'name':
        return this.#note(name, size)
      case 'text':
        return this.#note(name, size, text())
      case 'grub':
        return this.#note(name, size, readsEntries(Buffer.concat(chunks)) ? READS_ENTRIES : '')
      case 'dpkg':
        return this.#list({ path: name, format: 'dpkg', packages: readDpkgStatus(text()), problem: null })
      case 'rpm':
        return this.#list({ path: name, format: 'rpm', ...this.#readSpool(spooled) })
    }
  }

  #note(path: string, size: number, text?: string): void {
    if (this.kept.size >= MAX_KEPT) return
    this.#textsLength += text?.length ?? 0
    const isKept = text !== undefined && this.#textsLength <= MAX_TEXTS_LENGTH
    this.kept.set(path, { path, size, ...(isKept && { text }) })
  }

  #list(database: Database): void {
    if (this.databases.length < MAX_DATABASES) this.databases.push(database)
  }

  #remove(name: string): void {
    const at = name.lastIndexOf('/') + 1
    const base = name.slice(at)
    if (!base.startsWith(WHITEOUT)) return
    this.entries.removals++
    const path = base === OPAQUE ? name.slice(0, at) : `${name.slice(0, at)}${base.slice(WHITEOUT.length)}`
    if (this.removed.length < MAX_REMOVED && mayHoldTelling(path.replace(/\/$/, ''))) this.removed.push(path)
  }

  #spoolChunk(passing: Passing, chunk: Buffer): void {
    if (!passing.spooled) {
      this.close()
      this.#spool = openSync(this.#spoolFile, 'wx', 0o600)
      passing.spooled = true
    }
    for (let at = 0; at < chunk.length;) at += writeSync(this.#spool!, chunk, at)
  }

  #readSpool(spooled: boolean): Pick<Database, 'packages' | 'problem'> {
    if (!spooled) return { packages: [], problem: 'the file is empty' }
    try {
      return { packages: readRpmDatabase(this.#spoolFile), problem: null }
    } catch (error) {
      return { packages: [], problem: `reading it: ${(error as Error).message}` }
    }
  }
}

function tellingOfContent(start: Buffer, size: number): Telling {
  if (start.subarray(0, SQLITE.length).toString('latin1') === SQLITE) return 'rpm'
  if (size > MAX_TELLING_BYTES.text && start.subarray(0, DPKG.length).toString('latin1') === DPKG) return 'dpkg'
  return 'text'
}
