// Files that machines fetch to boot: a port, and its two sources, files on disk and bytes in memory.
import { createHash } from 'node:crypto'
import { open, readdir, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { BigIntStats } from 'node:fs'
import { join, relative } from 'node:path'
import { BLOCK_BYTES, SharedBlocks } from './shared-blocks.ts'

/** Bytes from `start` to `end`, both included, as in RFC 9110 section 14. */
interface ByteRange {
  start: number
  end: number
}

export interface Asset {
  size: number
  /** Strong, with its quotes: changes with every change of the content. */
  etag: string
  modifiedAt: Date
  /**
   * Streams the asset or a part, reading only what is asked for next: a client that stalls holds one block. Rejects when the content is no
   * longer the one this asset describes. The caller reads to the end or cancels.
   */
  open(range?: ByteRange): Promise<ReadableStream<Uint8Array>>
}

/** Looks an asset up by its path below `/boot/`; undefined when it is none of those served. */
export interface AssetSource {
  find(path: string): Promise<Asset | undefined>
}

const blocks = new SharedBlocks()

/**
 * Serves the named files and nothing else: `{ 'installer/vmlinuz': '/var/cache/...' }`. A request's path is only looked up here, it never
 * becomes a path on disk. Given a function, asks it at every request, for files that come and go.
 */
export function fileAssets(
  files: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>),
): AssetSource {
  return foundFiles((path) => {
    const known = typeof files === 'function' ? files() : files
    return Object.hasOwn(known, path) ? known[path] : undefined
  })
}

/** Serves the file on disk that `locate` names for a request's path; undefined for what is not served. */
export function foundFiles(locate: (path: string) => string | undefined): AssetSource {
  return {
    async find(path) {
      const file = locate(path)
      return file === undefined ? undefined : fileAsset(file)
    },
  }
}

/** The files below a folder now, by their path in it; none when there is no such folder. */
export async function filesBelow(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(files.map((file) => [relative(folder, file), file]))
}

/** Serves small generated contents, e.g. the CA certificate. */
export function memoryAssets(contents: Readonly<Record<string, string | Uint8Array>>): AssetSource {
  const modifiedAt = new Date()
  const assets = new Map(
    Object.entries(contents).map(([path, content]) => {
      const bytes = Buffer.from(content)
      const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`
      const read = ({ start, end }: ByteRange = { start: 0, end: bytes.length - 1 }) => bytes.subarray(start, end + 1)
      const asset: Asset = {
        size: bytes.length,
        etag,
        modifiedAt,
        open: async (range) => new Blob([read(range)]).stream(),
      }
      return [path, asset]
    }),
  )
  return { find: (path) => Promise.resolve(assets.get(path)) }
}

/** The first source that knows the path. */
export function firstOf(...sources: readonly AssetSource[]): AssetSource {
  return {
    async find(path) {
      for (const source of sources) {
        const asset = await source.find(path)
        if (asset) return asset
      }
      return undefined
    },
  }
}

async function fileAsset(file: string): Promise<Asset | undefined> {
  const found = await stat(file, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!found?.isFile()) return undefined
  return {
    size: Number(found.size),
    etag: fileEtag(found),
    modifiedAt: found.mtime,
    async open({ start, end } = { start: 0, end: Number(found.size) - 1 }) {
      const handle = await open(file)
      try {
        // Replaced between the two looks: its size and tag are already promised to the client.
        if (fileEtag(await handle.stat({ bigint: true })) !== fileEtag(found)) throw new Error(`${file} was replaced`)
        return streamBlocks(handle, `${fileEtag(found)} ${file}`, start, end)
      } catch (error) {
        await handle.close()
        throw error
      }
    },
  }
}

/** Bytes from `start` to `end` of what `content` names; closes the file at the end. */
function streamBlocks(handle: FileHandle, content: string, start: number, end: number): ReadableStream<Uint8Array> {
  let at = start
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const index = Math.floor(at / BLOCK_BYTES)
        const first = index * BLOCK_BYTES
        try {
          const block = await blocks.get(content, index, () => readBlock(handle, first))
          const part = block.subarray(at - first, end + 1 - first)
          if (part.length === 0) throw new Error(`reading ${content}: it ended at ${at}, want ${end + 1} bytes`)
          at += part.length
          controller.enqueue(part)
        } catch (error) {
          await handle.close()
          throw error
        }
        if (at <= end) return
        await handle.close()
        controller.close()
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  )
}

async function readBlock(handle: FileHandle, at: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(BLOCK_BYTES), 0, BLOCK_BYTES, at)
  return buffer.subarray(0, bytesRead)
}

/** Inode, size and change time to the nanosecond: no write to the file, and no file renamed over it, leaves all three alone. */
function fileEtag({ ino, size, ctimeNs }: BigIntStats): string {
  return `"${[ino, size, ctimeNs].map((number) => number.toString(36)).join('-')}"`
}
