// `/v2/`, read side: distribution specification 1.1, "pull" and "content discovery".
import { Readable } from 'node:stream'
import { Hono } from 'hono'
import type { Context } from 'hono'
import type { ImageRecords } from '../core/images.ts'
import type { BlobStore } from './blob-store.ts'
import { OciError } from './errors.ts'
import { MAX_MANIFEST_BYTES } from './manifest.ts'
import { isDigest, isRepository, isTag } from './reference.ts'

/** Error codes of the specification's table. */
type RegistryErrorCode =
  | 'BLOB_UNKNOWN'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'UNSUPPORTED'
  | 'RANGE_INVALID'

/** A Hono app to be mounted at the root: it answers `/v2/` and everything below. Anonymous, read-only. */
export function registryApp(blobs: BlobStore, records: ImageRecords): Hono {
  const app = new Hono()
  app.use('/v2/*', async (c, next) => {
    await next()
    c.header('Docker-Distribution-Api-Version', 'registry/2.0')
  })
  app.get('/v2/', (c) => c.json({}))

  app.get('/v2/:repository{.+}/tags/list', (c) => {
    const repository = c.req.param('repository')
    const tags = records
      .tags()
      .filter((tag) => tag.repository === repository)
      .map(({ tag }) => tag)
      .sort()
    if (tags.length === 0) return failure(c, 404, 'NAME_UNKNOWN', `no repository ${repository}`)
    const last = c.req.query('last')
    const limit = Number(c.req.query('n') ?? tags.length)
    if (!Number.isInteger(limit) || limit < 0) return failure(c, 400, 'UNSUPPORTED', 'n must be a whole number')
    const rest = last === undefined ? tags : tags.filter((tag) => tag > last)
    const page = rest.slice(0, limit)
    if (page.length < rest.length && page.length > 0) {
      const next = new URLSearchParams({ n: String(limit), last: page.at(-1)! })
      c.header('Link', `</v2/${repository}/tags/list?${next}>; rel="next"`)
    }
    return c.json({ name: repository, tags: page })
  })

  app.get('/v2/:repository{.+}/manifests/:reference', async (c) => {
    const { repository, reference } = c.req.param()
    if (!isRepository(repository)) return failure(c, 400, 'NAME_INVALID', `${repository} is not a repository name`)
    if (!isDigest(reference) && !isTag(reference))
      return failure(c, 400, 'DIGEST_INVALID', `${reference} is neither tag nor digest`)
    const found = isDigest(reference) ? records.manifest(repository, reference) : records.tag(repository, reference)
    if (!found) return failure(c, 404, 'MANIFEST_UNKNOWN', `no manifest ${reference} in ${repository}`)
    const bytes = await blobs.read(found.digest, MAX_MANIFEST_BYTES)
    const headers = {
      'Content-Type': found.mediaType,
      'Content-Length': String(bytes.length),
      'Docker-Content-Digest': found.digest,
      ETag: `"${found.digest}"`,
    }
    if (c.req.header('if-none-match') === headers.ETag) return c.body(null, 304, { ETag: headers.ETag })
    if (c.req.method === 'HEAD') return c.body(null, 200, headers)
    return c.body(new Uint8Array(bytes), 200, headers)
  })

  app.get('/v2/:repository{.+}/blobs/:digest', async (c) => {
    const { repository, digest } = c.req.param()
    if (!isRepository(repository)) return failure(c, 400, 'NAME_INVALID', `${repository} is not a repository name`)
    if (!isDigest(digest)) return failure(c, 400, 'DIGEST_INVALID', `${digest} is not a digest`)
    const size = await blobs.size(digest)
    if (size === undefined) return failure(c, 404, 'BLOB_UNKNOWN', `no blob ${digest}`)
    const headers: Record<string, string> = {
      'Content-Type': 'application/octet-stream',
      'Docker-Content-Digest': digest,
      'Accept-Ranges': 'bytes',
      ETag: `"${digest}"`,
    }
    const range = parseRange(c.req.header('range'), size)
    if (range === 'unsatisfiable') {
      c.header('Content-Range', `bytes */${size}`)
      return failure(c, 416, 'RANGE_INVALID', `the blob has ${size} bytes`)
    }
    const { start, end } = range ?? { start: 0, end: size - 1 }
    headers['Content-Length'] = String(end - start + 1)
    if (range) headers['Content-Range'] = `bytes ${start}-${end}/${size}`
    if (c.req.method === 'HEAD' || size === 0) return c.body(null, range ? 206 : 200, headers)
    const stream = blobs.stream(digest, { start, end })
    return c.body(Readable.toWeb(stream) as ReadableStream<Uint8Array<ArrayBuffer>>, range ? 206 : 200, headers)
  })

  app.all('/v2/*', (c) =>
    ['GET', 'HEAD'].includes(c.req.method)
      ? failure(c, 404, 'NAME_UNKNOWN', 'no such endpoint')
      : failure(
          c,
          405,
          'UNSUPPORTED',
          'this registry is read-only: bring images in with `landfall image import` or `image pull`',
        ),
  )
  app.onError((error, c) => {
    const message = error instanceof OciError ? error.message : 'internal error'
    return c.json({ errors: [{ code: 'UNKNOWN', message }] }, 500)
  })
  return app
}

/**
 * One `bytes=` range (RFC 9110 section 14) clipped to the blob; several ranges or other units are ignored, as the RFC allows, and the whole
 * is sent.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const first = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const last = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  if (match[1] !== '' && match[2] !== '' && Number(match[2]) < Number(match[1])) return undefined
  if (first >= size || last < first) return 'unsatisfiable'
  return { start: first, end: last }
}

function failure(c: Context, status: 400 | 404 | 405 | 416, code: RegistryErrorCode, message: string): Response {
  return c.json({ errors: [{ code, message }] }, status)
}
