import { describe, expect, it } from 'vitest'
import { problemOf, testServer } from '../support.ts'
import type { TestServer } from '../support.ts'

async function logIn(server: TestServer, token: string) {
  const response = await server.call('POST', '/api/v1/login', { as: 'nobody', json: { token } })
  const cookie = response.headers.get('set-cookie') ?? ''
  return { response, cookie, pair: cookie.split(';')[0] ?? '' }
}

describe('login', () => {
  it('turns the one-time secret into a session, once', async () => {
    const server = await testServer()
    const secret = server.tokens.issueLoginSecret()
    const { response, cookie, pair } = await logIn(server, secret)
    expect(await response.json()).toEqual({
      name: 'admin',
      role: 'admin',
      scope: null,
      by: 'link',
      expiresAt: '2026-02-07T12:00:00.000Z',
    })
    expect(cookie).toMatch(/^__Host-landfall=lfu_[\w-]+; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Strict$/)
    const session = await server.call('GET', '/api/v1/session', { as: 'nobody', headers: { cookie: pair } })
    expect(await session.json()).toMatchObject({ name: 'admin' })

    const again = await logIn(server, secret)
    expect(await problemOf(again.response)).toMatchObject({ status: 401, code: 'LOGIN_REFUSED' })
    expect(server.events.recent({ types: ['login', 'login.refused'] }).map(({ type }) => type)).toEqual([
      'login.refused',
      'login',
    ])
  })

  it('takes an API token and gives its role', async () => {
    const server = await testServer()
    const { pair } = await logIn(server, server.secrets.viewer)
    const headers = { cookie: pair }
    expect((await server.call('GET', '/api/v1/system', { as: 'nobody', headers })).status).toBe(200)
    expect((await server.call('GET', '/api/v1/tokens', { as: 'nobody', headers })).status).toBe(403)
  })

  it('slows guessing down', async () => {
    const server = await testServer()
    for (let guess = 0; guess < 5; guess++) expect((await logIn(server, `lfl_${guess}`)).response.status).toBe(401)
    const { response } = await logIn(server, server.secrets.admin)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await problemOf(response)).toMatchObject({ status: 429, code: 'TOO_MANY_ATTEMPTS' })
  })

  it('ends with logout', async () => {
    const server = await testServer()
    const { pair } = await logIn(server, server.secrets.admin)
    const headers = { cookie: pair, 'sec-fetch-site': 'same-origin' }
    const out = await server.call('POST', '/api/v1/logout', { as: 'nobody', headers })
    expect([out.status, out.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')])
    expect((await server.call('GET', '/api/v1/session', { as: 'nobody', headers })).status).toBe(401)
  })
})

describe('writes by cookie', () => {
  it.each([
    ['our own page', { 'sec-fetch-site': 'same-origin' }, 201],
    ['our own page in an older browser', { origin: 'https://landfall.test', host: 'landfall.test' }, 201],
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://landfall.test', host: 'landfall.test' }, 403],
    ['another port of this host', { 'sec-fetch-site': 'same-site' }, 403],
    ['another origin', { origin: 'https://evil.test', host: 'landfall.test' }, 403],
    ['a sandboxed frame', { origin: 'null', host: 'landfall.test' }, 403],
    ['who does not say', {}, 403],
  ])('from %s', async (_, headers, status) => {
    const server = await testServer()
    const { pair } = await logIn(server, server.secrets.operator)
    const response = await server.call('POST', '/api/v1/machines', {
      as: 'nobody',
      json: { macs: ['52:54:00:00:00:01'] },
      headers: { ...headers, cookie: pair },
    })
    expect(response.status).toBe(status)
    if (status === 403) expect((await problemOf(response)).code).toBe('CROSS_ORIGIN')
  })
})

describe('tokens', () => {
  it('show their secret once, work, and end when revoked', async () => {
    const { call } = await testServer()
    const made = (await (await call('POST', '/api/v1/tokens', { json: { name: 'ci', role: 'operator' } })).json()) as {
      id: string
      secret: string
    }
    const list = await (await call('GET', '/api/v1/tokens')).text()
    expect(list).toContain('"ci"')
    expect(list).not.toContain(made.secret)
    expect((await call('GET', '/api/v1/machines', { as: made.secret })).status).toBe(200)
    expect((await call('DELETE', `/api/v1/tokens/${made.id}`)).status).toBe(204)
    expect((await call('GET', '/api/v1/machines', { as: made.secret })).status).toBe(401)
    expect(await problemOf(call('DELETE', `/api/v1/tokens/${made.id}`))).toMatchObject({
      status: 404,
      code: 'TOKEN_NOT_FOUND',
    })
  })
})
