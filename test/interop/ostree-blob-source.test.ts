// Fetching a blob from servers that don't always behave.
import { createHash } from 'node:crypto'
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BlobFetcher } from '../../boot-assets/agent/stream/blob-source.ts'
import type { BlobSource } from '../../boot-assets/agent/stream/blob-source.ts'
import { StreamError } from '../../boot-assets/agent/stream/errors.ts'
import { serveBlobs } from '../agent/ostree/blob-server.ts'
import type { BlobServer } from '../agent/ostree/blob-server.ts'

const blob = createHash('sha256').update('x').digest().toString('hex').repeat(5000)
let server: BlobServer
let fetcher: BlobFetcher
beforeEach(async () => {
  server = await serveBlobs(new Map([['blob', Buffer.from(blob)]]))
  fetcher = new BlobFetcher()
})
afterEach(async () => {
  fetcher.close()
  await server[Symbol.asyncDispose]()
})

async function fetch(source: BlobSource, signal?: AbortSignal): Promise<string> {
  let text = ''
  for await (const chunk of fetcher.fetch(source, blob.length, signal)) text += chunk.toString()
  return text
}

describe('fetching a blob', () => {
  it('trusts the pinned CA and no other', async () => {
    expect(await fetch(server.source('blob'))).toBe(blob)
    const { urls } = server.source('blob')
    await expect(fetch({ urls, patience: 0 })).rejects.toThrowWithCode(StreamError, 'FETCH_FAILED')
  })

  it('takes the answer of the server for what it is', async () => {
    await expect(fetch(server.source('missing'))).rejects.toThrowWithCode(StreamError, 'FETCH_REFUSED')
    expect(server.requests).toHaveLength(1)
  })

  it('asks the next place', async () => {
    const source = server.source('blob')
    const urls = [server.source('missing').urls[0]!, ...source.urls]
    expect(await fetch({ ...source, urls })).toBe(blob)
    const told: string[] = []
    await Array.fromAsync(fetcher.fetch({ ...source, urls }, blob.length, undefined, (name) => told.push(name)))
    expect(told).toEqual([new URL(urls[1]!).host])
  })

  it('tries again while the server is overloaded', async () => {
    let refusals = 2
    server.interfere = (_, __, response) => refusals-- > 0 && (response.writeHead(503).end(), true)
    expect(await fetch(server.source('blob'))).toBe(blob)
  })

  it('skips what it has when a server ignores Range', async () => {
    let first = true
    server.interfere = (_, __, response, body) => {
      response.writeHead(200, { 'content-length': body.length })
      if (!first) return (response.end(body), true)
      first = false
      response.write(body.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50))
      return true
    }
    expect(await fetch(server.source('blob'))).toBe(blob)
    expect(server.requests).toHaveLength(2)
  })

  it('counts silence as a break', async () => {
    let silent = true
    server.interfere = (_, __, response, body) => {
      if (!silent) return false
      silent = false
      response.writeHead(200, { 'content-length': body.length }).flushHeaders()
      return true
    }
    expect(await fetch({ ...server.source('blob'), idle: 200 })).toBe(blob)
  })

  it('asks a cache first, which does not get what is for the server', async () => {
    await using cache = await serveBlobs(new Map([['blob', Buffer.from(blob)]]))
    const seen: (string | undefined)[] = []
    cache.interfere = (_, request) => (seen.push(request.headers.authorization), false)
    const { urls, ca } = cache.source('blob')
    const source = { ...server.source('blob'), headers: { authorization: 'Bearer secret' } }
    expect(await fetch({ ...source, caches: [{ url: urls[0]!, ca: ca! }] })).toBe(blob)
    expect([seen, server.requests]).toEqual([[undefined], []])
  })

  it('passes over caches that lack it, and goes on elsewhere where one broke off; that one is left alone then', async () => {
    await using empty = await serveBlobs(new Map())
    await using broken = await serveBlobs(new Map([['blob', Buffer.from(blob)]]))
    broken.interfere = (_, __, response, body) => {
      response.writeHead(200, { 'content-length': body.length })
      response.write(body.subarray(0, 1000), () => setTimeout(() => response.destroy(), 50))
      return true
    }
    const caches = [empty, broken].map((one) => ({ url: one.source('blob').urls[0]!, ca: one.source('blob').ca! }))
    const away = { url: 'http://127.0.0.1:1/blob' }
    for (let time = 0; time < 2; time++) {
      expect(await fetch({ ...server.source('blob'), caches: [away, ...caches] })).toBe(blob)
    }
    expect(server.requests.map(({ range }) => range)).toEqual(['bytes=1000-', undefined])
    expect([empty.requests.length, broken.requests.length]).toEqual([2, 1])
  })

  it('follows redirects, without the credentials to another origin', async () => {
    await using other = await serveBlobs(new Map([['moved', Buffer.alloc(0)]]))
    const seen: (string | undefined)[] = []
    const target = server.source('blob')
    other.interfere = (_, request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(307, { location: target.urls[0]! }).end()
      return true
    }
    server.interfere = (_, request) => (seen.push(request.headers.authorization), false)
    const { urls, ca } = other.source('moved')
    // Each server has a CA of its own; here both are trusted.
    const source = { urls, ca: `${target.ca}\n${ca}`, headers: { authorization: 'Bearer secret' } }
    expect(await fetch(source)).toBe(blob)
    expect(seen).toEqual(['Bearer secret', undefined])
  })

  it('does not follow from HTTPS to HTTP', async () => {
    server.interfere = (_, __, response) => (response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), true)
    await expect(fetch(server.source('blob'))).rejects.toThrowWithCode(StreamError, 'FETCH_REFUSED')
  })

  it('stops when told to', async () => {
    const controller = new AbortController()
    server.interfere = (_, __, response) => (response.writeHead(200).flushHeaders(), controller.abort(), true)
    await expect(fetch(server.source('blob'), controller.signal)).rejects.toThrowWithCode(StreamError, 'ABORTED')
  })

  it('reads files, for installs without a network', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'blob-'))
    writeFileSync(join(folder, 'blob'), blob)
    expect(await fetch({ urls: [pathToFileURL(join(folder, 'blob')).href] })).toBe(blob)
    rmSync(folder, { recursive: true })
  })
})
