// Whether a file system has room for what is about to be written to it.
import { statfs } from 'node:fs/promises'
import { formatBytes } from '../contract/bytes.ts'

/** In words, what is missing on the file system of `folder` for `need` bytes; undefined when they fit. */
export async function missingSpace(folder: string, need: number): Promise<string | undefined> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  return free >= need ? undefined : `it needs ${formatBytes(need)}, ${formatBytes(free)} are free there`
}
