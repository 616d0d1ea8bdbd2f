import { describe, expect, it } from 'vitest'
import type { Profile } from '../../../../server/contract/machine.ts'
import { CoreError } from '../../../../server/core/errors.ts'
import { problemOf, SYSTEM, testServer } from '../support.ts'

describe('profiles', () => {
  it('are added, listed, changed in part, and removed', async () => {
    const { call } = await testServer()
    const made = (await (
      await call('POST', '/api/v1/profiles', {
        as: 'operator',
        json: { name: 'web', selector: { role: 'web' }, priority: 5, spec: { image: 'os/web:stable' } },
      })
    ).json()) as Profile
    const path = `/api/v1/profiles/${made.id}`
    const changed = await (await call('PATCH', path, { json: { spec: { hostname: 'x' } } })).json()
    expect(changed).toEqual({ ...made, spec: { hostname: 'x' }, revision: 2 })
    expect(await (await call('GET', '/api/v1/profiles')).json()).toEqual({ items: [changed] })
    const { id, revision, ...same } = made
    expect(await problemOf(call('POST', '/api/v1/profiles', { json: same }))).toMatchObject({ status: 409 })
    expect(await problemOf(call('PATCH', path, { json: { revision } }))).toMatchObject({ status: 400 })
    expect(await problemOf(call('PATCH', path, { json: { id } }))).toMatchObject({ status: 400 })
    expect((await call('DELETE', path)).status).toBe(204)
    expect(await problemOf(call('GET', path))).toMatchObject({ status: 404, code: 'PROFILE_NOT_FOUND' })
  })
})

describe('the server', () => {
  it('tells about itself and its leases', async () => {
    const { call } = await testServer()
    expect(await (await call('GET', '/api/v1/system', { as: 'viewer' })).json()).toEqual(SYSTEM)
    expect(await (await call('GET', '/api/v1/leases', { as: 'viewer' })).json()).toEqual({ items: [] })
  })

  it('answers a full disk with 507 and a broken program with 500 that tells nothing', async () => {
    const server = await testServer()
    const failing = (error: Error) => {
      server.profiles.list = () => {
        throw error
      }
      return problemOf(server.call('GET', '/api/v1/profiles'))
    }
    expect(await failing(new CoreError('STORE_FULL', 'the disk is full', { hint: 'make room' }))).toMatchObject({
      status: 507,
      code: 'STORE_FULL',
      hint: 'make room',
    })
    expect(await failing(new CoreError('STORE_UNAVAILABLE', 'read-only'))).toMatchObject({ status: 503 })
    const internal = await failing(new Error('/secret/path'))
    expect(internal).toMatchObject({ status: 500, code: 'INTERNAL' })
    expect(JSON.stringify(internal)).not.toContain('secret')
  })

  it('gives browsers strict rules, and no HSTS while its CA may be unknown', async () => {
    const { call } = await testServer()
    const { headers } = await call('GET', '/machines', { as: 'nobody' })
    expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('strict-transport-security')).toBeNull()
  })

  it('serves the page, the registry and health to anybody', async () => {
    const { call } = await testServer()
    expect(await (await call('GET', '/machines/x', { as: 'nobody' })).text()).toContain('page')
    expect((await call('GET', '/v2/', { as: 'nobody' })).status).toBe(401)
    expect((await call('GET', '/v2/token', { as: 'nobody' })).status).toBe(200)
    expect(await (await call('GET', '/v2/', { as: 'viewer' })).json()).toEqual({})
    expect((await call('GET', '/livez', { as: 'nobody' })).status).toBe(200)
    expect(await problemOf(call('POST', '/machines', { as: 'nobody' }))).toMatchObject({ status: 404 })
  })
})

describe('events', () => {
  async function read(response: Response): Promise<string> {
    const reader = response.body!.getReader()
    const decoder = new TextDecoder()
    const greeting = decoder.decode((await reader.read()).value)
    const first = decoder.decode((await reader.read()).value)
    await reader.cancel()
    return greeting + first
  }

  it('go on after ?after=, and after Last-Event-ID before that', async () => {
    const { call, events } = await testServer()
    const numbers = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
    const response = await call('GET', '/api/v1/events?after=1', { as: 'viewer' })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(numbers(await read(response))).toEqual([2, 3, 4])
    const resumed = await call('GET', '/api/v1/events?after=1', { headers: { 'last-event-id': '2' } })
    expect(numbers(await read(resumed))).toEqual([3, 4])
    const fresh = read(await call('GET', '/api/v1/events'))
    events.append({ type: 'server.warning', message: 'new' })
    expect(numbers(await fresh)).toEqual([5])
  })

  it('end when the server stops', async () => {
    const { call, stopping } = await testServer()
    const response = await call('GET', '/api/v1/events')
    stopping.abort()
    expect(await response.text()).toBe('retry: 2000\n\n')
  })
})
