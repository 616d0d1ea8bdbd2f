// Pushing, by the endpoints of the distribution specification 1.1.
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OciError } from '../../../../server/oci/errors.ts'
import { digestOf } from '../../../../server/oci/verify.ts'
import { fixtureImage, fixtureIndex } from '../../../helpers/image-fixtures.ts'
import { testRegistry } from '../../../helpers/registry.ts'
import type { TestRegistry } from '../../../helpers/registry.ts'
import { OCI, OCI_INDEX, pushBlob, pushBlobs, pushImage, pushManifest, referrer, refusal } from './support.ts'

const BYTES = Buffer.from('0123456789')
const DIGEST = digestOf(BYTES)

async function begin({ call }: TestRegistry, query = ''): Promise<string> {
  const response = await call('POST', `/v2/os/web/blobs/uploads/${query}`)
  expect(response.status).toBe(202)
  expect(response.headers.get('docker-upload-uuid')).toMatch(/^[0-9a-f-]{36}$/)
  return response.headers.get('location')!
}

const leftovers = ({ folder }: TestRegistry) => readdir(join(folder, 'uploads'))

describe('push of a blob', () => {
  it('end-4a, end-6: in two requests', async () => {
    const registry = await testRegistry()
    const location = await begin(registry)
    const done = await registry.call('PUT', `${location}?digest=${DIGEST}`, { body: BYTES })
    expect(done.status).toBe(201)
    expect(done.headers.get('docker-content-digest')).toBe(DIGEST)
    expect(await (await registry.call('GET', done.headers.get('location')!)).text()).toBe('0123456789')
    expect(await leftovers(registry)).toEqual([])
  })

  it('end-4b: in one request', async () => {
    const registry = await testRegistry()
    const path = `/v2/os/web/blobs/uploads/?digest=${DIGEST}`
    const done = await registry.call('POST', path, { body: BYTES, headers: { 'content-length': '10' } })
    expect([done.status, done.headers.get('location')]).toEqual([201, `/v2/os/web/blobs/${DIGEST}`])
  })

  it('end-4c: by its sha512, told before or at the end', async () => {
    const registry = await testRegistry()
    const digest = digestOf(BYTES, 'sha512')
    for (const query of ['?digest-algorithm=sha512', '']) {
      const location = await begin(registry, query)
      expect((await registry.call('PATCH', location, { body: BYTES })).status).toBe(202)
      expect((await registry.call('PUT', `${location}?digest=${digest}`)).status).toBe(201)
      expect(await (await registry.call('GET', `/v2/os/web/blobs/${digest}`)).text()).toBe('0123456789')
    }
    const unknown = registry.call('POST', '/v2/os/web/blobs/uploads/?digest-algorithm=md5')
    expect(await refusal(unknown)).toEqual([400, 'DIGEST_INVALID'])
  })

  it('end-5, end-6: in pieces, the last one with the digest or without', async () => {
    const registry = await testRegistry()
    for (const last of [true, false]) {
      const location = await begin(registry)
      const piece = (method: string, path: string, from: number, to: number) =>
        registry.call(method, path, {
          body: BYTES.subarray(from, to + 1),
          headers: { 'content-range': `${from}-${to}`, 'content-length': String(to - from + 1) },
        })
      const first = await piece('PATCH', location, 0, 3)
      expect([first.status, first.headers.get('range')]).toEqual([202, '0-3'])
      const second = await piece('PATCH', first.headers.get('location')!, 4, last ? 6 : 9)
      expect(second.headers.get('range')).toBe(last ? '0-6' : '0-9')
      const end = `${location}?digest=${DIGEST}`
      expect((await (last ? piece('PUT', end, 7, 9) : registry.call('PUT', end))).status).toBe(201)
    }
    expect(await leftovers(registry)).toEqual([])
  })

  it('end-5, end-6: refuses pieces out of order, and tells where to go on', async () => {
    const registry = await testRegistry()
    const location = await begin(registry)
    const put = (method: string, path: string, range: string, body: Buffer) =>
      registry.call(method, path, { body, headers: { 'content-range': range } })
    expect((await put('PATCH', location, '1-3', BYTES.subarray(1, 4))).status).toBe(416)
    await put('PATCH', location, '0-3', BYTES.subarray(0, 4))
    for (const method of ['PATCH', 'PUT']) {
      const again = await put(method, `${location}?digest=${DIGEST}`, '0-3', BYTES.subarray(0, 4))
      expect([again.status, again.headers.get('range'), again.headers.get('location')]).toEqual([416, '0-3', location])
    }
    expect(await refusal(put('PATCH', location, 'four-nine', BYTES.subarray(4)))).toEqual([400, 'BLOB_UPLOAD_INVALID'])
    const wrongLength = registry.call('PATCH', location, {
      body: BYTES.subarray(4),
      headers: { 'content-range': '4-8', 'content-length': '6' },
    })
    expect(await refusal(wrongLength)).toEqual([400, 'SIZE_INVALID'])
    await put('PATCH', location, '4-9', BYTES.subarray(4))
    expect((await registry.call('PUT', `${location}?digest=${DIGEST}`)).status).toBe(201)
  })

  it('end-6: refuses content of another digest, and keeps nothing of it', async () => {
    const registry = await testRegistry()
    const location = await begin(registry)
    const other = digestOf(Buffer.from('other'))
    const refused = registry.call('PUT', `${location}?digest=${other}`, { body: BYTES })
    expect(await refusal(refused)).toEqual([400, 'DIGEST_INVALID'])
    expect((await registry.call('HEAD', `/v2/os/web/blobs/${other}`)).status).toBe(404)
    expect((await registry.call('HEAD', `/v2/os/web/blobs/${DIGEST}`)).status).toBe(404)
    expect(await leftovers(registry)).toEqual([])
  })

  it.each(['', 'sha256:abc', 'md5:d41d8cd98f00b204e9800998ecf8427e'])('end-6: refuses digest "%s"', async (digest) => {
    const registry = await testRegistry()
    const location = await begin(registry)
    expect(await refusal(registry.call('PUT', `${location}?digest=${digest}`))).toEqual([400, 'DIGEST_INVALID'])
  })

  it('end-11: mounts what another repository holds', async () => {
    const registry = await testRegistry()
    await pushBlob(registry, 'os/web', BYTES)
    const mount = await registry.call('POST', `/v2/os/new/blobs/uploads/?mount=${DIGEST}&from=os/web`)
    expect([mount.status, mount.headers.get('location')]).toEqual([201, `/v2/os/new/blobs/${DIGEST}`])
    expect((await registry.call('HEAD', `/v2/os/new/blobs/${DIGEST}`)).status).toBe(200)
    expect((await registry.call('POST', `/v2/os/any/blobs/uploads/?mount=${DIGEST}`)).status).toBe(201)
  })

  it.each([
    ['the other repository lacks', `mount=${DIGEST}&from=os/none`],
    ['nobody has', `mount=sha256:${'0'.repeat(64)}&from=os/web`],
    ['a name that is none would hold', `mount=${DIGEST}&from=../x`],
  ])('end-11: begins an upload of what %s', async (_, query) => {
    const registry = await testRegistry()
    await pushBlob(registry, 'os/web', BYTES)
    const begun = await registry.call('POST', `/v2/os/new/blobs/uploads/?${query}`)
    expect([begun.status, begun.headers.get('location')]).toEqual([202, expect.stringContaining('/blobs/uploads/')])
  })

  it('end-13: tells how far an upload is, also to those who ask after a restart', async () => {
    const registry = await testRegistry()
    const location = await begin(registry)
    await registry.call('PATCH', location, { body: BYTES.subarray(0, 4) })
    const { UploadStore } = await import('../../../../server/oci/upload-store.ts')
    const { registryApp } = await import('../../../../server/oci/registry/app.ts')
    const { ACCESS } = await import('../../../helpers/registry.ts')
    const uploads = await UploadStore.open(registry.blobs)
    const restarted = registryApp({ ...registry, uploads, access: ACCESS })
    const headers = { authorization: 'Bearer pusher' }
    const state = await restarted.request(location, { headers })
    expect([state.status, state.headers.get('range')]).toEqual([204, '0-3'])
    const body = new Uint8Array(BYTES.subarray(4))
    const done = await restarted.request(`${location}?digest=${DIGEST}`, { method: 'PUT', headers, body })
    expect(done.status).toBe(201)
    expect(await (await restarted.request(`/v2/os/web/blobs/${DIGEST}`)).text()).toBe('0123456789')
  })

  it('end-14: is called off', async () => {
    const registry = await testRegistry()
    const location = await begin(registry)
    expect((await registry.call('DELETE', location)).status).toBe(204)
    expect(await leftovers(registry)).toEqual([])
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      expect(await refusal(registry.call(method, location))).toEqual([404, 'BLOB_UPLOAD_UNKNOWN'])
    }
  })

  it('end-5: belongs to its repository', async () => {
    const registry = await testRegistry()
    const location = await begin(registry)
    const elsewhere = location.replace('os/web', 'os/other')
    expect(await refusal(registry.call('PATCH', elsewhere, { body: BYTES }))).toEqual([404, 'BLOB_UPLOAD_UNKNOWN'])
  })

  it('that nobody continued is dropped after a day', async () => {
    const registry = await testRegistry()
    const location = await begin(registry)
    expect(await registry.uploads.expire(Date.now() + 23 * 3600_000)).toBe(0)
    expect(await registry.uploads.expire(Date.now() + 25 * 3600_000)).toBe(1)
    expect(await refusal(registry.call('GET', location))).toEqual([404, 'BLOB_UPLOAD_UNKNOWN'])
  })

  it('beyond the quota is refused with the reason, whichever way, and leaves nothing', async () => {
    const registry = await testRegistry({ maxBytes: 1000 })
    await pushBlob(registry, 'os/web', randomBytes(600))
    const large = randomBytes(500)
    const at = `/v2/os/web/blobs/uploads/?digest=${digestOf(large)}`
    const refused = await registry.call('POST', at, { body: large })
    expect(refused.status).toBe(507)
    expect(await refused.json()).toMatchObject({
      errors: [{ code: 'DENIED', message: expect.stringMatching(/1 kB.*400 B are left.*image gc/) }],
    })
    const location = await begin(registry)
    expect((await registry.call('PATCH', location, { body: large.subarray(0, 300) })).status).toBe(202)
    expect(await refusal(registry.call('PATCH', location, { body: large.subarray(300) }))).toEqual([507, 'DENIED'])
    expect(await refusal(registry.call('GET', location))).toEqual([404, 'BLOB_UPLOAD_UNKNOWN'])
    expect(await leftovers(registry)).toEqual([])
    await pushBlob(registry, 'os/web', randomBytes(400))
  })
})

describe('push of a manifest', () => {
  it('end-7a: by tag, and tells where it is', async () => {
    const changes: unknown[] = []
    const registry = await testRegistry({ onChange: (change) => changes.push(change) })
    const { manifest } = await pushImage(registry)
    const again = await pushManifest(registry, '/v2/os/web/manifests/2', manifest.bytes)
    expect(again.status).toBe(201)
    expect(again.headers.get('location')).toBe(`/v2/os/web/manifests/${manifest.digest}`)
    expect(again.headers.get('docker-content-digest')).toBe(manifest.digest)
    expect(changes.at(-1)).toEqual({
      type: 'pushed',
      repository: 'os/web',
      tag: '2',
      digest: manifest.digest,
      actor: 'token:pusher',
    })
  })

  it('end-7b: by digest, with tags', async () => {
    const registry = await testRegistry()
    const { manifest } = await pushImage(registry)
    const path = `/v2/os/web/manifests/${manifest.digest}`
    const response = await pushManifest(registry, `${path}?tag=a&tag=b`, manifest.bytes)
    expect([response.status, response.headers.get('oci-tag')]).toEqual([201, 'a, b'])
    expect(registry.records.tagsOf('os/web')).toEqual(['1', 'a', 'b'])
    expect(await refusal(pushManifest(registry, `${path}?tag=%2F`, manifest.bytes))).toEqual([400, 'MANIFEST_INVALID'])
  })

  it('end-7b: refuses another digest than the content has', async () => {
    const registry = await testRegistry()
    const { manifest } = await pushImage(registry)
    const path = `/v2/os/web/manifests/sha256:${'0'.repeat(64)}`
    expect(await refusal(pushManifest(registry, path, manifest.bytes))).toEqual([400, 'DIGEST_INVALID'])
  })

  it('end-7a: takes an index once its manifests are there', async () => {
    const registry = await testRegistry()
    const amd64 = await fixtureImage([{ a: 'x86' }])
    const arm64 = await fixtureImage([{ a: 'arm' }], { architecture: 'arm64' })
    const index = fixtureIndex([
      { image: amd64, architecture: 'amd64' },
      { image: arm64, architecture: 'arm64' },
    ])
    const push = () => pushManifest(registry, '/v2/os/web/manifests/1', index.bytes, { 'content-type': OCI_INDEX })
    for (const image of [amd64, arm64]) {
      expect(await refusal(push())).toEqual([404, 'MANIFEST_BLOB_UNKNOWN'])
      await pushBlobs(registry, 'os/web', image)
      await pushManifest(registry, `/v2/os/web/manifests/${image.manifest.digest}`, image.manifest.bytes)
    }
    expect((await push()).status).toBe(201)
    const pulled = await registry.call('GET', '/v2/os/web/manifests/1')
    expect(Buffer.from(await pulled.arrayBuffer())).toEqual(index.bytes)
  })

  it('end-7a: refuses what lacks a blob, names a wrong size, is no manifest or too large; nothing is tagged', async () => {
    const registry = await testRegistry()
    const image = await fixtureImage([{ a: 'one' }])
    const push = (bytes: Buffer) => pushManifest(registry, '/v2/os/web/manifests/1', bytes)
    const { bytes } = image.manifest
    expect(await refusal(push(bytes))).toEqual([404, 'MANIFEST_BLOB_UNKNOWN'])
    await pushBlobs(registry, 'os/web', image)
    const lying = Buffer.from(bytes.toString().replace(/"size":\d+/, '"size":7'))
    expect(await refusal(push(lying))).toEqual([400, 'SIZE_INVALID'])
    for (const bad of ['{}', 'no json', '{"schemaVersion":1}', '[]', 'null']) {
      expect(await refusal(push(Buffer.from(bad)))).toEqual([400, 'MANIFEST_INVALID'])
    }
    expect(await refusal(push(Buffer.alloc(4 * 2 ** 20 + 1, 0x20)))).toEqual([413, 'MANIFEST_INVALID'])
    const many = { ...(JSON.parse(bytes.toString()) as object), layers: Array(10_001).fill(descriptor(image)) }
    expect(await refusal(push(Buffer.from(JSON.stringify(many))))).toEqual([400, 'MANIFEST_INVALID'])
    expect(registry.records.tags()).toEqual([])
    expect((await push(bytes)).status).toBe(201)
  })

  it('end-7a: takes layers that are fetched elsewhere, and an image without layers', async () => {
    const registry = await testRegistry()
    const image = await fixtureImage([{ a: 'one' }])
    await pushBlobs(registry, 'os/web', image)
    const manifest = JSON.parse(image.manifest.bytes.toString()) as { layers: object[] }
    const foreign = {
      mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
      digest: `sha256:${'1'.repeat(64)}`,
      size: 1,
    }
    for (const layers of [[...manifest.layers, foreign], []]) {
      const bytes = Buffer.from(JSON.stringify({ ...manifest, layers }))
      expect((await pushManifest(registry, '/v2/os/web/manifests/1', bytes)).status).toBe(201)
    }
  })

  it('end-7a: keeps to If-Match and If-None-Match', async () => {
    const registry = await testRegistry()
    const { manifest } = await pushImage(registry)
    const push = (tag: string, condition: Record<string, string>) =>
      pushManifest(registry, `/v2/os/web/manifests/${tag}`, manifest.bytes, { 'content-type': OCI, ...condition })
    expect((await push('1', { 'if-none-match': '*' })).status).toBe(412)
    expect((await push('2', { 'if-none-match': '*' })).status).toBe(201)
    expect((await push('1', { 'if-match': '"sha256:other"' })).status).toBe(412)
    expect((await push('1', { 'if-match': `"${manifest.digest}"` })).status).toBe(201)
  })

  it('end-7a: tells by OCI-Subject that it knows what the manifest is about', async () => {
    const registry = await testRegistry()
    const { manifest } = await pushImage(registry)
    await pushBlob(registry, 'os/web', Buffer.from('{}'))
    const bytes = referrer({ digest: manifest.digest, size: manifest.bytes.length })
    const response = await pushManifest(registry, `/v2/os/web/manifests/${digestOf(bytes)}`, bytes)
    expect([response.status, response.headers.get('oci-subject')]).toEqual([201, manifest.digest])
    const early = referrer({ digest: `sha256:${'9'.repeat(64)}`, size: 3 })
    expect((await pushManifest(registry, '/v2/os/web/manifests/early', early)).status).toBe(201)
  })

  it('that the judge refuses is not there afterwards', async () => {
    const seen: unknown[] = []
    const registry = await testRegistry({
      judge: ({ repository, tags, mediaType }) => {
        seen.push({ repository, tags, mediaType })
        return Promise.reject(new OciError('MANIFEST_INVALID', 'not signed'))
      },
    })
    const image = await fixtureImage([{ a: 'one' }])
    await pushBlobs(registry, 'os/web', image)
    const refused = pushManifest(registry, '/v2/os/web/manifests/1', image.manifest.bytes)
    expect(await refusal(refused)).toEqual([400, 'MANIFEST_INVALID'])
    expect(seen).toEqual([{ repository: 'os/web', tags: ['1'], mediaType: OCI }])
    expect((await registry.call('GET', `/v2/os/web/manifests/${image.manifest.digest}`)).status).toBe(404)
  })
})

function descriptor({ layers: [layer] }: Awaited<ReturnType<typeof fixtureImage>>): object {
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: layer!.digest, size: layer!.bytes.length }
}
