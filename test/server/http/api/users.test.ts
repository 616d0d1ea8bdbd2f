import { describe, expect, it } from 'vitest'
import { User } from '../../../../server/contract/access.ts'
import { AuditEntry } from '../../../../server/contract/audit.ts'
import { problemOf, testServer } from '../support.ts'
import type { TestServer } from '../support.ts'

const ANN = { name: 'ann', password: 'correct horse', role: 'operator' }

async function makeUser({ call }: TestServer, change: object = {}): Promise<User> {
  const response = await call('POST', '/api/v1/users', { json: { ...ANN, ...change } })
  expect(response.status).toBe(201)
  return User.parse(await response.json())
}

/** Headers of the page of whoever logs in. */
async function pageOf({ call }: TestServer, password = ANN.password): Promise<Record<string, string>> {
  const json = { name: 'ann', password }
  const response = await call('POST', '/api/v1/login', { as: 'nobody', json })
  expect(response.status).toBe(200)
  return { cookie: response.headers.get('set-cookie')!.split(';')[0]!, 'sec-fetch-site': 'same-origin' }
}

async function trailOf({ call }: TestServer, query = ''): Promise<AuditEntry[]> {
  const { items } = (await (await call('GET', `/api/v1/audit${query}`)).json()) as { items: unknown[] }
  return items.map((item) => AuditEntry.parse(item))
}

describe('users', () => {
  it('are made, changed and removed', async () => {
    const server = await testServer()
    const { id } = await makeUser(server)
    const url = `/api/v1/users/${id}`
    const changed = await server.call('PATCH', url, { json: { role: 'viewer', scope: { rack: 'r1' } } })
    expect(User.parse(await changed.json())).toMatchObject({ role: 'viewer', scope: { rack: 'r1' } })
    expect(User.parse(await (await server.call('GET', url)).json())).toMatchObject({ name: 'ann' })
    expect((await server.call('DELETE', url)).status).toBe(204)
    expect(await problemOf(server.call('GET', url))).toMatchObject({ status: 404, code: 'USER_NOT_FOUND' })
  })

  it.each([
    ['a short password', { password: 'short' }],
    ['a name of spaces', { name: 'a b' }],
    ['a role of machines', { role: 'join' }],
    ['a scope of nothing', { scope: {} }],
  ])('are refused with %s', async (_, change) => {
    const { call } = await testServer()
    const response = call('POST', '/api/v1/users', { json: { ...ANN, ...change } })
    expect(await problemOf(response)).toMatchObject({ status: 400, code: 'VALIDATION' })
  })

  it('log in by name and password, and out everywhere', async () => {
    const server = await testServer()
    const { id } = await makeUser(server)
    const [here, there] = [await pageOf(server), await pageOf(server)]
    const status = async (headers: Record<string, string>) =>
      (await server.call('GET', '/api/v1/session', { as: 'nobody', headers })).status
    expect(await status(there)).toBe(200)
    const out = await server.call('POST', '/api/v1/logout?everywhere=true', { as: 'nobody', headers: here })
    expect([out.status, await status(there)]).toEqual([204, 401])

    const again = await pageOf(server)
    expect((await server.call('DELETE', `/api/v1/users/${id}/sessions`)).status).toBe(204)
    expect(await status(again)).toBe(401)
  })

  it('take a new password with the old one', async () => {
    const server = await testServer()
    await makeUser(server)
    const [here, there] = [await pageOf(server), await pageOf(server)]
    const change = (current: string) =>
      server.call('POST', '/api/v1/session/password', {
        as: 'nobody',
        headers: here,
        json: { current, password: 'a better password' },
      })
    expect(await problemOf(change('wrong'))).toMatchObject({ status: 401, code: 'LOGIN_REFUSED' })
    expect((await change(ANN.password)).status).toBe(204)
    const status = async (headers: Record<string, string>) =>
      (await server.call('GET', '/api/v1/session', { as: 'nobody', headers })).status
    expect([await status(here), await status(there)]).toEqual([200, 401])
    await pageOf(server, 'a better password')
  })

  it('are told how long to wait after too many failures', async () => {
    const server = await testServer()
    await makeUser(server)
    const guess = () => server.call('POST', '/api/v1/login', { as: 'nobody', json: { name: 'ann', password: 'x' } })
    for (let times = 0; times < 5; times++) expect((await guess()).status).toBe(401)
    const response = await guess()
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '60'])
  })

  it('have no password to change when they came by token', async () => {
    const { call } = await testServer()
    const json = { current: 'x', password: 'a better password' }
    expect(await problemOf(call('POST', '/api/v1/session/password', { json }))).toMatchObject({ status: 409 })
  })
})

describe('the audit trail', () => {
  it('tells who did what to which target, from where, and what came of it', async () => {
    const server = await testServer()
    const { id } = await makeUser(server)
    const machine = server.inventory.create({ macs: ['52:54:00:00:00:01'], name: 'web-1' }, 'a')
    const headers = { 'x-request-id': 'r-77' }
    await server.call('PATCH', `/api/v1/machines/${machine.id}`, { json: { name: 'web-2' }, headers })
    await server.call('DELETE', `/api/v1/machines/${machine.id}?forget=true`, { as: 'viewer' })
    await server.call('POST', '/api/v1/machines/bulk', { json: { machines: [machine.id], action: { type: 'retire' } } })
    await server.call('GET', `/api/v1/machines/${machine.id}`)
    const trail = await trailOf(server)
    expect(
      trail.map(({ actor, role, action, target, detail, result, code }) => [
        actor,
        role,
        action,
        target,
        detail,
        result,
        code,
      ]),
    ).toEqual([
      [
        'token:the-admin',
        'admin',
        'POST /machines/bulk',
        '/machines/bulk',
        `retire: 1 of 1 machines ${machine.id}`,
        'done',
        null,
      ],
      [
        'token:the-viewer',
        'viewer',
        'DELETE /machines/{id}',
        `/machines/${machine.id}?forget=true`,
        '',
        'refused',
        'FORBIDDEN',
      ],
      ['token:the-admin', 'admin', 'PATCH /machines/{id}', `/machines/${machine.id}`, 'name', 'done', null],
      ['token:the-admin', 'admin', 'POST /users', '/users', `user ann ${id} with role operator`, 'done', null],
    ])
    expect(trail[2]!.requestId).toBe('r-77')
    expect(await trailOf(server, '?result=refused&limit=1')).toEqual([trail[1]])
    expect(await trailOf(server, `?before=${trail[2]!.seq}`)).toEqual([trail[3]])
  })

  it('names what was read only where it is secret: packets, and the trail itself', async () => {
    const server = await testServer()
    const machine = server.inventory.create({ macs: ['52:54:00:00:00:01'] }, 'a')
    await server.call('GET', `/api/v1/machines/${machine.id}/trace.pcap`)
    const exported = await server.call('GET', '/api/v1/audit/export?format=csv')
    expect(exported.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(await exported.text()).toContain('/trace.pcap')
    expect((await trailOf(server)).map(({ action }) => action)).toEqual([
      'GET /audit/export',
      'GET /machines/{id}/trace.pcap',
    ])
  })

  it('holds no secret', async () => {
    const server = await testServer()
    const { id } = await makeUser(server)
    const page = await pageOf(server)
    await server.call('PATCH', `/api/v1/users/${id}`, { json: { password: 'an even better one' } })
    const made = (await (
      await server.call('POST', '/api/v1/tokens', { json: { name: 'ci', role: 'viewer' } })
    ).json()) as { secret: string }
    const text = JSON.stringify([await trailOf(server), server.events.since(0)])
    for (const secret of [ANN.password, 'an even better one', made.secret, page['cookie']!.split('=')[1]!]) {
      expect(text).not.toContain(secret)
    }
  })
})

describe('the registry', () => {
  async function tokenFor({ call }: TestServer, name: string, password: string) {
    const basic = Buffer.from(`${name}:${password}`).toString('base64')
    return call('GET', '/v2/token', { as: 'nobody', headers: { authorization: `Basic ${basic}` } })
  }

  async function push(server: TestServer, name: string, password: string): Promise<number> {
    const { token } = (await (await tokenFor(server, name, password)).json()) as { token: string }
    return (await server.call('POST', '/v2/os/web/blobs/uploads/', { as: token })).status
  }

  it('lets users in by name and password, as far as their role goes', async () => {
    const server = await testServer()
    await makeUser(server)
    await makeUser(server, { name: 'vic', role: 'viewer' })
    await makeUser(server, { name: 'ray', scope: { rack: 'r1' } })
    expect(await push(server, 'ann', ANN.password)).toBe(202)
    expect(await push(server, 'vic', ANN.password)).toBe(403)
    expect(await push(server, 'ray', ANN.password)).toBe(403)
    expect(await push(server, 'anything', server.secrets.operator)).toBe(202)
    expect((await tokenFor(server, 'ann', 'wrong')).status).toBe(401)
    const [refused] = await trailOf(server, '?action=v2&result=refused')
    expect(refused).toMatchObject({ actor: 'user:ann', action: 'GET /v2/token', code: 'LOGIN_REFUSED' })
  })

  it('locks out who guesses, and no program whose token was revoked', async () => {
    const server = await testServer()
    await makeUser(server)
    const revoked = server.tokens.createApiToken({ name: 'r', role: 'operator' }, 'system')
    server.tokens.revoke(revoked.id, 'system')
    for (let times = 0; times < 10; times++) expect((await tokenFor(server, 'ann', revoked.secret)).status).toBe(401)
    for (let times = 0; times < 5; times++) expect((await tokenFor(server, 'ann', 'wrong')).status).toBe(401)
    const response = await tokenFor(server, 'ann', ANN.password)
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '60'])
    expect(await response.json()).toMatchObject({ errors: [{ code: 'TOOMANYREQUESTS' }] })
  })

  it('looks at no name or password that is longer than any can be', async () => {
    const server = await testServer()
    await makeUser(server)
    for (let times = 0; times < 6; times++) {
      expect((await tokenFor(server, 'n'.repeat(3000), 'wrong')).status).toBe(401)
      expect((await tokenFor(server, 'ann', 'w'.repeat(3000))).status).toBe(401)
    }
    expect((await tokenFor(server, 'ann', ANN.password)).status).toBe(200)
  })

  it('writes down who deletes', async () => {
    const server = await testServer()
    await server.call('DELETE', '/v2/os/web/manifests/stable', { as: 'operator' })
    await server.call('DELETE', '/v2/os/web/manifests/stable', { as: 'nobody' })
    const trail = await trailOf(server, '?action=DELETE')
    expect(trail.map(({ actor, target, result }) => [actor, target, result])).toEqual([
      ['token:the-operator', 'os/web/manifests/stable', 'refused'],
    ])
  })
})
