// end-2 and end-10 of the distribution specification: blobs, whole or by range, and their removal.
import { Readable } from 'node:stream'
import type { LayerVariant } from '../../core/images.ts'
import { OciError } from '../errors.ts'
import { ZSTD_LAYER } from '../media-types.ts'
import type { RegistryContext, Registry } from './context.ts'
import { RegistryError } from './errors.ts'
import { listsTag, parseRange } from './range.ts'
import { sendChunks, sendFile } from './send-file.ts'

const ALREADY_SENT = { 'X-Hono-Already-Sent': 'true' }

interface BlobTarget {
  repository: string
  digest: string
}

/** GET and HEAD. Whoever asks for it by name gets a layer as zstd where there is such a file, under an entity tag of its own. */
export async function getBlob(c: RegistryContext, registry: Registry, target: BlobTarget): Promise<Response> {
  const { blobs, records, through } = registry
  const { repository } = target
  const held = records.blob(repository, target.digest) && (await blobs.size(target.digest))
  const variant = held !== undefined && asksForZstd(c) ? await heldVariant(registry, target.digest) : undefined
  const size = variant?.size ?? held ?? (await through?.sizeOf(repository, target.digest))
  if (size === undefined) throw unknownBlob(target)
  const { digest } = variant ?? target
  const etag = `"${digest}"`
  const headers: Record<string, string> = {
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
    ETag: etag,
    'X-Content-Type-Options': 'nosniff',
    // A digest never means other bytes; but who may see them is asked each time.
    'Cache-Control': 'private, no-cache',
  }
  const ifNoneMatch = c.req.header('if-none-match')
  if (ifNoneMatch !== undefined && listsTag(ifNoneMatch.replaceAll('W/', ''), etag)) return c.body(null, 304, headers)
  // Whoever asks whether it is there is about to count on it.
  if (c.req.method === 'HEAD') blobs.touch(target.digest)
  const ifRange = c.req.header('if-range')
  const range = ifRange === undefined || ifRange === etag ? parseRange(c.req.header('range'), size) : undefined
  if (range === 'unsatisfiable') {
    throw new RegistryError(416, 'SIZE_INVALID', `the blob has ${size} bytes`, {
      headers: { 'Content-Range': `bytes */${size}` },
    })
  }
  const { start, end } = range ?? { start: 0, end: size - 1 }
  const status = range ? 206 : 200
  headers['Content-Type'] = variant ? ZSTD_LAYER : 'application/octet-stream'
  // Caches in between keep it apart from the layer itself.
  if (variant) headers['Vary'] = 'Accept'
  headers['Content-Length'] = String(end - start + 1)
  if (range) headers['Content-Range'] = `bytes ${start}-${end}/${size}`
  if (c.req.method === 'HEAD' || size === 0) return c.body(null, status, headers)
  if (held !== undefined || !through) return send(c, registry, digest, { start, end }, status, headers)
  const arrival = await through.blob(repository, digest, size)
  return follow(c, registry, arrival.read(start, end), status, headers)
}

/** Nothing less than the very name counts: a client that takes anything wants what the digest stands for. */
function asksForZstd(c: RegistryContext): boolean {
  const types = c.req.header('accept')?.split(',') ?? []
  return types.some((type) => type.split(';')[0]!.trim().toLowerCase() === ZSTD_LAYER)
}

async function heldVariant({ records, blobs }: Registry, layer: string): Promise<LayerVariant | undefined> {
  const variant = records.variant(layer)
  return variant && (await blobs.size(variant.digest)) === variant.size ? variant : undefined
}

/** DELETE. Refused while a manifest of the repository needs the blob: half an image is worse than none. */
export function deleteBlob(c: RegistryContext, { records }: Registry, { repository, digest }: BlobTarget): Response {
  const [parent] = records.neededBy(repository, digest)
  if (parent !== undefined) {
    throw new RegistryError(405, 'UNSUPPORTED', `manifest ${parent} needs blob ${digest}: delete the manifest first`)
  }
  if (!records.removeBlob(repository, digest)) throw unknownBlob({ repository, digest })
  return c.body(null, 202)
}

function unknownBlob({ repository, digest }: BlobTarget): RegistryError {
  return new RegistryError(404, 'BLOB_UNKNOWN', `there is no blob ${digest} in ${repository}`)
}

/** What is still on its way in. No turn is taken for it: it comes as fast as its source, and nobody else shall wait for that. */
function follow(
  c: RegistryContext,
  { onError }: Registry,
  chunks: AsyncGenerator<Uint8Array>,
  status: 200 | 206,
  headers: Record<string, string>,
): Response {
  const outgoing = c.env?.outgoing
  if (!outgoing) {
    const stream = Readable.toWeb(Readable.from(chunks, { objectMode: false }))
    return c.body(stream as ReadableStream<Uint8Array<ArrayBuffer>>, status, headers)
  }
  outgoing.writeHead(status, { ...Object.fromEntries(c.res.headers), ...headers })
  sendChunks(chunks, outgoing).catch((error: unknown) => {
    // Of the registry that it comes from: the client sees that the answer broke off.
    if (!(error instanceof OciError)) onError(error)
  })
  return c.body(null, status, ALREADY_SENT)
}

async function send(
  c: RegistryContext,
  { blobs, turns, onError }: Registry,
  digest: string,
  { start, end }: { start: number; end: number },
  status: 200 | 206,
  headers: Record<string, string>,
): Promise<Response> {
  const outgoing = c.env?.outgoing
  if (!outgoing) {
    const stream = Readable.toWeb(blobs.stream(digest, { start, end })) as ReadableStream<Uint8Array<ArrayBuffer>>
    return c.body(stream, status, headers)
  }
  const endTurn = await turns.take(outgoing.socket?.remoteAddress ?? '', c.req.raw.signal)
  const file = await blobs.openFile(digest).catch((error: unknown) => {
    endTurn()
    throw error
  })
  if (!file) {
    endTurn()
    throw new RegistryError(404, 'BLOB_UNKNOWN', `blob ${digest} was removed just now`)
  }
  // Past Hono's streams, which would copy each chunk and want a new buffer for each.
  outgoing.writeHead(status, { ...Object.fromEntries(c.res.headers), ...headers })
  outgoing.flushHeaders()
  sendFile(file, start, end, outgoing)
    .catch(onError)
    .finally(() => {
      endTurn()
      file.close().catch(onError)
    })
  return c.body(null, status, ALREADY_SENT)
}
