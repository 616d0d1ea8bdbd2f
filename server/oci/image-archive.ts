// Reading an OCI image layout (image specification, "image-layout") from a tar stream: a directory tarred on the fly, or an oci-archive.
import { extract } from 'tar-stream'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import type { Duplex } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { z } from 'zod'
import type { BlobStore } from './blob-store.ts'
import { OciError } from './errors.ts'
import { Descriptor } from './manifest.ts'
import { isContentDigest } from './reference.ts'
import { readAll } from './verify.ts'

const MAX_INDEX_BYTES = 4 * 2 ** 20
export const REF_NAME = 'org.opencontainers.image.ref.name'
const IMAGE_NAME = 'io.containerd.image.name'

const LayoutIndex = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(Descriptor).min(1) })

/** One entry of the layout's index.json. */
export interface LayoutImage {
  descriptor: Descriptor
  /** Annotation org.opencontainers.image.ref.name, as written: a tag or a whole reference. */
  name: string | undefined
}

/**
 * Stores every blob of the archive, each verified against the digest that is its file name, and returns what index.json names. Entry order doesn't matter; blobs
 * that were stored before an error stay, unreferenced, for the next try.
 */
export async function readLayoutArchive(
  source: Readable,
  store: BlobStore,
  onBlob: (digest: string, bytes: number, total: number) => void,
  signal?: AbortSignal,
): Promise<LayoutImage[]> {
  let index: Buffer | undefined
  let layoutSeen = false
  const untar = extract()
  try {
    const feeding = pipeline([...(await unpacked(source)), untar], signal ? { signal } : {})
    feeding.catch(() => {}) // reported below, by the iteration or the await
    for await (const entry of untar) {
      const content = entry as unknown as AsyncIterable<Uint8Array>
      const name = entry.header.name.replace(/^(\.?\/)+/, '').replace(/\/+$/, '')
      if (name.split('/').includes('..')) {
        const message = `the image archive has an entry with "..": ${JSON.stringify(name)}`
        throw new OciError('PATH_INVALID', message)
      }
      const digest = name.startsWith('blobs/') ? name.slice('blobs/'.length).replace('/', ':') : ''
      if (entry.header.type === 'file' && isContentDigest(digest)) {
        const size = entry.header.size ?? 0
        let done = 0
        const expected = { what: `archive blob ${digest}`, digest, size }
        await store.ingest(unbroken(content, signal), expected, {
          onBytes: (count) => onBlob(digest, (done += count), size),
        })
      } else if (name === 'index.json') {
        index = await readAll(content, MAX_INDEX_BYTES, 'index.json')
      } else if (name === 'oci-layout') {
        await readAll(content, 4096, 'oci-layout')
        layoutSeen = true
      }
      entry.resume()
    }
    await feeding
  } catch (error) {
    if (error instanceof OciError) throw error
    if (signal?.aborted) throw new OciError('ABORTED', 'import cancelled', { cause: error })
    throw new OciError('ARCHIVE_INVALID', `reading the image archive: ${(error as Error).message}`, { cause: error })
  }
  if (!index) throw notALayout(layoutSeen ? 'index.json is missing' : 'neither oci-layout nor index.json found')
  const parsed = LayoutIndex.safeParse(safeJson(index))
  if (!parsed.success) throw notALayout('index.json names no manifest')
  return parsed.data.manifests.map((descriptor) => ({
    descriptor,
    name: descriptor.annotations?.[REF_NAME] ?? descriptor.annotations?.[IMAGE_NAME],
  }))
}

/** Says of an archive that ends early what it is: nothing is wrong with the store. */
async function* unbroken(content: AsyncIterable<Uint8Array>, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* content
  } catch (cause) {
    if (signal?.aborted) throw new OciError('ABORTED', 'import cancelled', { cause })
    throw new OciError('ARCHIVE_INVALID', `reading the image archive: ${(cause as Error).message}`, { cause })
  }
}

/**
 * The archive as a chain of streams for `pipeline`, which alone hears of every error in it: `podman save | gzip` and friends make whole
 * archives that are compressed too.
 */
async function unpacked(source: Readable): Promise<[Readable, ...Duplex[]]> {
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let head = Buffer.alloc(0)
  // A network may deliver the magic number in pieces.
  while (head.length < 4) {
    const { done, value } = await iterator.next()
    if (done) break
    head = Buffer.concat([head, value])
  }
  const whole = Readable.from(
    (async function* () {
      yield head
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    })(),
    { objectMode: false },
  )
  if (head[0] === 0x1f && head[1] === 0x8b) return [whole, createGunzip()]
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return [whole, createZstdDecompress()]
  return [whole]
}

function notALayout(why: string): OciError {
  return new OciError('ARCHIVE_INVALID', `not an OCI image layout: ${why}`, {
    hint: 'make one with `skopeo copy SOURCE oci:DIR:TAG` or `podman save --format oci-archive`',
  })
}

function safeJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}
