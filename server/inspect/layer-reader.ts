// Reads one layer to its end, once, and tells what is in it and whether it is fit for a machine. Nothing is unpacked.
//
//   blob -> size and digest -> decompress -> bound -> diff-id -> tar -> names and telling files
import { createHash } from 'node:crypto'
import { OstreeError } from '../../boot-assets/agent/ostree/errors.ts'
import { decompress } from '../../boot-assets/agent/stream/decompress.ts'
import { StreamError } from '../../boot-assets/agent/stream/errors.ts'
import { Growth } from '../../boot-assets/agent/stream/growth.ts'
import { TarReader } from '../../boot-assets/agent/stream/tar.ts'
import { VerifiedChunks } from '../../boot-assets/agent/stream/verify.ts'
import type { LayerFacts, LayerProblemCode } from '../contract/layer-facts.ts'
import { LayerContents } from './layer-contents.ts'

export interface LayerJob {
  digest: string
  size: number
  /** Bytes that it may unpack to. */
  maxBytes: number
  /** A path of its own for what must lie in a file while it is read. */
  spoolFile: string
}

/**
 * What is wrong with the bytes is a fact of them, `problem`, and only that of wrong bytes is told; other errors are thrown. What the first
 * bytes say is how it is decompressed, as the agent does.
 */
export async function readLayer(
  chunks: AsyncIterable<Buffer>,
  { digest, size, maxBytes, spoolFile }: LayerJob,
  onBytes: (bytes: number) => void,
): Promise<LayerFacts> {
  const blob = new VerifiedChunks(chunks, { digest, size })
  const contents = new LayerContents(spoolFile)
  const growth = new Growth(`layer ${digest}`, size, maxBytes)
  const diffId = createHash('sha256')
  const facts = (found: Pick<LayerFacts, 'diffId' | 'problem'>): LayerFacts => ({
    ...found,
    unpackedBytes: growth.bytes,
    entries: contents.entries,
    kept: [...contents.kept.values()],
    removed: contents.removed,
    databases: contents.databases,
  })
  try {
    const tar = new TarReader(contents)
    try {
      for await (const chunk of decompress(blob, 'none')) {
        growth.add(chunk.length)
        diffId.update(chunk)
        tar.push(chunk)
        onBytes(blob.bytes)
      }
      await blob.drain()
      tar.end()
      contents.end()
    } catch (error) {
      // Wrong bytes are wrong bytes, whatever stumbled over them first.
      if (problemOf(error)) await blob.drain()
      throw error
    }
    return facts({ diffId: `sha256:${diffId.digest('hex')}`, problem: null })
  } catch (error) {
    const code = problemOf(error)
    if (code === undefined) throw error
    return facts({ diffId: null, problem: { code, message: (error as Error).message } })
  } finally {
    await blob.close()
    contents.close()
  }
}

function problemOf(error: unknown): LayerProblemCode | undefined {
  if (error instanceof RangeError) return 'LAYER_BOMB'
  if (error instanceof OstreeError) {
    if (error.code === 'PATH_INVALID') return 'PATH_INVALID'
    return error.code === 'FILE_TYPE_UNSUPPORTED' ? 'IMAGE_UNSUPPORTED' : 'LAYER_INVALID'
  }
  if (!(error instanceof StreamError)) return undefined
  switch (error.code) {
    case 'DIGEST_MISMATCH':
    case 'SIZE_MISMATCH':
    case 'LAYER_BOMB':
      return error.code
    case 'TAR_UNSUPPORTED':
      return 'IMAGE_UNSUPPORTED'
    case 'COMPRESSION_INVALID':
    case 'TAR_INVALID':
    case 'TAR_LIMIT':
    case 'TAR_TRUNCATED':
      return 'LAYER_INVALID'
    default:
      return undefined
  }
}
