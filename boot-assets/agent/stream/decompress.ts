// Layers as they travel, gzip, zstd or plain, become tar bytes.
import { createGunzip, createZstdDecompress, zstdDecompressSync } from 'node:zlib'
import type { Transform } from 'node:stream'
import { StreamError } from './errors.ts'
import { ZSTD_MAGIC, ZstdFrameScanner } from './zstd-frames.ts'

export type Compression = 'gzip' | 'zstd' | 'none'

/**
 * Size of the chunks that come out. Each is a turn through thread pool and event loop, and these were a quarter of a worker's time with 64 KiB;
 * beyond this size nothing is gained but memory in flight.
 */
const OUTPUT_CHUNK = 256 * 1024
/** Frames up to this size, compressed, are decompressed in one call; setting up a stream for each would take far longer. */
const SMALL_FRAME = 128 * 1024
/** A small frame that grows beyond this is decompressed as a stream after all. */
const SMALL_FRAME_OUTPUT = 4 * 1024 * 1024

const NAMES = new Map<string, Compression>([
  ['application/vnd.oci.image.layer.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', 'zstd'],
  ['application/vnd.docker.image.rootfs.diff.tar', 'none'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'gzip'],
  ['application/vnd.docker.image.rootfs.diff.tar.zstd', 'zstd'],
])

/** Compression a layer's media type declares. Throws COMPRESSION_UNSUPPORTED for types that are no layer. */
export function layerCompression(mediaType: string): Compression {
  const compression = NAMES.get(mediaType)
  if (compression === undefined) {
    throw new StreamError('COMPRESSION_UNSUPPORTED', `layers of type ${mediaType} are not supported`)
  }
  return compression
}

/**
 * Decompresses a layer. What the first bytes say wins over the media type: registries carry gzip labelled as plain tar and the
 * reverse. Reads its input to the end, also past the end of the compressed data. Throws COMPRESSION_INVALID.
 */
export async function* decompress(chunks: AsyncIterable<Buffer>, declared: Compression): AsyncGenerator<Buffer> {
  const input = chunks[Symbol.asyncIterator]()
  const head = await readHead(input)
  const whole = resume(head, input)
  switch (detect(head) ?? declared) {
    case 'gzip':
      yield* through(createGunzip({ chunkSize: OUTPUT_CHUNK }), whole)
      break
    case 'zstd':
      yield* decompressZstd(whole)
      break
    case 'none':
      yield* whole
  }
}

function detect(head: Buffer): Compression | undefined {
  if (head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  if (head.length >= 4 && head.readUInt32LE(0) === ZSTD_MAGIC) return 'zstd'
  // A tar header has its magic at 257, an empty layer zeros.
  if (
    head.length >= 262 &&
    (head.toString('latin1', 257, 262) === 'ustar' || head.subarray(0, 262).every((b) => b === 0))
  ) {
    return 'none'
  }
  return undefined
}

async function readHead(input: AsyncIterator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0)
  while (head.length < 262) {
    const next = await input.next()
    if (next.done === true) break
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
  }
  return head
}

async function* resume(head: Buffer, input: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head
  for (;;) {
    const next = await input.next()
    if (next.done === true) return
    yield next.value
  }
}

/** Runs chunks through a zlib stream; its work is done by the thread pool while we handle what it gave before. */
async function* through(stream: Transform, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let inputError: Error | undefined
  const feeding = (async () => {
    try {
      for await (const chunk of chunks) {
        // After the end of the compressed data the rest is only read, so that its digest can be checked.
        if (stream.writable && !stream.write(chunk)) await writableAgain(stream)
      }
      if (stream.writable) stream.end()
    } catch (error) {
      inputError = error as Error
      stream.destroy(inputError)
    }
  })()
  try {
    yield* stream as AsyncIterable<Buffer>
    await feeding
  } catch (cause) {
    if (inputError !== undefined) throw inputError
    throw new StreamError('COMPRESSION_INVALID', `decompressing: ${(cause as Error).message}`, { cause })
  } finally {
    stream.destroy()
  }
}

function writableAgain(stream: Transform): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      stream.off('drain', settle).off('close', settle).off('end', settle)
      resolve()
    }
    stream.on('drain', settle).on('close', settle).on('end', settle)
  })
}

/** Frame by frame: Node's decompressor stops at the end of the first. */
async function* decompressZstd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const pieces = zstdFramePieces(chunks)
  for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
    const start = [next.value.bytes]
    let size = next.value.bytes.length
    let { ends } = next.value
    while (!ends && size <= SMALL_FRAME) {
      const more = await pieces.next()
      if (more.done === true) return
      start.push(more.value.bytes)
      size += more.value.bytes.length
      ends = more.value.ends
    }
    const small = ends && size <= SMALL_FRAME ? tryWhole(Buffer.concat(start)) : undefined
    if (small !== undefined) yield small
    else yield* through(createZstdDecompress({ chunkSize: OUTPUT_CHUNK }), frame(start, ends, pieces))
  }
}

/** Decompresses a small frame in one go; undefined if its content is too large for that. */
function tryWhole(bytes: Buffer): Buffer | undefined {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: SMALL_FRAME_OUTPUT })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw new StreamError('COMPRESSION_INVALID', `decompressing: ${(cause as Error).message}`, { cause })
  }
}

async function* frame(start: Buffer[], ended: boolean, pieces: AsyncIterator<FramePiece>): AsyncGenerator<Buffer> {
  yield* start
  while (!ended) {
    const next = await pieces.next()
    if (next.done === true) return
    yield next.value.bytes
    ended = next.value.ends
  }
}

interface FramePiece {
  bytes: Buffer
  /** The frame's last byte is the last of `bytes`. */
  ends: boolean
}

/** Cuts at frame ends and leaves skippable frames out. */
async function* zstdFramePieces(chunks: AsyncIterable<Buffer>): AsyncGenerator<FramePiece> {
  const scanner = new ZstdFrameScanner()
  // Bytes of a magic number that came in several chunks.
  let undecided: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    let position = 0
    while (position < chunk.length) {
      const taken = scanner.take(chunk, position)
      const piece = chunk.subarray(position, position + taken)
      const bytes = undecided.length === 0 ? piece : Buffer.concat([undecided, piece])
      position += taken
      if (scanner.kind === 'unknown') {
        undecided = bytes
        continue
      }
      undecided = Buffer.alloc(0)
      if (scanner.kind === 'frame') yield { bytes, ends: scanner.atBoundary }
    }
  }
  if (!scanner.atBoundary) throw new StreamError('COMPRESSION_INVALID', 'reading zstd: the data ends inside a frame')
}
