import { beforeEach, describe, expect, it } from 'vitest'
import { User } from '../../../server/contract/access.ts'
import { CoreError } from '../../../server/core/errors.ts'
import { testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const BY = { actor: 'token:local', userId: undefined }
const HOME = { address: '192.0.2.7' }
const PASSWORD = 'correct horse'

let core: TestCore
let ann: User
beforeEach(async () => {
  core = testCore()
  ann = await core.users.create({ name: 'ann', password: PASSWORD, role: 'operator', scope: { rack: 'r1' } }, BY)
})

function logIn(password = PASSWORD, from = HOME, name = 'ann') {
  return core.logins.byPassword(name, password, from)
}

describe('users', () => {
  it('are told without anything of their passwords', () => {
    expect(User.parse(ann)).toEqual(ann)
    expect(core.users.list()).toEqual([ann])
    expect(ann).toMatchObject({ name: 'ann', role: 'operator', scope: { rack: 'r1' }, disabled: false, sessions: 0 })
    expect(JSON.stringify([ann, core.events.since(0)])).not.toMatch(/scrypt|correct/)
  })

  it('have names of their own, whatever the case, and passwords without them', async () => {
    const again = core.users.create({ name: 'ANN', password: PASSWORD, role: 'viewer' }, BY)
    await expect(again).rejects.toThrowWithCode(CoreError, 'CONFLICT')
    const named = core.users.create({ name: 'robert', password: 'i am Robert 1', role: 'viewer' }, BY)
    await expect(named).rejects.toThrowWithCode(CoreError, 'VALIDATION')
  })

  it('do not lock themselves out', async () => {
    const by = { actor: 'user:ann', userId: ann.id }
    for (const change of [{ role: 'viewer' }, { disabled: true }, { scope: null }] as const) {
      await expect(core.users.update(ann.id, change, by)).rejects.toThrowWithCode(CoreError, 'CONFLICT')
    }
    expect(() => core.users.remove(ann.id, by)).toThrowWithCode(CoreError, 'CONFLICT')
    await core.users.update(ann.id, { password: 'another good one' }, by)
  })

  it('end with their sessions', async () => {
    const { secret } = await logIn()
    core.users.remove(ann.id, BY)
    expect(core.tokens.authenticate(secret)).toBeUndefined()
    expect(core.users.list()).toEqual([])
    expect(() => core.users.get(ann.id)).toThrowWithCode(CoreError, 'USER_NOT_FOUND')
  })

  it('who are administrators need no login link', async () => {
    expect(core.tokens.someoneCanLogIn()).toBe(false)
    await core.users.update(ann.id, { role: 'admin' }, BY)
    expect(core.tokens.someoneCanLogIn()).toBe(false) // of one rack
    await core.users.update(ann.id, { scope: null }, BY)
    expect(core.tokens.someoneCanLogIn()).toBe(true)
  })
})

describe('a login by password', () => {
  it('opens a session of the user', async () => {
    const { secret, session } = await logIn(PASSWORD, HOME, 'Ann')
    expect(session).toMatchObject({ name: 'ann', role: 'operator', scope: { rack: 'r1' }, by: 'user' })
    expect(core.tokens.authenticate(secret)).toMatchObject({ actor: 'user:ann', userId: ann.id })
    expect(core.users.get(ann.id)).toMatchObject({ sessions: 1, lastLoginAt: '2026-01-31T12:00:00.000Z' })
  })

  it('does not count when so many came at a time that nobody looked at it', async () => {
    const codeFrom = async (at: number, name: string) => {
      const refused = await logIn('wrong', { address: `198.51.100.${at}` }, name).catch((error: unknown) => error)
      return (refused as CoreError).code
    }
    const crowd = await Promise.all(Array.from({ length: 30 }, (_, at) => codeFrom(at, `crowd${at}`)))
    expect(Map.groupBy(crowd, (code) => code).get('TOO_MANY_ATTEMPTS')).toHaveLength(10)
    const unseen = crowd.lastIndexOf('TOO_MANY_ATTEMPTS')
    for (let times = 0; times < 5; times++) expect(await codeFrom(unseen, 'somebody')).toBe('LOGIN_REFUSED')
    expect(await codeFrom(unseen, 'somebody')).toBe('TOO_MANY_ATTEMPTS')
  })

  it('is refused in the same words for a wrong password, a wrong name and a user who is shut out', async () => {
    const texts: string[] = []
    const refused = async (work: Promise<unknown>) => {
      const error = await work.catch((reason: unknown) => reason)
      expect(() => {
        throw error
      }).toThrowWithCode(CoreError, 'LOGIN_REFUSED')
      texts.push((error as CoreError).message)
    }
    await refused(logIn('wrong'))
    await refused(logIn(PASSWORD, HOME, 'nobody'))
    await core.users.update(ann.id, { disabled: true }, BY)
    await refused(logIn())
    expect(new Set(texts).size).toBe(1)
  })

  it('goes down in the audit trail, without a name that is none', async () => {
    await logIn()
    await logIn('wrong').catch(() => {})
    await logIn(PASSWORD, HOME, 'my secret password').catch(() => {})
    const trail = core.audit.recent({ limit: 10 })
    expect(trail.map(({ actor, action, address, result, code }) => [actor, action, address, result, code])).toEqual([
      ['anonymous', 'POST /login', '192.0.2.7', 'refused', 'LOGIN_REFUSED'],
      ['user:ann', 'POST /login', '192.0.2.7', 'refused', 'LOGIN_REFUSED'],
      ['user:ann', 'POST /login', '192.0.2.7', 'done', null],
    ])
    expect(JSON.stringify([trail, core.events.since(0)])).not.toContain('secret password')
  })

  it('is not kept from the owner by a stranger who guesses', async () => {
    await logIn()
    for (let i = 0; i < 12; i++) await logIn('wrong', { address: `198.51.100.${i}` }).catch(() => {})
    await expect(logIn(PASSWORD, { address: '203.0.113.1' })).rejects.toThrowWithCode(CoreError, 'TOO_MANY_ATTEMPTS')
    await logIn()
    await core.users.update(ann.id, { password: 'another good one' }, BY)
    await logIn('another good one', { address: '203.0.113.1' })
  })

  it('counts a thousand guesses at a time one by one', async () => {
    const guesses = await Promise.allSettled(
      Array.from({ length: 1000 }, () => logIn('wrong', { address: '198.51.100.1' })),
    )
    const codes = guesses.map((guess) => ((guess as PromiseRejectedResult).reason as CoreError).code)
    expect(codes.filter((code) => code === 'LOGIN_REFUSED')).toHaveLength(5)
  })
})

it('a login by token that the database could not keep does not count', () => {
  const { secret } = core.tokens.createApiToken({ name: 'ci', role: 'viewer' }, 'a')
  const full = new CoreError('STORE_FULL', 'the disk is full')
  for (let times = 0; times < 6; times++) {
    core.tokens.login = () => {
      throw full
    }
    expect(() => core.logins.byToken(secret, HOME)).toThrowWithCode(CoreError, 'STORE_FULL')
  }
  delete (core.tokens as Partial<typeof core.tokens>).login
  expect(core.logins.byToken(secret, HOME).session).toMatchObject({ name: 'ci' })
})

describe('sessions', () => {
  it('end with a new password of the administrator, all of them', async () => {
    const { secret } = await logIn()
    await core.users.update(ann.id, { password: 'another good one' }, BY)
    expect(core.tokens.authenticate(secret)).toBeUndefined()
  })

  it('end with a new password of one’s own, but for the one at hand', async () => {
    const [here, there] = [await logIn(), await logIn()]
    await core.users.setOwnPassword(ann.id, 'another good one', { except: here.secret })
    expect(core.tokens.authenticate(here.secret)).toBeDefined()
    expect(core.tokens.authenticate(there.secret)).toBeUndefined()
    await expect(logIn()).rejects.toThrowWithCode(CoreError, 'LOGIN_REFUSED')
  })

  it('end everywhere at once', async () => {
    const [here, there] = [await logIn(), await logIn()]
    core.tokens.logout(here.secret, { everywhere: true })
    expect(core.tokens.authenticate(there.secret)).toBeUndefined()
    const again = await logIn()
    core.users.endSessions(ann.id, BY)
    expect(core.tokens.authenticate(again.secret)).toBeUndefined()
  })
})
