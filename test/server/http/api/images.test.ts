import { describe, expect, it } from 'vitest'
import type { ImageProgress } from '../../../../server/contract/image.ts'
import type { ImageRoom } from '../../../../server/contract/image-upkeep.ts'
import { evictedEvent } from '../../../../server/http/registry-ports.ts'
import { fixtureImage, layoutFiles, tarOf } from '../../../helpers/image-fixtures.ts'
import { problemOf, testServer } from '../support.ts'
import type { TestServer } from '../support.ts'

async function lines(response: Response): Promise<ImageProgress[]> {
  expect(response.headers.get('content-type')).toBe('application/x-ndjson')
  const text = await response.text()
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ImageProgress)
}

async function upload(server: TestServer, tar: Buffer, query: string): Promise<ImageProgress[]> {
  const body = new Uint8Array(tar)
  return lines(
    await server.call('POST', `/api/v1/images/import${query}`, {
      as: 'operator',
      headers: { 'content-type': 'application/x-tar' },
      init: { body },
    }),
  )
}

describe('images', () => {
  it('are imported, listed, shown, pulled from, and removed', async () => {
    const server = await testServer()
    const tar = await tarOf(layoutFiles([{ image: await fixtureImage([{ 'etc/os-release': 'ID=test' }]) }]))
    const result = await upload(server, tar, '?as=os%2Fweb%3Astable')
    expect(result.at(-1)).toMatchObject({ type: 'done', image: { reference: 'os/web:stable' } })
    const path = '/api/v1/images/os%2Fweb%3Astable'
    expect(await (await server.call('GET', path)).json()).toMatchObject({ repository: 'os/web', tag: 'stable' })
    expect(await (await server.call('GET', '/api/v1/images')).json()).toMatchObject({
      items: [{ reference: 'os/web:stable' }],
    })
    expect((await server.call('GET', '/v2/os/web/manifests/stable', { as: 'nobody' })).status).toBe(200)
    expect((await server.call('DELETE', path)).status).toBe(204)
    expect(await problemOf(server.call('DELETE', path))).toMatchObject({ status: 404, code: 'IMAGE_NOT_FOUND' })
    expect(
      server.events.recent({ types: ['image.added', 'image.removed'] }).map(({ type, actor }) => [type, actor]),
    ).toEqual([
      ['image.removed', 'token:the-admin'],
      ['image.added', 'token:the-operator'],
    ])
  })

  it('have a room, and what went to make some is told, the newest first', async () => {
    const server = await testServer()
    const image = { repository: 'cache/web', digest: `sha256:${'a'.repeat(64)}`, usedAt: '2026-01-01T00:00:00.000Z' }
    for (const [tags, bytes] of [[['1'], 1000] as const, [[], 2000] as const]) {
      server.events.append(evictedEvent({ ...image, tags: [...tags], bytes, kept: null }))
    }
    const { storedBytes, maxBytes, evicted } = (await (
      await server.call('GET', '/api/v1/image-room')
    ).json()) as ImageRoom
    expect({ storedBytes, maxBytes }).toEqual({ storedBytes: 0, maxBytes: null })
    expect(evicted).toEqual([
      { at: expect.any(String), reference: `cache/web@${image.digest}`, bytes: 2000, usedAt: image.usedAt },
      { at: expect.any(String), reference: 'cache/web:1', bytes: 1000, usedAt: image.usedAt },
    ])
  })

  it('end a bad import with the reason', async () => {
    const server = await testServer()
    expect(await upload(server, Buffer.from('no tar at all'.repeat(100)), '')).toMatchObject([
      { type: 'failed', code: 'ARCHIVE_INVALID' },
    ])
    expect(server.events.recent({ types: ['image.added'] })).toEqual([])
  })

  it('refuse names before anything is sent', async () => {
    const { call } = await testServer()
    expect(await problemOf(call('POST', '/api/v1/images/import?as=BAD%20NAME'))).toMatchObject({
      status: 400,
      code: 'REFERENCE_INVALID',
    })
    for (const json of [{ reference: 'no registry' }, { reference: 'r.example/os/web:1', as: 'BAD NAME' }]) {
      expect(await problemOf(call('POST', '/api/v1/images/pull', { json }))).toMatchObject({ status: 400 })
    }
  })

  it('end a pull from nowhere with the reason', async () => {
    const { call } = await testServer()
    const response = await call('POST', '/api/v1/images/pull', {
      json: { reference: '127.0.0.1:1/os/web:stable', insecure: true },
    })
    expect((await lines(response)).at(-1)).toMatchObject({ type: 'failed', code: 'REGISTRY_UNREACHABLE' })
  })

  it('are named by tag', async () => {
    const { call } = await testServer()
    expect(
      await problemOf(call('GET', `/api/v1/images/${encodeURIComponent(`os/web@sha256:${'a'.repeat(64)}`)}`)),
    ).toMatchObject({ status: 400 })
    expect(await problemOf(call('GET', '/api/v1/images/%20'))).toMatchObject({ status: 400, code: 'REFERENCE_INVALID' })
    expect(await problemOf(call('GET', '/api/v1/images/web'))).toMatchObject({ status: 404 })
  })

  it('are deleted by tag or digest, collected and checked', async () => {
    const server = await testServer()
    const image = await fixtureImage([{ 'etc/os-release': 'ID=test' }])
    const tar = await tarOf(layoutFiles([{ image }]))
    for (const name of ['a', 'b']) await upload(server, tar, `?as=os%2Fweb%3A${name}`)
    const post = async (path: string, json: object) =>
      (await lines(await server.call('POST', path, { as: 'operator', json }))).at(-1)
    const held = async () => (await server.call('GET', `/v2/os/web/manifests/${image.manifest.digest}`)).status
    expect((await server.call('DELETE', '/api/v1/images/os%2Fweb%3Aa')).status).toBe(204)
    expect(await held()).toBe(200)
    expect(await post('/api/v1/images/fsck', {})).toEqual({
      type: 'done',
      report: { files: 3, bytes: expect.any(Number), problems: [] },
    })
    const byDigest = `/api/v1/images/${encodeURIComponent(`os/web@${image.manifest.digest}`)}`
    expect((await server.call('DELETE', byDigest)).status).toBe(204)
    expect((await server.call('DELETE', byDigest)).status).toBe(404)
    expect(await held()).toBe(404)
    expect(await post('/api/v1/images/gc', { dryRun: true })).toMatchObject({ report: { blobs: 3 } })
    expect(await post('/api/v1/images/gc', {})).toMatchObject({ report: { blobs: 3 } })
    expect(await post('/api/v1/images/fsck', {})).toMatchObject({ report: { files: 0 } })
  })

  it('are pushed by operators with their token as password, which is told', async () => {
    const server = await testServer()
    const { manifest, config, layers } = await fixtureImage([{ 'etc/os-release': 'ID=test' }])
    const push = (as: 'operator' | 'viewer', method: string, path: string, bytes: Buffer) =>
      server.call(method, path, {
        as: 'nobody',
        headers: { authorization: `Basic ${Buffer.from(`me:${server.secrets[as]}`).toString('base64')}` },
        init: { body: new Uint8Array(bytes) },
      })
    for (const { bytes, digest } of [config, ...layers]) {
      const path = `/v2/os/web/blobs/uploads/?digest=${digest}`
      expect((await push('viewer', 'POST', path, bytes)).status).toBe(403)
      expect((await push('operator', 'POST', path, bytes)).status).toBe(201)
    }
    expect((await push('operator', 'PUT', '/v2/os/web/manifests/1', manifest.bytes)).status).toBe(201)
    expect(await (await server.call('GET', '/api/v1/images/os%2Fweb%3A1')).json()).toMatchObject({
      digest: manifest.digest,
      platforms: [{ bootable: true }],
    })
    expect(server.events.recent({ types: ['image.added'] })).toMatchObject([
      { actor: 'token:the-operator', message: 'image os/web:1 was pushed' },
    ])
  })
})
