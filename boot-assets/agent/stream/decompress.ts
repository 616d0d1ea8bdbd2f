// Layers as they travel, gzip, zstd or plain, become tar bytes.
import { StreamError } from './errors.ts'
import { Inflater } from './inflater.ts'
import { ZSTD_MAGIC } from './zstd-frames.ts'

export type Compression = 'gzip' | 'zstd' | 'none'

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
 * reverse. Reads its input to the end, also past the end of the compressed data. What comes is valid until the next is asked for. Throws
 * COMPRESSION_INVALID.
 */
export async function* decompress(chunks: AsyncIterable<Buffer>, declared: Compression): AsyncGenerator<Buffer> {
  const input = chunks[Symbol.asyncIterator]()
  const head = await readHead(input)
  const whole = resume(head, input)
  const compression = detect(head) ?? declared
  if (compression === 'none') yield* whole
  else yield* inflate(whole, compression)
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
    // A copy: the chunk is good only until the next is asked for.
    head = Buffer.concat([head, next.value])
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

async function* inflate(chunks: AsyncIterable<Buffer>, compression: 'gzip' | 'zstd'): AsyncGenerator<Buffer> {
  const inflater = new Inflater(compression)
  try {
    for await (const chunk of chunks) yield* inflater.take(chunk)
    inflater.end()
  } finally {
    inflater.close()
  }
}
