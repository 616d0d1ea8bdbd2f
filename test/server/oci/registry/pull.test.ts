// Pulling, by the endpoints of the distribution specification 1.1.
import { describe, expect, it } from 'vitest'
import { testRegistry } from '../../../helpers/registry.ts'
import { OCI, pushBlob, pushImage, refusal } from './support.ts'

const NOWHERE = `sha256:${'0'.repeat(64)}`

describe('pull', () => {
  it('end-1: tells that the registry is here', async () => {
    const { call } = await testRegistry()
    const response = await call('GET', '/v2/')
    expect(response.status).toBe(200)
    expect(response.headers.get('docker-distribution-api-version')).toBe('registry/2.0')
  })

  it.each(['GET', 'HEAD'])('end-2: gives a blob whole, with digest and length (%s)', async (method) => {
    const registry = await testRegistry()
    const bytes = Buffer.from('some bytes')
    const digest = await pushBlob(registry, 'os/web', bytes)
    const response = await registry.call(method, `/v2/os/web/blobs/${digest}`, { as: 'nobody' })
    expect(response.status).toBe(200)
    expect(response.headers.get('docker-content-digest')).toBe(digest)
    expect(response.headers.get('content-length')).toBe('10')
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect(await response.text()).toBe(method === 'HEAD' ? '' : 'some bytes')
  })

  it('end-2: gives the empty blob', async () => {
    const registry = await testRegistry()
    const digest = await pushBlob(registry, 'os/web', Buffer.alloc(0))
    const response = await registry.call('GET', `/v2/os/web/blobs/${digest}`)
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  it('end-2: gives ranges, and says which there are', async () => {
    const registry = await testRegistry()
    const digest = await pushBlob(registry, 'os/web', Buffer.from('0123456789'))
    const range = (value: string, more = {}) =>
      registry.call('GET', `/v2/os/web/blobs/${digest}`, { headers: { range: value, ...more } })
    const part = await range('bytes=2-4')
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 2-4/10', '234'])
    expect(await (await range('bytes=-3')).text()).toBe('789')
    const beyond = await range('bytes=10-')
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */10'])
    expect((await range('bytes=2-4', { 'if-range': '"other"' })).status).toBe(200)
    expect((await range('bytes=2-4', { 'if-range': `"${digest}"` })).status).toBe(206)
  })

  it.each(['blobs', 'manifests'])('end-2, end-3: sends nothing to those who have it (%s)', async (kind) => {
    const registry = await testRegistry()
    const image = await pushImage(registry)
    const { digest } = kind === 'blobs' ? image.layers[0]! : image.manifest
    const headers = { 'if-none-match': `"other", W/"${digest}"` }
    const response = await registry.call('GET', `/v2/os/web/${kind}/${digest}`, { headers })
    expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([304, `"${digest}"`, ''])
  })

  it.each(['GET', 'HEAD'])('end-3: gives a manifest by tag and by digest as it was pushed (%s)', async (method) => {
    const registry = await testRegistry()
    const { manifest } = await pushImage(registry)
    for (const reference of ['1', manifest.digest, manifest.digest.replace(':', '%3A')]) {
      const response = await registry.call(method, `/v2/os/web/manifests/${reference}`, { as: 'nobody' })
      expect(response.status).toBe(200)
      expect(response.headers.get('docker-content-digest')).toBe(manifest.digest)
      expect(response.headers.get('content-type')).toBe(OCI)
      expect(response.headers.get('content-length')).toBe(String(manifest.bytes.length))
      const body = Buffer.from(await response.arrayBuffer())
      expect(body).toEqual(method === 'HEAD' ? Buffer.alloc(0) : manifest.bytes)
    }
  })

  it('end-2, end-3: shows a repository only what it holds itself', async () => {
    const registry = await testRegistry()
    const image = await pushImage(registry, 'os/web')
    expect(await refusal(registry.call('GET', `/v2/os/other/blobs/${image.config.digest}`))).toEqual([
      404,
      'BLOB_UNKNOWN',
    ])
    expect(await refusal(registry.call('GET', `/v2/os/other/manifests/${image.manifest.digest}`))).toEqual([
      404,
      'MANIFEST_UNKNOWN',
    ])
  })

  it.each([
    ['GET', '/v2/os/web/manifests/2', 404, 'MANIFEST_UNKNOWN'],
    ['GET', '/v2/other/manifests/1', 404, 'MANIFEST_UNKNOWN'],
    ['GET', `/v2/os/web/blobs/${NOWHERE}`, 404, 'BLOB_UNKNOWN'],
    ['GET', '/v2/os/web/blobs/sha256:..%2f..%2fetc', 400, 'DIGEST_INVALID'],
    ['GET', '/v2/os/web/manifests/..%2f..%2fetc', 404, 'MANIFEST_UNKNOWN'],
    ['PUT', '/v2/os/web/manifests/..%2f..%2fetc', 400, 'MANIFEST_INVALID'],
    ['GET', '/v2/OS/manifests/1', 400, 'NAME_INVALID'],
    ['GET', '/v2/os%2f..%2fweb/manifests/1', 400, 'NAME_INVALID'],
    ['GET', '/v2/os//web/manifests/1', 400, 'NAME_INVALID'],
    ['GET', '/v2/os/web', 404, 'UNSUPPORTED'],
    ['POST', '/v2/os/web/manifests/1', 405, 'UNSUPPORTED'],
    ['PUT', '/v2/os/web/tags/list', 405, 'UNSUPPORTED'],
  ])('%s %s is %d %s', async (method, path, status, code) => {
    const registry = await testRegistry()
    await pushImage(registry)
    expect(await refusal(registry.call(method, path))).toEqual([status, code])
  })
})
