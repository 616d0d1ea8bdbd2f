// The telling files of an image: what its layers keep, one above the other, as overlayfs would show them.
import type { LayerFacts } from '../contract/layer-facts.ts'

type Kept = LayerFacts['kept'][number]
type PackageDatabase = LayerFacts['databases'][number]

const PROGRAM_FOLDERS = ['usr/bin', 'usr/sbin', 'bin', 'sbin']
/** Where a database counts if there are several. */
const DATABASES = [
  'usr/lib/sysimage/rpm/rpmdb.sqlite',
  'usr/share/rpm/rpmdb.sqlite',
  'var/lib/rpm/rpmdb.sqlite',
  'var/lib/dpkg/status',
]

export class ImageFiles {
  readonly #files = new Map<string, Kept>()
  readonly #databases = new Map<string, PackageDatabase>()

  /** Lowest layer first. */
  constructor(layers: Iterable<LayerFacts>) {
    for (const { removed, kept, databases } of layers) {
      for (const path of removed) this.#remove(path)
      for (const file of kept) this.#files.set(file.path, file)
      for (const database of databases) this.#databases.set(database.path, database)
    }
  }

  has(path: string): boolean {
    return this.#files.has(path)
  }

  text(path: string): string | undefined {
    return this.#files.get(path)?.text
  }

  hasProgram(name: string): boolean {
    return PROGRAM_FOLDERS.some((folder) => this.has(`${folder}/${name}`))
  }

  /** Files whose paths match, with the pattern's groups. */
  matching(pattern: RegExp): { path: string; groups: string[]; text: string | undefined }[] {
    return [...this.#files.values()].flatMap(({ path, text }) => {
      const match = pattern.exec(path)
      return match ? [{ path, groups: match.slice(1), text }] : []
    })
  }

  database(): PackageDatabase | undefined {
    return DATABASES.map((path) => this.#databases.get(path)).find((database) => database !== undefined)
  }

  #remove(path: string): void {
    const isGone = (file: string): boolean =>
      path.endsWith('/') ? file.startsWith(path) : file === path || file.startsWith(`${path}/`)
    for (const file of this.#files.keys()) if (isGone(file)) this.#files.delete(file)
    for (const file of this.#databases.keys()) if (isGone(file)) this.#databases.delete(file)
  }
}
