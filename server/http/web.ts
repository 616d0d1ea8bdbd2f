// The built web page: hashed assets for ever, index.html for every path the page routes by itself.
import { extname } from 'node:path'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { assetResponse } from './asset-response.ts'
import { fileAssets, filesBelow } from './assets.ts'
import type { AssetSource } from './assets.ts'
import type { HttpEnv } from './context.ts'

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.map': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
}

/** What the build leaves in a smaller form, too, as `<path>.br`. */
const COMPRESSED = new Set(['.html', '.js', '.css', '.svg'])

/** Vite puts what it names by content hash here. */
const HASHED = 'assets/'

/**
 * The page in a folder. A path that is not known makes it look again, so that a page that is built anew is found whole: its names change
 * with its content. An absent folder is a page that was not built.
 */
export async function webFiles(folder: string): Promise<AssetSource> {
  let files = await filesBelow(folder)
  const known = fileAssets(() => files)
  return {
    async find(path) {
      if (!Object.hasOwn(files, path)) files = await filesBelow(folder)
      return known.find(path)
    },
  }
}

/** Serves the page; to be mounted last, it answers every GET. */
export function webApp(files: AssetSource): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>()
  app.get('*', async (c) => {
    const path = c.req.path.slice(1)
    const cached = path.startsWith(HASHED) ? 'public, max-age=31536000, immutable' : 'no-cache'
    const found = await answer(c, files, path, cached)
    if (found) return found
    // A missing script must not come back as a page: browsers would report its syntax instead of its absence.
    const index = extname(path) === '' ? await answer(c, files, 'index.html', 'no-cache') : undefined
    if (index) return index
    const why = extname(path) === '' ? 'the web page is not built: run `npm run build`' : `nothing at /${path}`
    return c.text(`${why}\n`, 404)
  })
  return app
}

/** The file, in its compressed form for clients that take it; undefined when there is none. */
async function answer(c: Context, files: AssetSource, path: string, cached: string): Promise<Response | undefined> {
  const found = await files.find(path)
  if (!found) return undefined
  const headers = {
    'Content-Type': CONTENT_TYPES[extname(path)] ?? 'application/octet-stream',
    'Cache-Control': cached,
  }
  if (!COMPRESSED.has(extname(path))) return assetResponse(c, found, headers)
  const takesBrotli = /\bbr\b/.test(c.req.header('accept-encoding') ?? '')
  const smaller = takesBrotli ? await files.find(`${path}.br`) : undefined
  const varying = { ...headers, Vary: 'Accept-Encoding' }
  if (!smaller) return assetResponse(c, found, varying)
  return assetResponse(c, smaller, { ...varying, 'Content-Encoding': 'br' })
}
