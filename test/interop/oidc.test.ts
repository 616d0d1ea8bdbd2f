// Logging in by a real OpenID provider at the real server: the whole way there and back, and each way that it can fail.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Session, User } from '../../server/contract/access.ts'
import type { AuditEntry } from '../../server/contract/audit.ts'
import { freePort } from '../../server/host/free-port.ts'
import { CALLBACK, CLIENT, oidcServer, PUBLIC_CLIENT, SmallBrowser, type OidcServer } from './oidc-server.ts'
import { serve, type Served } from './serve.ts'

const BEGIN = '/api/v1/login/oidc'
const ROLES = `
[[oidc.roles]]
value = "landfall-admins"
role = "admin"

[[oidc.roles]]
value = "rack-1"
role = "operator"
scope = { rack = "r1" }

[[oidc.roles]]
value = "everybody"
role = "viewer"
`

let folder: string
let ports: { http: number; https: number }
let provider: OidcServer
let server: Served

interface Settings {
  clientId?: string
  secret?: string | undefined
  ca?: boolean
}

/** Starts the server with these settings, in place of the one before. */
async function restart({ clientId = CLIENT.id, secret = CLIENT.secret, ca = true }: Settings = {}): Promise<void> {
  await server?.[Symbol.asyncDispose]()
  const lines = [
    '[oidc]',
    `issuer = "${provider.issuer}"`,
    `clientId = "${clientId}"`,
    'name = "Example"',
    'scopes = ["profile", "groups"]',
    ...(clientId === PUBLIC_CLIENT ? [] : [`clientSecretFile = "${join(folder, 'secret')}"`]),
    ...(ca ? [`ca = "${join(folder, 'provider.pem')}"`] : []),
    ROLES,
  ]
  await writeFile(join(folder, 'secret'), `${secret}\n`)
  await writeFile(join(folder, 'landfall.toml'), lines.join('\n'))
  server = await serve(join(folder, 'data'), { ports, flags: ['--config', join(folder, 'landfall.toml')] })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-oidc-'))
  ports = { http: await freePort(), https: await freePort() }
  provider = await oidcServer(`https://127.0.0.1:${ports.https}`)
  await writeFile(join(folder, 'provider.pem'), provider.ca)
  await restart()
}, 300_000)

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(() => {
  provider.tampering = {}
})

function browser(): SmallBrowser {
  return new SmallBrowser([server.access.ca, provider.ca])
}

function logIn(person: string, to = '/', by = browser()) {
  return by.travel(`${server.https}${BEGIN}?to=${encodeURIComponent(to)}`, person)
}

async function sessionOf(by: SmallBrowser): Promise<Session> {
  return (await (await by.request(`${server.https}/api/v1/session`)).json()) as Session
}

/** The page that a login ended with. */
async function refusal(person: string): Promise<{ status: number; text: string }> {
  const { answer } = await logIn(person)
  return { status: answer!.status, text: await answer!.text() }
}

async function audit(): Promise<AuditEntry> {
  const list = (await (await server.api('GET', '/api/v1/audit?limit=1')).json()) as { items: AuditEntry[] }
  return list.items[0]!
}

async function users(): Promise<User[]> {
  return ((await (await server.api('GET', '/api/v1/users')).json()) as { items: User[] }).items
}

describe('a login by an OpenID provider', { timeout: 300_000 }, () => {
  it('comes back to where it was begun, with role and scope of the claims', async () => {
    provider.groups.set('ann', ['rack-1', 'everybody'])
    const ann = browser()
    const { url } = await logIn('ann', '/machines?q=a%20b#top', ann)
    expect(url).toBe(`${server.https}/machines?q=a%20b#top`)
    expect(await sessionOf(ann)).toMatchObject({
      name: 'oidc:ann',
      role: 'operator',
      scope: { rack: 'r1' },
      by: 'oidc',
    })
    expect(await users()).toMatchObject([{ name: 'oidc:ann', issuer: provider.issuer, sessions: 1 }])
    expect(await audit()).toMatchObject({
      actor: 'user:oidc:ann',
      role: 'operator',
      action: `GET /login/oidc/callback`,
      result: 'done',
    })
  })

  it('asks by PKCE, state and nonce, and keeps all of them to itself', async () => {
    const asked = provider.requests.find((request) => request.startsWith('GET /auth?'))!
    const query = new URL(asked.split(' ')[1]!, provider.issuer).searchParams
    expect(query.get('code_challenge_method')).toBe('S256')
    expect(query.get('scope')).toBe('openid profile groups')
    for (const key of ['state', 'nonce', 'code_challenge']) {
      expect(query.get(key)!.length).toBeGreaterThan(40)
      expect(server.output).not.toContain(query.get(key))
    }
    expect(server.output).not.toMatch(/code=|the secret of landfall/)
  })

  it('takes role and scope anew each time, and ends what was open when there is none any more', async () => {
    const ann = browser()
    provider.groups.set('ann', ['landfall-admins'])
    await logIn('ann', '/', ann)
    expect(await sessionOf(ann)).toMatchObject({ role: 'admin', scope: null })
    provider.groups.set('ann', ['kitchen'])
    const { status, text } = await refusal('ann')
    expect([status, text]).toEqual([403, expect.stringContaining('groups is &quot;kitchen&quot;')])
    expect(text).toContain('NO_ROLE')
    expect((await ann.request(`${server.https}/api/v1/session`)).status).toBe(401)
    expect(await audit()).toMatchObject({ actor: 'user:oidc:ann', result: 'refused', code: 'NO_ROLE' })
  })

  it('refuses whoever is unknown to the roles, and whoever was shut out', async () => {
    expect(await refusal('nobody')).toMatchObject({ status: 403 })
    expect((await users()).map(({ name }) => name)).toEqual(['oidc:ann'])
    provider.groups.set('ann', ['everybody'])
    expect((await server.cli('user', 'update', 'oidc:ann', '--disable')).code).toBe(0)
    const { status, text } = await refusal('ann')
    expect([status, text]).toEqual([403, expect.stringContaining('USER_DISABLED')])
    expect((await server.cli('user', 'update', 'oidc:ann', '--enable')).code).toBe(0)
  })

  it('is never one of a local user, or of somebody else of that name', async () => {
    const local = { name: 'bob', password: 'correct horse battery', role: 'admin' }
    expect((await server.send('POST', '/api/v1/users', local)).status).toBe(201)
    for (const person of ['bob', 'bob+1']) {
      provider.groups.set(person, ['everybody'])
      const bob = browser()
      await logIn(person, '/', bob)
      expect(await sessionOf(bob)).toMatchObject({
        role: 'viewer',
        name: expect.stringMatching(/^oidc:bob(:\w{12})?$/),
      })
    }
    const bobs = (await users()).filter(({ name }) => name.includes('bob'))
    expect(bobs.map(({ role, issuer }) => [role, issuer])).toEqual([
      ['admin', null],
      ['viewer', provider.issuer],
      ['viewer', provider.issuer],
    ])
    const [, there] = bobs
    const patched = await server.send('PATCH', `/api/v1/users/${there!.id}`, { password: 'correct horse battery' })
    expect(patched.status).toBe(409)
    const login = { name: there!.name, password: 'correct horse battery' }
    expect((await server.send('POST', '/api/v1/login', login)).status).toBe(401)
  })

  it('signs out everywhere', async () => {
    const ann = browser()
    await logIn('ann', '/', ann)
    expect((await server.cli('user', 'sign-out', 'oidc:ann')).code).toBe(0)
    expect((await ann.request(`${server.https}/api/v1/session`)).status).toBe(401)
  })

  it.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/.//evil.example',
    '/\t/evil.example',
    'machines',
  ])('leads to no other server: %j', async (to) => {
    const answer = await browser().request(`${server.https}${BEGIN}?to=${encodeURIComponent(to)}`)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
  })
})

describe('an answer', { timeout: 300_000 }, () => {
  beforeEach(() => restart()) // forgets the failures before

  it('with another state, from another browser, or a second time counts for nothing', async () => {
    const ann = browser()
    const { url } = await ann.travel(`${server.https}${BEGIN}`, 'ann', CALLBACK)
    expect((await browser().request(url)).status).toBe(401)
    const jar = ann.cookies.get('127.0.0.1')!
    const pending = new Map(jar)
    const other = new URL(url)
    other.searchParams.set('state', 'x'.repeat(43))
    expect((await ann.request(other.href)).status).toBe(401)
    expect(jar.size).toBe(0) // good for one answer
    for (const [name, value] of pending) jar.set(name, value)
    expect((await ann.request(url)).status).toBe(302)

    for (const [name, value] of pending) jar.set(name, value)
    const replayed = await ann.request(url)
    expect([replayed.status, await replayed.text()]).toEqual([401, expect.stringContaining('CODE_REFUSED')])
    expect(await audit()).toMatchObject({ actor: 'anonymous', result: 'refused', code: 'CODE_REFUSED' })
  })

  it.each<[string, OidcServer['tampering'], string, number]>([
    ['with another nonce', { claims: (claims) => ({ ...claims, nonce: 'other' }) }, 'TOKEN_MISMATCH', 401],
    ['for another client', { claims: (claims) => ({ ...claims, aud: 'other' }) }, 'TOKEN_MISMATCH', 401],
    ['of another issuer', { claims: (claims) => ({ ...claims, iss: 'https://other.example' }) }, 'TOKEN_MISMATCH', 401],
    ['of the past', { claims: (claims) => ({ ...claims, iat: 1, exp: 3600 }) }, 'CLOCKS_DIFFER', 503],
    ['signed by nobody known', { foreignKey: true }, 'KEY_UNKNOWN', 503],
  ])('%s is refused', async (_, tampering, code, status) => {
    provider.tampering = tampering
    const page = await refusal('ann')
    expect([page.status, page.text]).toEqual([status, expect.stringContaining(code)])
    expect(page.text).toContain('Next: ')
    expect(await audit()).toMatchObject({ actor: 'anonymous', result: 'refused', code })
    expect(server.output).not.toMatch(/eyJ/)
  })

  it('that ends the login is told', async () => {
    const ann = browser()
    const start = await ann.request(`${server.https}${BEGIN}`)
    const state = new URL(start.headers.get('location')!).searchParams.get('state')!
    const query = new URLSearchParams({ error: 'access_denied', state, iss: provider.issuer })
    const denied = await ann.request(`${server.https}${CALLBACK}?${query.toString()}`)
    expect([denied.status, await denied.text()]).toEqual([403, expect.stringContaining('access_denied')])
  })
})

describe('a provider', { timeout: 300_000 }, () => {
  it('takes a public client, by PKCE alone', async () => {
    await restart({ clientId: PUBLIC_CLIENT })
    const ann = browser()
    await logIn('ann', '/', ann)
    expect(await sessionOf(ann)).toMatchObject({ name: 'oidc:ann' })
  })

  it('that has another secret is told apart', async () => {
    await restart({ secret: 'not the one they agreed on' })
    const { status, text } = await refusal('ann')
    expect([status, text]).toEqual([503, expect.stringContaining('oidc.clientSecretFile')])
    expect(await audit()).toMatchObject({ result: 'refused', code: 'CLIENT_REFUSED' })
    expect(server.output).not.toMatch(/not the one they|%20one%20they/)
  })

  it('by a CA nobody knows is told apart', async () => {
    await restart({ ca: false })
    const { status, text } = await refusal('ann')
    expect([status, text]).toEqual([503, expect.stringContaining('oidc.ca')])
  })

  it('that is down keeps nobody else out, and is found again when it is back', async () => {
    await restart()
    await provider.stop()
    const { status, text } = await refusal('ann')
    expect([status, text]).toEqual([503, expect.stringContaining('PROVIDER_UNREACHABLE')])
    expect(await audit()).toMatchObject({ action: 'GET /login/oidc', code: 'PROVIDER_UNREACHABLE' })
    expect(
      (await server.send('POST', '/api/v1/login', { name: 'bob', password: 'correct horse battery' })).status,
    ).toBe(200)
    await provider.start()
    await sleep(100)
    const ann = browser()
    await logIn('ann', '/', ann)
    expect(await sessionOf(ann)).toMatchObject({ name: 'oidc:ann' })
  })

  it('that is asked in vain again and again is left in peace', async () => {
    await restart({ secret: 'wrong' })
    for (let n = 0; n < 5; n++) expect((await refusal('ann')).status).toBe(503)
    const { status, text } = await refusal('ann')
    expect([status, text]).toEqual([429, expect.stringContaining('TOO_MANY_ATTEMPTS')])
  })
})
