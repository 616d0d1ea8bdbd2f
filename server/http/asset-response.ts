// One asset over HTTP the way firmware needs it: exact length, strong validators, ranges, never chunked, never a redirect.
import type { Context } from 'hono'
import { listsTag, parseRange } from '../oci/registry/range.ts'
import type { Asset } from './assets.ts'

export interface AssetHeaders {
  'Content-Type': string
  'Cache-Control': string
  'Content-Encoding'?: string
  Vary?: string
}

/** Answers GET and HEAD alike; preconditions before the range, as RFC 9110 section 13.2.2 orders them. */
export async function assetResponse(c: Context, asset: Asset, own: AssetHeaders): Promise<Response> {
  const headers: Record<string, string> = {
    ...own,
    'Accept-Ranges': 'bytes',
    ETag: asset.etag,
    'Last-Modified': asset.modifiedAt.toUTCString(),
  }
  const precondition = checkPreconditions(c, asset)
  if (precondition === 304) return c.body(null, 304, headers)
  if (precondition === 412) return c.body(null, 412, { ...headers, 'Content-Length': '0' })

  const range = rangeIsCurrent(c, asset) ? parseRange(c.req.header('range'), asset.size) : undefined
  if (range === 'unsatisfiable') {
    return c.body(null, 416, { ...headers, 'Content-Range': `bytes */${asset.size}`, 'Content-Length': '0' })
  }
  const length = range ? range.end - range.start + 1 : asset.size
  headers['Content-Length'] = String(length)
  if (range) headers['Content-Range'] = `bytes ${range.start}-${range.end}/${asset.size}`
  const status = range ? 206 : 200
  if (c.req.method === 'HEAD' || length === 0) return c.body(null, status, headers)
  return c.body(await asset.open(range), status, headers)
}

function checkPreconditions(c: Context, asset: Asset): 304 | 412 | undefined {
  const ifMatch = c.req.header('if-match')
  const unmodifiedSince = c.req.header('if-unmodified-since')
  const ifNoneMatch = c.req.header('if-none-match')
  if (ifMatch !== undefined) {
    if (!listsTag(ifMatch, asset.etag)) return 412
  } else if (unmodifiedSince !== undefined && isAfter(asset.modifiedAt, unmodifiedSince)) {
    return 412
  }
  if (ifNoneMatch !== undefined && listsTag(ifNoneMatch.replaceAll('W/', ''), asset.etag)) return 304
  return undefined
}

/** If-Range (RFC 9110 section 13.1.5): a range of another content is worth nothing, the whole is sent instead. */
function rangeIsCurrent(c: Context, asset: Asset): boolean {
  const ifRange = c.req.header('if-range')
  return ifRange === undefined || ifRange === asset.etag || ifRange === asset.modifiedAt.toUTCString()
}

/** HTTP dates have whole seconds; one that cannot be read is ignored, as the RFC says. */
function isAfter(time: Date, httpDate: string): boolean {
  return Math.floor(time.getTime() / 1000) * 1000 > Date.parse(httpDate)
}
