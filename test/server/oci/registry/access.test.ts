import { describe, expect, it } from 'vitest'
import { ACCESS, testRegistry } from '../../../helpers/registry.ts'
import { pushBlob, pushImage, refusal } from './support.ts'

const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`,
})

describe('access', () => {
  it('end-1: challenges whoever brings no credentials, for clients go by that in all that follows', async () => {
    const { call } = await testRegistry()
    const response = await call('GET', '/v2/', { as: 'nobody' })
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="http://localhost/v2/token",service="landfall"')
    expect(await refusal(response)).toEqual([401, 'UNAUTHORIZED'])
  })

  it.each(['pusher', 'puller'])('lets %s in by Basic, Bearer and a fetched token', async (secret) => {
    const { call } = await testRegistry()
    const fetched = await call('GET', '/v2/token?service=landfall&scope=repository:os/web:pull,push', {
      as: 'nobody',
      headers: basic(secret),
    })
    const { token, access_token, expires_in } = (await fetched.json()) as Record<string, string>
    expect([token, expires_in]).toEqual([access_token, 300])
    for (const authorization of [basic(secret).authorization, `Bearer ${secret}`, `Bearer ${token}`]) {
      const headers = { authorization }
      expect((await call('GET', '/v2/', { as: 'nobody', headers })).status).toBe(200)
      const push = await call('POST', '/v2/os/web/blobs/uploads/', { as: 'nobody', headers })
      expect(push.status).toBe(secret === 'pusher' ? 202 : 403)
    }
  })

  it('gives anybody a token that pulls what is public', async () => {
    const registry = await testRegistry()
    await pushImage(registry)
    await pushImage(registry, 'private/web')
    const { token } = (await (await registry.call('GET', '/v2/token', { as: 'nobody' })).json()) as { token: string }
    const headers = { authorization: `Bearer ${token}` }
    const get = (path: string) => registry.call('GET', path, { as: 'nobody', headers })
    expect((await get('/v2/')).status).toBe(200)
    expect((await get('/v2/os/web/manifests/1')).status).toBe(200)
    const refused = await get('/v2/private/web/manifests/1')
    expect(refused.headers.get('www-authenticate')).toContain('scope="repository:private/web:pull"')
    expect(await refusal(refused)).toEqual([401, 'UNAUTHORIZED'])
    const push = await registry.call('POST', '/v2/os/web/blobs/uploads/', { as: 'nobody', headers })
    expect(push.headers.get('www-authenticate')).toContain('scope="repository:os/web:pull,push"')
  })

  it('lets whoever comes for one repository pull from that one, and from public ones', async () => {
    const only = { actor: 'machine', may: ['pull'] as const, only: 'private/web' }
    const authenticate = (secret: string) => (secret === 'pull-token' ? only : ACCESS.authenticate(secret))
    const registry = await testRegistry({ access: { ...ACCESS, authenticate } })
    for (const name of ['os/web', 'private/web', 'private/other']) await pushImage(registry, name)
    const fetched = await registry.call('GET', '/v2/token', { as: 'nobody', headers: basic('pull-token') })
    const { token } = (await fetched.json()) as { token: string }
    for (const secret of ['pull-token', token]) {
      const headers = { authorization: `Bearer ${secret}` }
      const status = async (name: string) =>
        (await registry.call('GET', `/v2/${name}/manifests/1`, { as: 'nobody', headers })).status
      expect([await status('private/web'), await status('os/web'), await status('private/other')]).toEqual([
        200, 200, 403,
      ])
      expect((await registry.call('POST', '/v2/private/web/blobs/uploads/', { as: 'nobody', headers })).status).toBe(
        403,
      )
    }
  })

  it.each([
    ['Basic', basic('wrong')],
    ['Bearer', { authorization: 'Bearer wrong' }],
    ['a forged token', { authorization: 'Bearer eyJhY3RvciI6IngifQ.c2lnbmF0dXJl' }],
  ])('refuses a wrong secret even where none is needed (%s)', async (_, headers) => {
    const registry = await testRegistry()
    await pushImage(registry)
    for (const path of ['/v2/', '/v2/os/web/manifests/1']) {
      const response = registry.call('GET', path, { as: 'nobody', headers })
      expect(await refusal(response)).toEqual([401, 'UNAUTHORIZED'])
    }
  })

  it('ends with a token five minutes after it was fetched', async () => {
    let now = new Date('2026-01-31T12:00:00Z')
    const { call } = await testRegistry({ now: () => now })
    const fetched = await call('GET', '/v2/token', { as: 'nobody', headers: basic('pusher') })
    const { token } = (await fetched.json()) as { token: string }
    const headers = { authorization: `Bearer ${token}` }
    now = new Date('2026-01-31T12:04:59Z')
    expect((await call('GET', '/v2/', { as: 'nobody', headers })).status).toBe(200)
    now = new Date('2026-01-31T12:05:00Z')
    expect((await call('GET', '/v2/', { as: 'nobody', headers })).status).toBe(401)
  })

  it('lets nobody push or delete without credentials, nor pullers', async () => {
    const registry = await testRegistry()
    const { manifest } = await pushImage(registry)
    for (const [method, path] of [
      ['PUT', '/v2/os/web/manifests/2'],
      ['POST', '/v2/os/web/blobs/uploads/'],
      ['DELETE', `/v2/os/web/manifests/${manifest.digest}`],
    ] as const) {
      expect(await refusal(registry.call(method, path, { as: 'nobody' }))).toEqual([401, 'UNAUTHORIZED'])
      expect(await refusal(registry.call(method, path, { as: 'puller' }))).toEqual([403, 'DENIED'])
    }
    expect((await registry.call('HEAD', '/v2/os/web/manifests/1')).status).toBe(200)
  })

  it('end-11: gives nobody by mounting what they may not pull', async () => {
    const registry = await testRegistry({
      access: {
        authenticate: () => ({ actor: 'token:writer', may: ['push'] }),
        isPublic: (repository) => !repository.startsWith('private/'),
      },
    })
    const digest = await pushBlob(registry, 'private/web', Buffer.from('secret'))
    for (const from of ['&from=private/web', '']) {
      const mount = await registry.call('POST', `/v2/os/web/blobs/uploads/?mount=${digest}${from}`)
      expect(mount.status).toBe(202)
    }
  })

  it('without TLS is for pulls of what is public, and takes no credentials', async () => {
    const registry = await testRegistry({ publicOnly: true })
    const ask = async (method: string, path: string) => (await registry.call(method, path)).status
    expect(await ask('GET', '/v2/')).toBe(200)
    expect(await ask('GET', '/v2/token')).toBe(404)
    expect(await ask('POST', '/v2/os/web/blobs/uploads/')).toBe(405)
    expect(await ask('GET', '/v2/private/web/tags/list')).toBe(405)
    expect(await ask('GET', '/v2/os/web/tags/list')).toBe(404)
  })
})
