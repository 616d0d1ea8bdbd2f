import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BlobStore } from '../../../server/oci/blob-store.ts'
import { ImageService } from '../../../server/oci/image-service.ts'
import { parseRange, registryApp } from '../../../server/oci/registry-app.ts'
import { fixtureImage, layoutFiles, tarOf } from '../../helpers/image-fixtures.ts'
import type { FixtureImage } from '../../helpers/image-fixtures.ts'
import { memoryImageRecords } from '../../helpers/image-records.ts'

let folder: string
let image: FixtureImage
let app: ReturnType<typeof registryApp>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-registry-'))
  const blobs = await BlobStore.open(folder)
  const records = memoryImageRecords()
  image = await fixtureImage([{ 'usr/a': 'one' }])
  const service = new ImageService(blobs, records)
  const tar = await tarOf(layoutFiles([{ image, name: '1' }]))
  await service.importArchive(Readable.from([tar]), 'os/web', () => {})
  app = registryApp(blobs, records)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('/v2/', () => {
  it('answers the version check', async () => {
    const response = await app.request('/v2/')
    expect(response.status).toBe(200)
    expect(response.headers.get('docker-distribution-api-version')).toBe('registry/2.0')
  })

  it.each(['GET', 'HEAD'])('serves a manifest by tag and digest (%s)', async (method) => {
    for (const reference of ['1', image.manifest.digest]) {
      const response = await app.request(`/v2/os/web/manifests/${reference}`, { method })
      expect(response.status).toBe(200)
      expect(response.headers.get('docker-content-digest')).toBe(image.manifest.digest)
      expect(response.headers.get('content-type')).toBe('application/vnd.oci.image.manifest.v1+json')
      expect(response.headers.get('content-length')).toBe(String(image.manifest.bytes.length))
      const body = Buffer.from(await response.arrayBuffer())
      expect(body).toEqual(method === 'HEAD' ? Buffer.alloc(0) : image.manifest.bytes)
    }
  })

  it('serves blobs whole and by range', async () => {
    const { digest, bytes } = image.layers[0]!
    const url = `/v2/os/web/blobs/${digest}`
    const whole = await app.request(url)
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(bytes)
    const part = await app.request(url, { headers: { range: 'bytes=10-' } })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-range')).toBe(`bytes 10-${bytes.length - 1}/${bytes.length}`)
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(10))
    const beyond = await app.request(url, { headers: { range: `bytes=${bytes.length}-` } })
    expect(beyond.status).toBe(416)
    expect(beyond.headers.get('content-range')).toBe(`bytes */${bytes.length}`)
  })

  it('lists tags', async () => {
    const response = await app.request('/v2/os/web/tags/list')
    expect(await response.json()).toEqual({ name: 'os/web', tags: ['1'] })
  })

  it.each([
    ['GET', '/v2/os/web/manifests/2', 404, 'MANIFEST_UNKNOWN'],
    ['GET', `/v2/other/manifests/1`, 404, 'MANIFEST_UNKNOWN'],
    ['GET', `/v2/os/web/blobs/sha256:${'0'.repeat(64)}`, 404, 'BLOB_UNKNOWN'],
    ['GET', '/v2/os/web/blobs/sha256:..%2f..%2fetc', 400, 'DIGEST_INVALID'],
    ['GET', '/v2/OS/manifests/1', 400, 'NAME_INVALID'],
    ['GET', '/v2/none/tags/list', 404, 'NAME_UNKNOWN'],
    ['POST', '/v2/os/web/blobs/uploads/', 405, 'UNSUPPORTED'],
    ['PUT', '/v2/os/web/manifests/1', 405, 'UNSUPPORTED'],
  ])('%s %s is %d %s', async (method, path, status, code) => {
    const response = await app.request(path, { method })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ errors: [{ code }] })
  })
})

describe('parseRange', () => {
  it.each([
    [undefined, undefined],
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=5-', { start: 5, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-30', { start: 0, end: 9 }],
    ['bytes=2-99', { start: 2, end: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=4-2', undefined],
    ['bytes=-', undefined],
    ['bytes=0-1,3-4', undefined],
    ['lines=0-1', undefined],
  ])('%s of 10 bytes', (header, want) => {
    expect(parseRange(header, 10)).toEqual(want)
  })
})
