// Files and folders of the media store: read while hashing, removed whatever their rights.
import { createHash } from 'node:crypto'
import { chmod, readdir, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** Few calls for gigabytes, and still little memory. */
const CHUNK_BYTES = 2 ** 19

interface FolderEntry {
  /** From that folder. */
  path: string
  type: 'file' | 'directory' | 'other'
}

/** Everything below a folder, without following links. */
export async function entriesBelow(folder: string): Promise<FolderEntry[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  return found.map((entry) => ({
    path: relative(folder, join(entry.parentPath, entry.name)),
    type: entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other',
  }))
}

/** The file from its first byte to its last. A chunk is good until the next one is asked for: all of them share their memory. */
export async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/** SHA-256 as a digest, telling of each chunk that was read. Throws what `onBytes` throws. */
export async function digestOfFile(file: FileHandle, onBytes: (count: number) => void): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunksOf(file)) {
    hash.update(chunk)
    onBytes(chunk.length)
  }
  return `sha256:${hash.digest('hex')}`
}

/** Lets us look and write into a folder and all below it: unpacking keeps an ISO's rights, by which nobody may. */
export async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(folder, entry.name))
  }
}

/** Removes a folder and all below it, if there is one. */
export async function removeFolder(folder: string): Promise<void> {
  // An unpacking program may outlive its server by a moment and still write: hence the retries.
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 10 })
  try {
    await remove()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error
    await openFolders(folder)
    await remove()
  }
}
