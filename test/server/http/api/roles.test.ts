// Who may do what: every operation of the OpenAPI document, called by everybody.
import { describe, expect, it } from 'vitest'
import type { Role } from '../../../../server/contract/access.ts'
import { problemOf, testServer } from '../support.ts'
import type { TestServer } from '../support.ts'

/** The lowest role that may; `nobody` needs no login. An operation missing here fails the test. */
const OPERATIONS: Record<string, Role | 'nobody'> = {
  'POST /login': 'nobody',
  'POST /logout': 'nobody',
  'GET /session': 'viewer',
  'GET /tokens': 'admin',
  'POST /tokens': 'admin',
  'DELETE /tokens/{id}': 'admin',
  'GET /machines': 'viewer',
  'POST /machines': 'operator',
  'POST /machines/bulk': 'operator',
  'GET /machines/{id}': 'viewer',
  'PATCH /machines/{id}': 'operator',
  'DELETE /machines/{id}': 'operator',
  'POST /machines/{id}/reinstall': 'operator',
  'GET /machines/{id}/kickstart': 'viewer',
  'POST /machines/{id}/medium': 'operator',
  'GET /machines/{id}/plan': 'viewer',
  'GET /machines/{id}/events': 'viewer',
  'GET /machines/{id}/installs': 'viewer',
  'GET /installs/{id}': 'viewer',
  'GET /installs/{id}/log': 'viewer',
  'POST /installs/{id}/cancel': 'operator',
  'POST /installs/{id}/recovery-key': 'admin',
  'GET /profiles': 'viewer',
  'POST /profiles': 'operator',
  'GET /profiles/{id}': 'viewer',
  'PATCH /profiles/{id}': 'operator',
  'DELETE /profiles/{id}': 'operator',
  'GET /images': 'viewer',
  'GET /trust': 'viewer',
  'POST /images/pull': 'operator',
  'POST /images/import': 'operator',
  'POST /images/gc': 'operator',
  'POST /images/fsck': 'operator',
  'GET /images/{reference}': 'viewer',
  'DELETE /images/{reference}': 'operator',
  'GET /image-tracks': 'viewer',
  'POST /image-tracks': 'operator',
  'GET /image-tracks/{reference}': 'viewer',
  'DELETE /image-tracks/{reference}': 'operator',
  'GET /media': 'viewer',
  'POST /media/import': 'operator',
  'GET /media/{id}': 'viewer',
  'POST /media/{id}/verify': 'operator',
  'DELETE /media/{id}': 'operator',
  'GET /machines/{id}/trace': 'viewer',
  'GET /machines/{id}/trace.pcap': 'operator',
  'GET /trace': 'viewer',
  'GET /trace/{client}': 'viewer',
  'GET /trace/{client}/trace.pcap': 'operator',
  'GET /system': 'viewer',
  'GET /overview': 'viewer',
  'GET /leases': 'viewer',
  'GET /events': 'viewer',
}

const ROLES = ['join', 'viewer', 'operator', 'admin'] as const

interface Document {
  paths: Record<string, Record<string, { security?: Record<string, string[]>[] }>>
}

async function documentOf({ call }: TestServer): Promise<Document> {
  return (await (await call('GET', '/api/v1/openapi.json', { as: 'nobody' })).json()) as Document
}

describe('roles', () => {
  it('are told in the OpenAPI document as the table has them', async () => {
    const { paths } = await documentOf(await testServer())
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security }]) => [
        `${method.toUpperCase()} ${path}`,
        security?.[0]?.['token']?.[0] ?? 'nobody',
      ]),
    )
    expect(Object.fromEntries(documented)).toEqual(OPERATIONS)
  })

  it.each(Object.entries(OPERATIONS))('%s needs %s', async (operation, lowest) => {
    const { call } = await testServer()
    const [method = '', path = ''] = operation.split(' ')
    const url = `/api/v1${path.replace('{id}', '01890000-0000-7000-8000-000000000001').replace('{reference}', 'os%2Fweb%3Astable').replace('{client}', '52:54:00:12:34:56')}`
    const status = async (as: Role | 'nobody') => {
      // A body that fits no schema: what is asked here is only who gets as far as that.
      const response = await call(method, url, { as, ...(method !== 'GET' && { json: { nonsense: true } }) })
      await response.body?.cancel()
      return response.status
    }
    if (lowest !== 'nobody') expect(await status('nobody')).toBe(401)
    for (const role of ROLES) {
      const may = lowest === 'nobody' || ROLES.indexOf(role) >= ROLES.indexOf(lowest)
      const got = await status(role)
      if (may) expect([401, 403, 500], role).not.toContain(got)
      else expect(got, role).toBe(403)
    }
  })

  it('cover everything else below /api and the metrics', async () => {
    const { call } = await testServer()
    expect((await call('GET', '/metrics', { as: 'nobody' })).status).toBe(401)
    expect((await call('GET', '/metrics', { as: 'viewer' })).status).toBe(200)
    expect((await call('GET', '/api/v1/secrets', { as: 'nobody' })).status).toBe(401)
    expect(await problemOf(call('GET', '/api/v1/secrets'))).toMatchObject({ status: 404, code: 'NOT_FOUND' })
  })

  it('do not count for a token that is wrong, of another kind, revoked or expired', async () => {
    const { call, tokens, inventory, clock } = await testServer()
    const machine = inventory.discover({ mac: '52:54:00:00:00:01' })
    const install = tokens.issueInstallToken(machine.id, 0)
    const revoked = tokens.createApiToken({ name: 'r', role: 'admin' }, 'system')
    tokens.revoke(revoked.id, 'system')
    const expired = tokens.createApiToken({ name: 'e', role: 'admin', expiresAt: '2026-01-31T13:00:00.000Z' }, 'system')
    expect((await call('GET', '/api/v1/system', { as: expired.secret })).status).toBe(200)
    clock.advance(3_600_000)
    for (const token of ['lfa_wrong', install, revoked.secret, expired.secret]) {
      expect(await problemOf(call('GET', '/api/v1/system', { as: token }))).toMatchObject({
        status: 401,
        code: 'UNAUTHENTICATED',
      })
    }
  })
})
