// Gzip layers that agents get as zstd: the same system comes of it, clients get what the digest says, and whatever is wrong with the zstd costs time only.

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serverImages } from '../../boot-assets/agent/link/server-images.ts'
import { Server } from '../../boot-assets/agent/link/server.ts'
import { importImage } from '../../boot-assets/agent/ostree/import-image.ts'
import type { ImportResult } from '../../boot-assets/agent/ostree/import-image.ts'
import { Repo } from '../../boot-assets/agent/ostree/repo.ts'
import { BlobFetcher } from '../../boot-assets/agent/stream/blob-source.ts'
import type { BlobSource } from '../../boot-assets/agent/stream/blob-source.ts'
import { parseConfig, parseManifest } from '../../server/oci/manifest.ts'
import { ZSTD_LAYER } from '../../server/oci/media-types.ts'
import { digestOf } from '../../server/oci/verify.ts'
import { serveBlobs } from '../agent/ostree/blob-server.ts'
import { makeImage } from '../agent/ostree/image.ts'
import type { TestImage } from '../agent/ostree/image.ts'
import { MAC } from '../helpers/store-fakes.ts'
import { directory, file, hardlink } from '../images/tar.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { serve, type Served } from './serve.ts'

const run = promisify(execFile)
const TEXT = 'lines that come again, as they do in systems\n'.repeat(50_000)
const GZIP = 'gzip' as const

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-zstd-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let repos = 0
/** Into a repository of its own. */
function importFrom(
  { manifest, config, manifestDigest }: Pick<TestImage, 'manifest' | 'config' | 'manifestDigest'>,
  locate: (digest: string) => BlobSource,
): Promise<ImportResult> {
  const repo = Repo.init(join(folder, `repo-${repos++}`))
  const targetImage = 'docker://registry.example/os/web:1'
  return importImage({ repo, manifest, config, manifestDigest, targetImage, locate: ({ digest }) => locate(digest) })
}

describe('an image of gzip layers', () => {
  let server: Served
  let host: string
  let digest: string
  let certificates: string
  beforeAll(async () => {
    server = await serve(join(folder, 'data'))
    host = `127.0.0.1:${server.ports.https}`
    certificates = join(folder, 'certs')
    await mkdir(certificates)
    await writeFile(join(certificates, 'ca.crt'), server.access.ca)
    const layers = [
      {
        compression: GZIP,
        entries: [directory('usr'), directory('usr/bin'), file('usr/bin/one', TEXT, { mode: 0o4755 })],
      },
      { compression: GZIP, entries: [hardlink('usr/bin/two', 'usr/bin/three'), file('usr/bin/.wh.one', '')] },
    ]
    layers[1]!.entries.unshift(file('usr/bin/three', TEXT.toUpperCase()))
    const labels = { 'containers.bootc': '1' }
    digest = (await writeTinyImage(join(folder, 'layout'), { labels, layers })).descriptor.digest
    const login = ['--dest-cert-dir', certificates, '--dest-creds', `me:${server.access.token}`]
    await run('skopeo', ['copy', '--quiet', '--preserve-digests', ...login, `oci:${join(folder, 'layout')}:1`, `docker://${host}/os/web:1`]) // prettier-ignore
  }, 120_000)
  afterAll(() => server?.[Symbol.asyncDispose]())

  it('becomes the same commit by zstd as by gzip, and stays gzip for skopeo and curl', async () => {
    const link = new Server(server.https, server.access.ca)
    const images = serverImages(link, { ca: server.access.ca })
    const manifestBytes = await images.bytes('manifests', 'os/web', digest)
    const parsed = parseManifest(manifestBytes)
    if (parsed.kind !== 'manifest') throw new Error(parsed.kind)
    const { manifest } = parsed
    const config = parseConfig(await images.bytes('blobs', 'os/web', manifest.config.digest))
    const image = { manifest, config, manifestDigest: digest }
    const locate = (layer: string) => images.locate('os/web', layer)

    const plain = await importFrom(image, locate)
    expect(plain.recoded.layers).toBe(0)

    const created = await server.send('POST', '/api/v1/machines', { name: 'node-1', macs: [MAC] })
    expect(created.status, await created.text()).toBe(201)
    expect((await server.cli('machine', 'assign', 'os/web:1', 'node-1')).code).toBe(0)
    const fetcher = new BlobFetcher()
    const offered = async () => {
      const offers = await Promise.all(manifest.layers.map((one) => fetcher.offer(locate(one.digest), one.size)))
      return offers.filter((offer) => offer !== undefined).length
    }
    await expect.poll(offered, { timeout: 120_000, interval: 500 }).toBe(2)
    fetcher.close()

    const recoded = await importFrom(image, locate)
    expect(recoded.recoded).toMatchObject({ layers: 2 })
    expect(recoded.recoded.bytes).toBeLessThan(recoded.recoded.insteadOf)
    expect([recoded.mergeCommit, recoded.layerCommits]).toEqual([plain.mergeCommit, plain.layerCommits])
    // People see the bytes that the manifest tells of.
    expect([recoded.bytes, recoded.totalBytes]).toEqual([plain.bytes, plain.totalBytes])

    for (const layer of manifest.layers) {
      const body = join(folder, 'body')
      const url = `${server.https}/v2/os/web/blobs/${layer.digest}`
      for (const more of [[], ['-H', 'Accept-Encoding: zstd, gzip'], ['-H', 'Accept: */*']]) {
        await run('curl', ['-sf', '--cacert', join(certificates, 'ca.crt'), '-o', body, ...more, url])
        expect(digestOf(await readFile(body))).toBe(layer.digest)
      }
    }
    const copy = join(folder, 'copy')
    await run('skopeo', ['copy', '--quiet', '--preserve-digests', '--src-cert-dir', certificates, `docker://${host}/os/web:1`, `oci:${copy}:1`]) // prettier-ignore
    for (const layer of manifest.layers) {
      expect(digestOf(await readFile(join(copy, 'blobs/sha256', layer.digest.slice(7))))).toBe(layer.digest)
    }
    link.close()
  }, 240_000)
})

describe('a layer that a server offers as zstd', () => {
  const image = makeImage([
    [
      { path: './usr/', type: 'directory' },
      { path: './usr/one', content: TEXT },
    ],
  ])
  const layer = image.manifest.layers[0]!
  const gzip = image.blobs.get(layer.digest)!
  const right = zstdCompressSync(gunzipSync(gzip))

  /** Answers HEAD, and GET with `send`, for whoever asks by name; the layer itself for all others. */
  async function imported(variant: Buffer, send?: (response: ServerResponse, body: Buffer, start: number) => void) {
    await using server = await serveBlobs(image.blobs)
    const asked: string[] = []
    server.interfere = (_, { method, headers }, response) => {
      const isOffer = headers.accept === ZSTD_LAYER
      asked.push([method, isOffer ? 'zstd' : 'gzip', headers.range, headers['if-range']].filter(Boolean).join(' '))
      if (!isOffer) return false
      const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
      const size = variant.length
      response.statusCode = start > 0 ? 206 : 200
      response.setHeaders(
        new Map([
          ['content-type', ZSTD_LAYER],
          ['content-length', String(size - start)],
          ['docker-content-digest', digestOf(variant)],
          ['etag', '"tag"'],
          ...(start > 0 ? ([['content-range', `bytes ${start}-${size - 1}/${size}`]] as const) : []),
        ]),
      )
      if (method === 'HEAD') response.end()
      else if (send) send(response, variant, start)
      else response.end(variant.subarray(start))
      return true
    }
    const result = await importFrom(image, (digest) => ({ ...server.source(digest), offers: ZSTD_LAYER }))
    return { commit: result.mergeCommit, recoded: result.recoded.layers, asked }
  }

  it('goes on by range when the connection breaks', async () => {
    const { commit: wanted } = await imported(Buffer.alloc(layer.size + 1))
    let breaks = 1
    const { commit, recoded, asked } = await imported(right, (response, body, start) => {
      if (breaks-- > 0) response.write(body.subarray(start, 100), () => setTimeout(() => response.destroy(), 50))
      else response.end(body.subarray(start))
    })
    expect([commit, recoded]).toEqual([wanted, 1])
    expect(asked).toEqual(['HEAD zstd', 'GET zstd', 'GET zstd bytes=100- "tag"'])
  })

  it.each([
    ['is another tar', zstdCompressSync(Buffer.from('no tar')), undefined],
    ['is no zstd', Buffer.from('no zstd'), undefined],
    ['is not what its digest says', right, (response: ServerResponse) => response.end(Buffer.alloc(right.length))],
    ['is gone', right, (response: ServerResponse) => response.writeHead(404).end()],
    [
      'is something else when it is fetched',
      right,
      (response: ServerResponse, body: Buffer) => response.setHeader('etag', '"other"').end(body),
    ],
  ])('is taken as it is in the image when the zstd %s', async (_, variant, send) => {
    const { commit, recoded, asked } = await imported(variant, send)
    const plain = await imported(Buffer.alloc(layer.size + 1))
    expect([commit, recoded]).toEqual([plain.commit, 0])
    expect(asked).toEqual(['HEAD zstd', 'GET zstd', 'GET gzip'])
    // What would be longer than the layer is no offer.
    expect(plain.asked).toEqual(['HEAD zstd', 'GET gzip'])
  })
})
