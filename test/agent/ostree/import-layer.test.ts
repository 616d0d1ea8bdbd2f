// What proves a layer, and that no commit is written without it. Whole images and what comes of them: test/interop/ostree-import.test.ts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FILTER_DEFAULTS } from '../../../boot-assets/agent/ostree/filter.ts'
import { importLayer } from '../../../boot-assets/agent/ostree/import-layer.ts'
import type { ImportedLayer, LayerJob } from '../../../boot-assets/agent/ostree/import-layer.ts'
import { Repo } from '../../../boot-assets/agent/ostree/repo.ts'
import { BlobFetcher } from '../../../boot-assets/agent/stream/blob-source.ts'
import { StreamError } from '../../../boot-assets/agent/stream/errors.ts'
import { ZSTD_LAYER } from '../../../server/oci/media-types.ts'
import { digestOf } from '../../../server/oci/verify.ts'
import { writeTar } from '../stream/tar-writer.ts'

const TAR = writeTar([{ path: 'usr/greeting', content: 'hello' }])
const OTHER = writeTar([{ path: 'usr/greeting', content: 'hollo' }])

let folder: string
let repo: Repo
let server: Server | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-layer-'))
  repo = Repo.init(join(folder, 'repo'))
})
afterEach(() => {
  server?.close()
  server = undefined
  rmSync(folder, { recursive: true })
})

function job(blob: Buffer, more: Partial<LayerJob> = {}): LayerJob {
  const file = join(folder, 'blob')
  writeFileSync(file, blob)
  return {
    digest: digestOf(blob),
    size: blob.length,
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    diffId: digestOf(TAR),
    isVouchedFor: false,
    role: 'derived',
    source: { urls: [pathToFileURL(file).href] },
    filter: FILTER_DEFAULTS,
    ...more,
  }
}

async function take(order: LayerJob): Promise<ImportedLayer> {
  const fetcher = new BlobFetcher()
  try {
    return await importLayer(repo, order, fetcher, () => {})
  } finally {
    fetcher.close()
  }
}

const commits = (): string[] => [...repo.objects()].filter(({ kind }) => kind === 'commit').map(({ sum }) => sum)

describe('a layer as the image has it', () => {
  it('must have its digest, whoever vouches for it', async () => {
    for (const isVouchedFor of [false, true]) {
      // Same length, so that nothing but the digest can tell.
      const order = job(OTHER, { digest: digestOf(TAR), diffId: digestOf(OTHER), isVouchedFor })
      await expect(take(order)).rejects.toThrowWithCode(StreamError, 'DIGEST_MISMATCH')
    }
    expect(commits()).toEqual([])
  })

  it('must unpack to its diff-id, unless the server saw that it does', async () => {
    const blob = gzipSync(TAR)
    const diffId = digestOf(OTHER)
    await expect(take(job(blob, { diffId }))).rejects.toThrowWithCode(StreamError, 'DIFFID_MISMATCH')
    expect(commits()).toEqual([])
    const proven = await take(job(blob))
    const vouchedFor = await take(job(blob, { diffId, isVouchedFor: true }))
    expect(vouchedFor.commit).toBe(proven.commit)
  })
})

describe('zstd that a server has instead of a layer', () => {
  async function offering(instead: Buffer, digest: string): Promise<string> {
    server = createServer((request, response) => {
      const type = { 'content-type': ZSTD_LAYER, 'content-length': instead.length, etag: '"zstd"' }
      response.writeHead(200, { ...type, 'docker-content-digest': digest })
      response.end(request.method === 'HEAD' ? undefined : instead)
    })
    await new Promise<void>((listening) => server!.listen(0, '127.0.0.1', listening))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/blob`
  }

  it.each([
    ['is taken for what it unpacks to, whatever the server says of its digest', TAR, (own: boolean) => own],
    ['is left for the layer if it unpacks to something else', OTHER, (own: boolean) => !own],
  ])('%s', async (_, content, isRight) => {
    const instead = zstdCompressSync(content)
    const plain = job(Buffer.concat([gzipSync(TAR), Buffer.alloc(4096)]))
    const url = await offering(instead, digestOf(OTHER))
    const source = { urls: [url, ...plain.source.urls], offers: ZSTD_LAYER }
    for (const isVouchedFor of [false, true]) {
      const layer = take({ ...plain, isVouchedFor, source })
      // The first address has nothing but zstd: who needs the layer itself finds it wrong there.
      if (isRight(true)) expect((await layer).recodedBytes).toBe(instead.length)
      else await expect(layer).rejects.toThrow(/blob/)
    }
    expect(commits()).toHaveLength(isRight(true) ? 1 : 0)
  })
})
