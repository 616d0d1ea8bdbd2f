/** A folder that a site fills with files of its own, served by their names in it. */
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { FileCache } from './file-cache.ts'
import type { TftpSource } from './source.ts'

/** Firmware asks for dozens of names in a row, and people wait longer than this before they try again. */
const FRESH_MS = 3000

/** Regular files only: no link leads out of the folder, and no request's name becomes a path. */
export class SiteFolder {
  readonly path: string
  readonly #now: () => number
  #files: Readonly<Record<string, string>> = {}
  #readAt = -Infinity
  #reading: Promise<void> | undefined

  constructor(path: string, now: () => number = Date.now) {
    this.path = path
    this.#now = now
  }

  /** By their paths in the folder, as they were seconds ago; none when there is no such folder. */
  async files(): Promise<Readonly<Record<string, string>>> {
    await this.#refresh()
    return this.#files
  }

  /** By what is known now; looks again for the next time. */
  isEmpty(): boolean {
    void this.#refresh()
    return Object.keys(this.#files).length === 0
  }

  #refresh(): Promise<void> {
    if (this.#now() - this.#readAt < FRESH_MS) return Promise.resolve()
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined))
    return this.#reading
  }

  async #read(): Promise<void> {
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true }).catch(() => [])
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
    this.#files = Object.fromEntries(files.map((file) => [relative(this.path, file), file]))
    this.#readAt = this.#now()
  }
}

/** The first of a request's names that the folder has. */
export function siteSource(folder: SiteFolder, namesFor: (name: string) => readonly string[]): TftpSource {
  const cache = new FileCache()
  return async (name) => {
    const files = await folder.files()
    const found = namesFor(name).find((one) => Object.hasOwn(files, one))
    return found === undefined ? undefined : cache.open(files[found]!)
  }
}

/** A Raspberry Pi's own folder, by its serial number or its MAC address (`TFTP_PREFIX` 0 and 2 of its boot loader). */
const BOARD = /^(?:[0-9a-f]{8}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5})\//i

/** `1a2b3c4d/start4.elf` is that board's own file, else the one for all boards. */
export function raspberryPiNames(name: string): string[] {
  return [name, ...(BOARD.test(name) ? [name.replace(BOARD, '')] : [])]
}
