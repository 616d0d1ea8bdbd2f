// What needs no provider; the way to a real one and back is in test/interop/oidc.test.ts.
import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { OidcLogins } from '../../../../server/core/oidc-logins.ts'
import { LoginGuard } from '../../../../server/core/login-guard.ts'
import { oidcRoutes } from '../../../../server/http/api/oidc.ts'
import type { HttpEnv } from '../../../../server/http/context.ts'
import { problemPage } from '../../../../server/http/problem-page.ts'
import { testCore } from '../../../helpers/store-fakes.ts'
import { problemOf, testServer } from '../support.ts'

const BEGIN = '/api/v1/login/oidc'
const NOBODY = { as: 'nobody' }
const PAGE = { as: 'nobody', headers: { accept: 'text/html' } }

it('is not there without [oidc]', async () => {
  const { call } = await testServer()
  expect(await (await call('GET', '/api/v1/login/options', NOBODY)).json()).toEqual({ oidc: null })
  for (const path of [BEGIN, `${BEGIN}/callback?code=c&state=s`]) {
    expect(await problemOf(call('GET', path, NOBODY))).toMatchObject({ status: 404, code: 'NOT_FOUND' })
  }
})

it('tells people by a page what went wrong, whatever is in it', async () => {
  const { call } = await testServer()
  const answer = await call('GET', `${BEGIN}?to=${encodeURIComponent('//<script>')}`, PAGE)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8'])
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const text = await answer.text()
  expect(text).toContain('must be a path of this server')
  expect(text).not.toContain('<script>')
})

it('keeps what the login needs in a sealed cookie that is good for one answer', async () => {
  const core = testCore()
  const checks = { state: 'the-state', nonce: 'the-nonce', verifier: 'the-verifier' }
  const asked: string[] = []
  const provider = {
    begin: async (redirectUri: string) => {
      asked.push(redirectUri)
      return { url: 'https://login.test/auth', checks }
    },
    finish: async () => ({ identity: { issuer: 'https://login.test', subject: '1' }, name: 'ann', values: ['all'] }),
  }
  const oidc = new OidcLogins(
    { ...core.store, ...core, users: core.store.users, guard: new LoginGuard(core.clock), provider },
    { name: 'Test', claim: 'groups', roles: [{ value: 'all', role: 'viewer' }] },
  )
  const app = new Hono<HttpEnv>().route('/api/v1', oidcRoutes({ oidc })).onError(problemPage)
  const begun = await app.request(`https://landfall.test:8443${BEGIN}?to=/machines%3Fq=1`)
  expect([begun.status, begun.headers.get('location')]).toEqual([302, 'https://login.test/auth'])
  expect(asked).toEqual([`https://landfall.test:8443${BEGIN}/callback`])
  const [cookie = ''] = begun.headers.getSetCookie()
  expect(cookie).toMatch(/^__Host-landfall-oidc=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  expect(cookie).not.toContain('the-')

  const back = (sealed: string) =>
    app.request(`https://landfall.test:8443${BEGIN}/callback?code=c&state=the-state`, { headers: { cookie: sealed } })
  const done = await back(cookie.split(';')[0]!)
  expect([done.status, done.headers.get('location')]).toEqual([302, '/machines?q=1'])
  expect(done.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-landfall-oidc=; Max-Age=0; /),
    expect.stringMatching(/^__Host-landfall=lfu_[\w-]+; .*SameSite=Strict$/),
  ])
  for (const other of ['', '__Host-landfall-oidc=abc', cookie.split(';')[0]!.slice(0, -3)]) {
    expect((await problemOf(back(other))).code).toBe('LOGIN_REFUSED')
  }
})
