// Management controllers by the API: set, shown, kept, and asked for a picture. Their password leaves the database only for the controller.
import { describe, expect, it } from 'vitest'
import { Machine } from '../../../../server/contract/machine.ts'
import { LOGIN, PNG, startController } from '../../../helpers/controller.ts'
import { problemOf, testServer } from '../support.ts'
import type { TestServer } from '../support.ts'

const MAC = '52:54:00:00:00:01'
/** Where nobody is. */
const BMC = { url: 'https://127.0.0.1:1', user: 'ann', certificate: 'ab'.repeat(32) }
const SECRET = 'correct horse battery staple'

async function withMachine(): Promise<{ server: TestServer; id: string }> {
  const server = await testServer()
  const { id } = server.inventory.create({ macs: [MAC], name: 'r01-01', bmc: { ...BMC, password: SECRET } }, 'system')
  return { server, id }
}

describe('a management controller', () => {
  it('is shown without its password, and changes without it', async () => {
    const { server, id } = await withMachine()
    const path = `/api/v1/machines/${id}`
    const before = Machine.parse(await (await server.call('GET', path, { as: 'viewer' })).json())
    expect(before.bmc).toEqual(BMC)
    const change = { bmc: { url: BMC.url, user: 'bob' } }
    const changed = Machine.parse(await (await server.call('PATCH', path, { as: 'operator', json: change })).json())
    expect(changed).toMatchObject({ bmc: { ...BMC, user: 'bob' }, revision: before.revision + 1 })
    expect(server.inventory.get(id).bmc).toEqual({ ...BMC, user: 'bob', password: SECRET })
    const elsewhere = { bmc: { url: 'https://10.0.0.8', user: 'bob' } }
    expect(await problemOf(server.call('PATCH', path, { json: elsewhere }))).toMatchObject({ code: 'VALIDATION' })
    await server.call('PATCH', path, { json: { bmc: null } })
    expect(server.inventory.get(id).bmc).toBeNull()
  })

  it('goes out as a document and comes back, with what changes told and its password masked', async () => {
    const { server, id } = await withMachine()
    const [document] = (await (await server.call('GET', '/api/v1/machines/export?format=json')).json()) as object[]
    expect(document).toMatchObject({ bmc: BMC })
    const apply = async (bmc: unknown) => {
      const answer = await server.call('POST', '/api/v1/apply', { json: { documents: [{ ...document, bmc }] } })
      return ((await answer.json()) as { results: unknown[] }).results[0]
    }
    expect(await apply(BMC)).toMatchObject({ outcome: 'unchanged', changes: [] })
    expect(await apply({ ...BMC, password: 'another one' })).toMatchObject({
      outcome: 'changed',
      changes: [{ path: 'bmc.password', before: '********', after: '********' }],
    })
    expect(server.inventory.get(id).bmc).toMatchObject({ password: 'another one' })
    expect(await apply(undefined)).toMatchObject({ outcome: 'unchanged' })
    expect(await apply(null)).toMatchObject({ outcome: 'changed' })
    expect(server.inventory.get(id).bmc).toBeNull()
  })

  it('has a password that is nowhere to be found', async () => {
    const { server, id } = await withMachine()
    const { bmc: shown, ...document } = { kind: 'machine', name: 'r01-01', bmc: { ...BMC, password: 'kept dark' } }
    await server.call('POST', '/api/v1/apply', { json: { documents: [{ ...document, bmc: shown }] } })
    const paths = [
      ...['', '/events', '/plan', '/kickstart', '/screenshot'].map((path) => `/machines/${id}${path}`),
      ...['csv', 'yaml', 'json', 'netbox'].map((format) => `/machines/export?format=${format}`),
      '/machines',
      '/audit',
      '/audit?format=csv',
      '/overview',
    ]
    for (const path of paths) {
      const text = await (await server.call('GET', `/api/v1${path}`)).text()
      expect(text, path).not.toMatch(/battery|kept dark/)
    }
    expect(JSON.stringify(server.events.recent({ limit: 1000 }))).not.toMatch(/battery|kept dark/)
  })
})

describe('a picture of the console', () => {
  it('comes with its type and time, for operators, and is written down', async () => {
    await using bmc = await startController()
    const { server, id } = await withMachine()
    const path = `/api/v1/machines/${id}/screenshot`
    await server.call('PATCH', `/api/v1/machines/${id}`, { json: { bmc: bmc.access } })
    expect(await problemOf(server.call('GET', path, { as: 'viewer' }))).toMatchObject({ status: 403 })
    const answer = await server.call('GET', path, { as: 'operator' })
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/png',
      'cache-control': 'no-store',
      'last-modified': server.clock.now().toUTCString(),
    })
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(PNG)
    const [entry] = server.audit.recent({ limit: 1 })
    expect(entry).toMatchObject({
      action: 'GET /machines/{id}/screenshot',
      result: 'done',
      actor: 'token:the-operator',
    })
  })

  it('is refused with the reason, and with the certificate to confirm', async () => {
    await using bmc = await startController()
    const { server, id } = await withMachine()
    const path = `/api/v1/machines/${id}`
    const login = { url: bmc.url, ...LOGIN }
    await server.call('PATCH', path, { json: { bmc: login } })
    const { certificate } = await problemOf(server.call('GET', `${path}/screenshot`))
    expect(certificate).toBe(bmc.fingerprint)
    await server.call('PATCH', path, { json: { bmc: { url: bmc.url, user: LOGIN.user, certificate } } })
    expect((await server.call('GET', `${path}/screenshot`)).status).toBe(200)
    await server.call('PATCH', path, { json: { bmc: null } })
    expect(await problemOf(server.call('GET', `${path}/screenshot`))).toMatchObject({
      status: 409,
      code: 'BMC_NOT_SET',
    })
  })
})
