import { describe, expect, it } from 'vitest'
import { testUpstream } from '../../../helpers/upstream.ts'
import { pushImage } from '../../oci/registry/support.ts'
import { problemOf, testServer } from '../support.ts'

const PATH = '/api/v1/image-tracks/os%2Fweb%3A1'

describe('image tracks', () => {
  it('follow a registry, show their history, and end', async () => {
    const upstream = await testUpstream()
    const image = await pushImage(upstream.registry)
    const { call, tracks } = await testServer()
    const json = { reference: `${upstream.host}/os/web:1`, every: '6h', insecure: true }
    const created = await call('POST', '/api/v1/image-tracks', { as: 'operator', json })
    expect([created.status, await created.json()]).toMatchObject([201, { reference: 'os/web:1', every: '6h' }])
    await tracks.runDue()
    const { digest } = image.manifest
    expect(await (await call('GET', PATH, { as: 'viewer' })).json()).toMatchObject({
      track: { source: json.reference },
      digests: [{ digest, outcome: 'taken' }],
    })
    expect(await (await call('GET', '/api/v1/images/os%2Fweb%3A1')).json()).toMatchObject({
      digest,
      follows: { source: json.reference },
    })
    expect((await call('DELETE', PATH, { as: 'operator' })).status).toBe(204)
    expect(await problemOf(call('GET', PATH))).toMatchObject({ status: 404, code: 'IMAGE_NOT_FOUND' })
    expect(await (await call('GET', '/api/v1/image-tracks')).json()).toEqual({ items: [] })
  })

  it.each([
    ['no time', { reference: 'r.example/os/web:1', every: 'often' }],
    ['no time to wait', { reference: 'r.example/os/web:1', every: '0m' }],
    ['a digest', { reference: `r.example/os/web@sha256:${'a'.repeat(64)}`, as: 'web:1', every: '6h' }],
    ['no registry', { reference: 'os/web:1', every: '6h' }],
    ['a bad name', { reference: 'r.example/os/web:1', as: 'BAD NAME', every: '6h' }],
  ])('are refused with %s', async (_, json) => {
    const { call, tracks } = await testServer()
    expect(await problemOf(call('POST', '/api/v1/image-tracks', { json }))).toMatchObject({ status: 400 })
    expect(tracks.list()).toEqual([])
  })

  it('are for operators', async () => {
    const { call } = await testServer()
    const json = { reference: 'r.example/os/web:1', every: '6h' }
    expect(await problemOf(call('POST', '/api/v1/image-tracks', { as: 'viewer', json }))).toMatchObject({ status: 403 })
  })
})
