import { beforeEach, describe, expect, it } from 'vitest'
import { OidcLogins, rightsOf } from '../../../server/core/oidc-logins.ts'
import type { Vouched } from '../../../server/core/oidc-logins.ts'
import { LoginGuard } from '../../../server/core/login-guard.ts'
import { CoreError } from '../../../server/core/errors.ts'
import { OidcError } from '../../../server/oidc/errors.ts'
import { testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const BY = { actor: 'token:local', userId: undefined }
const HOME = { address: '192.0.2.7', action: 'GET /login/oidc/callback' }
const CHECKS = { state: 'the state', nonce: 'n', verifier: 'v' }
const ANSWER = new URL('https://landfall.test/api/v1/login/oidc/callback?code=c&state=the%20state')
const ROLES = [
  { value: 'rack-1', role: 'operator', scope: { rack: 'r1' } },
  { value: 'admins', role: 'admin' },
] as const

let core: TestCore
let logins: OidcLogins
/** What the provider says, or how it fails. */
let said: Vouched | Error

beforeEach(() => {
  core = testCore()
  const provider = {
    begin: async () => ({ url: 'https://login.test/auth', checks: CHECKS }),
    finish: async () => {
      if (said instanceof Error) throw said
      return said
    },
  }
  const guard = new LoginGuard(core.clock)
  logins = new OidcLogins(
    { ...core.store, ...core, users: core.store.users, guard, provider },
    { name: 'Test', claim: 'groups', roles: ROLES },
  )
  said = ann('admins')
})

function ann(...values: string[]): Vouched {
  return { identity: { issuer: 'https://login.test', subject: '1' }, name: 'Ann', values }
}

function logIn(from = HOME) {
  return logins.finish(ANSWER, CHECKS, from)
}

const trail = () => core.audit.recent({ limit: 100 }).map(({ actor, result, code }) => [actor, result, code])

describe('an OpenID login', () => {
  it('makes a user at first, and changes role and scope afterwards', async () => {
    const { session, secret } = await logIn()
    expect(session).toMatchObject({ name: 'oidc:ann', role: 'admin', scope: null, by: 'oidc' })
    said = { ...ann('rack-1'), name: 'Ann Other-Name' }
    await logIn()
    expect(core.tokens.sessionOf(secret)).toMatchObject({ name: 'oidc:ann', role: 'operator', scope: { rack: 'r1' } })
    await logIn()
    expect(core.users.list()).toMatchObject([{ name: 'oidc:ann', issuer: 'https://login.test', sessions: 3 }])
    const kinds = core.events.since(0).map(({ type }) => type)
    expect(kinds).toEqual(['user.created', 'login', 'user.changed', 'login', 'login'])
    expect(trail()).toEqual(Array.from({ length: 3 }, () => ['user:oidc:ann', 'done', null]))
  })

  it('tells people of one name apart, and from the local user', async () => {
    await core.users.create({ name: 'ann', password: 'correct horse', role: 'viewer' }, BY)
    await logIn()
    said = { ...ann('rack-1'), identity: { issuer: 'https://login.test', subject: '2' } }
    await logIn()
    said = { ...ann('rack-1'), identity: { issuer: 'https://other.test', subject: '1' } }
    await logIn()
    const names = core.users.list().map(({ name, role }) => `${name} ${role}`)
    expect(names).toEqual([
      'ann viewer',
      'oidc:ann admin',
      expect.stringMatching(/^oidc:ann:[0-9a-f]{12} operator$/),
      expect.stringMatching(/^oidc:ann:[0-9a-f]{12} operator$/),
    ])
  })

  it('makes names fit for logs and terminals', async () => {
    said = { ...ann('admins'), name: 'Ann\n\u001b[31m user:root/ü' }
    expect((await logIn()).session.name).toBe('oidc:ann___31m_user_root__')
  })

  it('without a role is refused, and ends the sessions that were open', async () => {
    const { secret } = await logIn()
    said = ann('kitchen')
    await expect(logIn()).rejects.toThrowWithCode(CoreError, 'NO_ROLE')
    expect(core.tokens.sessionOf(secret)).toBeUndefined()
    said = ann()
    await expect(logIn()).rejects.toThrow('the provider sends no claim groups')
    expect(trail()[0]).toEqual(['user:oidc:ann', 'refused', 'NO_ROLE'])
  })

  it('of a user who was shut out is refused', async () => {
    await logIn()
    const { id } = core.users.list()[0]!
    await core.users.update(id, { disabled: true }, BY)
    await expect(logIn()).rejects.toThrowWithCode(CoreError, 'USER_DISABLED')
    await core.users.update(id, { disabled: false }, BY)
    await logIn()
  })

  it('counts only for the browser that began it', async () => {
    for (const checks of [undefined, { ...CHECKS, state: 'other' }]) {
      await expect(logins.finish(ANSWER, checks, HOME)).rejects.toThrowWithCode(CoreError, 'LOGIN_REFUSED')
    }
    const bare = new URL('/callback', ANSWER)
    await expect(logins.finish(bare, undefined, HOME)).rejects.toThrowWithCode(CoreError, 'LOGIN_REFUSED')
    expect(core.users.list()).toEqual([])
  })

  it('that fails counts like a wrong password, and is written down', async () => {
    said = new OidcError('CODE_REFUSED', 'used before')
    for (let n = 0; n < 5; n++) await expect(logIn()).rejects.toThrowWithCode(OidcError, 'CODE_REFUSED')
    await expect(logIn()).rejects.toThrowWithCode(CoreError, 'TOO_MANY_ATTEMPTS')
    await expect(logins.begin('https://landfall.test/cb', HOME)).rejects.toThrowWithCode(CoreError, 'TOO_MANY_ATTEMPTS')
    expect(trail()).toEqual(Array.from({ length: 5 }, () => ['anonymous', 'refused', 'CODE_REFUSED']))
    core.clock.advance(60_001)
    said = ann('admins')
    await logIn()
  })
})

describe('a user of a provider', () => {
  it('has no password, role or scope that could be set here', async () => {
    await logIn()
    const { id, name } = core.users.list()[0]!
    for (const change of [{ password: 'correct horse' }, { role: 'viewer' }, { scope: null }] as const) {
      await expect(core.users.update(id, change, BY)).rejects.toThrowWithCode(CoreError, 'CONFLICT')
    }
    for (const password of ['', 'null', 'correct horse']) {
      const byPassword = core.logins.byPassword(name, password, { address: '198.51.100.1' })
      await expect(byPassword).rejects.toThrowWithCode(CoreError, 'LOGIN_REFUSED')
    }
  })
})

describe('roles', () => {
  it.each([
    [['admins', 'rack-1'], { role: 'operator', scope: { rack: 'r1' } }],
    [['admins'], { role: 'admin', scope: null }],
    [['Admins', 'rack-10'], undefined],
    [[], undefined],
  ])('of %j', (values, rights) => {
    expect(rightsOf(values, ROLES)).toEqual(rights)
  })
})
