// Makes zstd of a gzip layer: the same tar, which machines unpack in a fraction of the time.
//
//   blob -> size and digest -> decompress -> diff-id -> frames of zstd -> file
import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { constants, zstdCompressSync } from 'node:zlib'
import { decompress } from '../../boot-assets/agent/stream/decompress.ts'
import { StreamError } from '../../boot-assets/agent/stream/errors.ts'
import { VerifiedChunks } from '../../boot-assets/agent/stream/verify.ts'

/**
 * Tar bytes of one frame. Packed, most are so small that agents unpack them in one call, which takes two thirds of the time of a stream; larger ones would
 * save 3 % of the room. They are packed in one call, too, on the thread that asks for it: zlib's streams work on threads that machines wait for.
 */
const FRAME_BYTES = 256 * 1024
/** Some 5 % smaller than gzip's default in half its time; the default of zstd would be about as large as gzip with frames like these. */
const OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 6 } }

export interface RecodeJob {
  digest: string
  size: number
  /** What it is to unpack to. */
  diffId: string
  /** Where the new file is to be; none may be there. */
  target: string
}

/** A complete file that is on the disk; null, and no file, where zstd would take more room than gzip, or the layer is empty. */
export type Recoded = { digest: string; size: number } | null

/** Throws StreamError DIGEST_MISMATCH, SIZE_MISMATCH, DIFFID_MISMATCH, COMPRESSION_INVALID; then there is no file. */
export async function recodeLayer(
  chunks: AsyncIterable<Buffer>,
  { digest, size, diffId, target }: RecodeJob,
): Promise<Recoded> {
  const blob = new VerifiedChunks(chunks, { digest, size })
  const [unpacked, packed] = [createHash('sha256'), createHash('sha256')]
  const file = openSync(target, 'wx', 0o644)
  let written = 0
  let isKept = false
  try {
    for await (const piece of inPieces(decompress(blob, 'gzip'), FRAME_BYTES)) {
      unpacked.update(piece)
      const frame = zstdCompressSync(piece, OPTIONS)
      if (written + frame.length > size) return null
      packed.update(frame)
      for (let at = 0; at < frame.length;) at += writeSync(file, frame, at)
      written += frame.length
    }
    await blob.drain()
    const got = `sha256:${unpacked.digest('hex')}`
    if (got !== diffId) {
      throw new StreamError('DIFFID_MISMATCH', `unpacking layer ${digest}: got ${got}, want ${diffId}`)
    }
    if (written === 0) return null
    fsyncSync(file)
    isKept = true
    return { digest: `sha256:${packed.digest('hex')}`, size: written }
  } finally {
    closeSync(file)
    if (!isKept) rmSync(target)
    await blob.close()
  }
}

/** All of this size but the last. A piece is good until the next one is asked for. */
async function* inPieces(chunks: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  const piece = Buffer.allocUnsafeSlow(size)
  let length = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const copied = chunk.copy(piece, length, at)
      at += copied
      length += copied
      if (length < size) continue
      yield piece
      length = 0
    }
  }
  if (length > 0) yield piece.subarray(0, length)
}
