import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { webApp, webFiles } from '../../../server/http/web.ts'

let dir: string
let get: (path: string, headers?: Record<string, string>) => Promise<Response>
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'landfall-web-'))
  await mkdir(join(dir, 'assets'))
  await writeFile(join(dir, 'index.html'), '<!doctype html>page')
  await writeFile(join(dir, 'assets/index-B4d9.js'), 'run()')
  await writeFile(join(dir, 'assets/index-B4d9.js.br'), 'smaller')
  const app = webApp(await webFiles(dir))
  get = async (path, headers = {}) => app.request(path, { headers })
})
afterAll(() => rm(dir, { recursive: true }))

describe('webApp', () => {
  it('serves hashed assets for ever', async () => {
    const response = await get('/assets/index-B4d9.js')
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(await response.text()).toBe('run()')
  })

  it('serves the smaller form to browsers that take it', async () => {
    const smaller = await get('/assets/index-B4d9.js', { 'accept-encoding': 'gzip, deflate, br, zstd' })
    expect([smaller.headers.get('content-encoding'), await smaller.text()]).toEqual(['br', 'smaller'])
    expect(smaller.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    const plain = await get('/assets/index-B4d9.js', { 'accept-encoding': 'gzip' })
    expect([plain.headers.get('content-encoding'), await plain.text()]).toEqual([null, 'run()'])
    expect([smaller, plain].map(({ headers }) => headers.get('vary'))).toEqual(['Accept-Encoding', 'Accept-Encoding'])
    expect(smaller.headers.get('etag')).not.toBe(plain.headers.get('etag'))
  })

  it.each(['/', '/machines', '/machines/018f', '/login'])(
    'serves the page for its own path %s, never cached unasked',
    async (path) => {
      const response = await get(path)
      expect(response.headers.get('cache-control')).toBe('no-cache')
      expect(await response.text()).toBe('<!doctype html>page')
    },
  )

  it.each(['/assets/index-old.js', '/favicon.ico', '/..%2f..%2fetc/passwd.txt'])(
    'has no page in the place of %s',
    async (path) => {
      expect((await get(path)).status).toBe(404)
    },
  )

  it('says that the page is not built', async () => {
    const response = await webApp(await webFiles(join(dir, 'absent'))).request('/')
    expect([response.status, await response.text()]).toEqual([404, 'the web page is not built: run `npm run build`\n'])
  })
})
