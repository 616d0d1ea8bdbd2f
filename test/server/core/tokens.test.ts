import { beforeEach, describe, expect, it } from 'vitest'
import { ApiToken, CreatedToken } from '../../../server/contract/access.ts'
import { CoreError } from '../../../server/core/errors.ts'
import { MAC, testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const DAY = 24 * 60 * 60 * 1000

let core: TestCore
let machineId: string
beforeEach(() => {
  core = testCore()
  machineId = core.inventory.discover({ mac: MAC }).id
})

describe('install tokens', () => {
  it('name machine and generation, and may be issued again and again', () => {
    const one = core.tokens.issueInstallToken(machineId, 2)
    const two = core.tokens.issueInstallToken(machineId, 2)
    expect(one).not.toBe(two)
    for (const token of [one, two])
      expect(core.tokens.checkInstallToken(token)).toMatchObject({ machineId, generation: 2 })
  })

  it('expire after 24 hours', () => {
    const token = core.tokens.issueInstallToken(machineId, 1)
    core.clock.advance(DAY - 1)
    core.tokens.checkInstallToken(token)
    core.clock.advance(1)
    expect(() => core.tokens.checkInstallToken(token)).toThrowWithCode(CoreError, 'TOKEN_EXPIRED')
  })

  it('end with their generation', () => {
    const old = core.tokens.issueInstallToken(machineId, 1)
    const current = core.tokens.issueInstallToken(machineId, 2)
    core.tokens.endOlderGenerations(machineId, 2)
    expect(() => core.tokens.checkInstallToken(old)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
    core.tokens.checkInstallToken(current)
    core.tokens.endInstaller(machineId)
    expect(() => core.tokens.checkInstallToken(current)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
  })

  it('are good for nothing else', () => {
    const token = core.tokens.issueInstallToken(machineId, 1)
    expect(() => core.tokens.checkAgentSession(token)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
    expect(() => core.tokens.checkConfirmToken(token)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
    expect(() => core.tokens.login(token)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
    expect(core.tokens.authenticate(token)).toBeUndefined()
  })
})

describe('agent sessions', () => {
  it('are one per machine', () => {
    const one = core.tokens.openAgentSession({ machineId, bootId: 'b1' })
    const two = core.tokens.openAgentSession({ machineId, bootId: 'b2' })
    expect(() => core.tokens.checkAgentSession(one)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
    core.clock.advance(100 * DAY)
    expect(core.tokens.checkAgentSession(two)).toEqual({ machineId, bootId: 'b2' })
    expect(core.tokens.agentSessionOf(machineId)).toEqual({ machineId, bootId: 'b2' })
  })
})

describe('API tokens', () => {
  it('are shown once, listed without their secret, and let their holder in', () => {
    const created = core.tokens.createApiToken({ name: 'ci', role: 'operator' }, 'token:admin')
    expect(CreatedToken.parse(created)).toEqual(created)
    expect(core.tokens.authenticate(created.secret)).toEqual({
      name: 'ci',
      role: 'operator',
      scope: null,
      actor: 'token:ci',
      userId: undefined,
    })
    const [listed] = core.tokens.listApiTokens()
    expect(ApiToken.parse(listed)).toEqual(listed)
    expect(listed).toMatchObject({ id: created.id, lastUsedAt: '2026-01-31T12:00:00.000Z' })
    expect(JSON.stringify(listed)).not.toContain(created.secret)
    expect(JSON.stringify(core.events.since(0))).not.toContain(created.secret)
  })

  it('stop at their expiry, and stay in the list', () => {
    const { secret } = core.tokens.createApiToken(
      { name: 'ci', role: 'viewer', expiresAt: '2026-02-01T00:00:00Z' },
      'a',
    )
    core.clock.advance(DAY)
    expect(core.tokens.authenticate(secret)).toBeUndefined()
    core.tokens.issueInstallToken(machineId, 1)
    expect(core.tokens.listApiTokens()).toHaveLength(1)
    expect(core.tokens.someoneCanLogIn()).toBe(false)
  })

  it('end when revoked, together with the sessions opened by them', () => {
    const { id, secret } = core.tokens.createApiToken({ name: 'ann', role: 'admin' }, 'a')
    const session = core.tokens.login(secret)
    expect(core.tokens.authenticate(session.secret)).toMatchObject({ name: 'ann', role: 'admin' })
    core.tokens.revoke(id, 'token:bob')
    expect(core.tokens.authenticate(secret)).toBeUndefined()
    expect(core.tokens.authenticate(session.secret)).toBeUndefined()
    expect(() => core.tokens.revoke(id, 'token:bob')).toThrowWithCode(CoreError, 'TOKEN_NOT_FOUND')
  })

  it('have names of their own', () => {
    core.tokens.createApiToken({ name: 'ci', role: 'viewer' }, 'a')
    expect(() => core.tokens.createApiToken({ name: 'ci', role: 'admin' }, 'a')).toThrowWithCode(CoreError, 'CONFLICT')
  })
})

describe('login', () => {
  it('takes the login secret once', () => {
    expect(core.tokens.someoneCanLogIn()).toBe(false)
    const secret = core.tokens.issueLoginSecret()
    expect(core.tokens.authenticate(secret)).toBeUndefined()
    const { session } = core.tokens.login(secret)
    expect(session).toMatchObject({ name: 'admin', role: 'admin' })
    expect(() => core.tokens.login(secret)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
    expect(core.tokens.someoneCanLogIn()).toBe(true)
    expect(core.events.since(0).map(({ type }) => type)).toEqual(['machine.discovered', 'login', 'login.refused'])
  })

  it('knows only the newest login secret', () => {
    const old = core.tokens.issueLoginSecret()
    const newest = core.tokens.issueLoginSecret()
    expect(() => core.tokens.login(old)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
    core.clock.advance(DAY)
    expect(() => core.tokens.login(newest)).toThrowWithCode(CoreError, 'TOKEN_EXPIRED')
  })

  it('opens sessions that end after a week, at logout, or with their token', () => {
    const { secret } = core.tokens.createApiToken({ name: 'ann', role: 'viewer' }, 'a')
    const one = core.tokens.login(secret)
    expect(core.tokens.sessionOf(one.secret)).toEqual(one.session)
    core.clock.advance(7 * DAY)
    expect(core.tokens.authenticate(one.secret)).toBeUndefined()
    const two = core.tokens.login(secret)
    core.tokens.logout(two.secret)
    expect(core.tokens.sessionOf(two.secret)).toBeUndefined()

    const short = core.tokens.createApiToken(
      { name: 'bob', role: 'viewer', expiresAt: '2026-02-07T13:00:00.000Z' },
      'a',
    )
    expect(core.tokens.login(short.secret).session.expiresAt).toBe('2026-02-07T13:00:00.000Z')
  })

  it('does not take a session for a token', () => {
    const { secret } = core.tokens.login(core.tokens.issueLoginSecret())
    expect(() => core.tokens.login(secret)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
  })
})
