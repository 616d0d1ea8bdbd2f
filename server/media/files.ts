// Files and folders of the media store: written durably, read while hashing.
import { createHash } from 'node:crypto'
import { open, readdir } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** Few calls for gigabytes, and still little memory. */
const CHUNK_BYTES = 2 ** 20

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

/** The file from its first byte to its last; each chunk is the reader's own. */
export async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position)
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

export async function writeFully(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    done += (await file.write(chunk, done, chunk.length - done, position + done)).bytesWritten
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
