// What of a data folder belongs into a backup: everything but what is made again by itself, and what is unfinished.
import { constants } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { CONFIGURATION, DATABASE } from './manifest.ts'

/** A file on its way into a backup. */
export interface SourceFile {
  /** In the backup. */
  name: string
  size: number
  /** The caller closes it. */
  open(): Promise<FileHandle>
}

/** Names below the data folder. What is forgotten here is backed up in vain, which is better than the other way round. */
const LEFT_OUT: readonly RegExp[] = [
  // A snapshot takes its place.
  new RegExp(`^${DATABASE.replace('.', '\\.')}(-\\w+)?$`),
  /^snapshots$/,
  // Made at every start, and by `--build`.
  /^local-access\.json$/,
  /^(boot|cache)$/,
  // Half-done.
  /\.(new|part)$/,
  /^oci\/(incoming|uploads|reading|recoding)$/,
  /^media\/incoming$/,
  // Of an earlier restore; the configuration of now comes from where it is.
  /^restoring$/,
  new RegExp(`^${CONFIGURATION}$`),
  /^lost\+found$/,
]
const IMAGES = /^(oci|media)$/

/** The regular files of a data folder that belong into a backup, in the order of their names. Links are not followed. */
export async function dataFiles(folder: string, { images }: { images: boolean }): Promise<SourceFile[]> {
  const leftOut = images ? LEFT_OUT : [...LEFT_OUT, IMAGES]
  return Array.fromAsync(filesBelow(folder, '', (name) => !leftOut.some((pattern) => pattern.test(name))))
}

/** One file by its path; what takes its place by a link is not read. */
export async function sourceFile(path: string, name: string): Promise<SourceFile> {
  const { size } = await lstat(path)
  return { name, size, open: () => open(path, constants.O_RDONLY | constants.O_NOFOLLOW) }
}

async function* filesBelow(
  folder: string,
  prefix: string,
  belongs: (name: string) => boolean,
): AsyncGenerator<SourceFile> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true })
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    if (!belongs(name)) continue
    if (entry.isDirectory()) yield* filesBelow(folder, name, belongs)
    else if (entry.isFile()) yield await sourceFile(join(folder, name), name)
  }
}
