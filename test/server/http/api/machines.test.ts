import { describe, expect, it } from 'vitest'
import type { Machine, MachinePage, MachineSummary } from '../../../../server/contract/machine.ts'
import type { BulkResult } from '../../../../server/contract/machine-bulk.ts'
import type { Install } from '../../../../server/contract/install.ts'
import type { Event } from '../../../../server/contract/event.ts'
import type { StoragePlan } from '../../../../server/contract/plan.ts'
import { facts } from '../../../helpers/store-fakes.ts'
import { problemOf, testServer } from '../support.ts'
import type { TestServer } from '../support.ts'

const mac = (index: number) => `52:54:00:00:00:${index.toString(16).padStart(2, '0')}`
const MISSING = '01890000-0000-7000-8000-000000000001'

async function add(server: TestServer, fields: Record<string, unknown> = {}): Promise<Machine> {
  const response = await server.call('POST', '/api/v1/machines', { json: { macs: [mac(1)], ...fields } })
  expect(response.status).toBe(201)
  return (await response.json()) as Machine
}

describe('machines', () => {
  it('are added, shown, changed, retired and forgotten', async () => {
    const server = await testServer()
    const { call } = server
    const made = await add(server, { macs: ['52-54-00-AB-CD-EF'], name: 'web-07', labels: { rack: 'r1' } })
    expect(made).toMatchObject({ name: 'web-07', macs: ['52:54:00:ab:cd:ef'], state: 'ready', generation: 0 })
    const path = `/api/v1/machines/${made.id}`
    const changed = await call('PATCH', path, { json: { labels: {}, spec: { image: 'os/web:stable' } } })
    expect(await changed.json()).toMatchObject({ labels: {}, image: 'os/web:stable', origins: { image: 'machine' } })
    expect((await call('DELETE', path)).status).toBe(204)
    expect(await (await call('GET', path)).json()).toMatchObject({ state: 'retired' })
    expect((await call('DELETE', `${path}?forget=true`)).status).toBe(204)
    expect(await problemOf(call('GET', path))).toMatchObject({ status: 404, code: 'MACHINE_NOT_FOUND' })
  })

  it('tell who did what', async () => {
    const server = await testServer()
    const { id } = await add(server)
    await server.call('PATCH', `/api/v1/machines/${id}`, { as: 'operator', json: { name: 'new' } })
    const { items } = (await (await server.call('GET', `/api/v1/machines/${id}/events?limit=1`)).json()) as {
      items: Event[]
    }
    expect(items).toMatchObject([{ type: 'machine.updated', actor: 'token:the-operator' }])
  })

  it.each([
    ['an unknown key', { macs: [mac(2)], colour: 'red' }, 'VALIDATION', 'colour'],
    ['an unknown key in the spec', { macs: [mac(2)], spec: { disk: {} } }, 'VALIDATION', 'spec'],
    ['no MAC', { macs: [] }, 'VALIDATION', 'macs'],
    ['a bad MAC', { macs: ['nonsense'] }, 'VALIDATION', 'macs.0'],
    [
      'a kernel argument with a blank',
      { macs: [mac(2)], spec: { kernelArguments: ['a b'] } },
      'VALIDATION',
      'spec.kernelArguments.0',
    ],
  ])('refuse %s with 400, naming the field', async (_, json, code, path) => {
    const problem = await problemOf((await testServer()).call('POST', '/api/v1/machines', { json }))
    expect(problem).toMatchObject({ status: 400, code })
    expect(`${problem.errors?.[0]?.path} ${problem.errors?.[0]?.message}`).toContain(path)
    expect(problem.requestId).toMatch(/^[\w-]+$/)
  })

  it('refuse a MAC somebody has with 409', async () => {
    const server = await testServer()
    await add(server)
    expect(await problemOf(server.call('POST', '/api/v1/machines', { json: { macs: [mac(1)] } }))).toMatchObject({
      status: 409,
      code: 'CONFLICT',
    })
  })

  it('refuse bodies that are no JSON, of another type, or too large', async () => {
    const { call } = await testServer()
    const send = (body: string, type: string) =>
      problemOf(
        call('PATCH', `/api/v1/machines/${MISSING}`, {
          init: { body },
          headers: { 'content-type': type, 'content-length': String(body.length) },
        }),
      )
    expect(await send('{"name":', 'application/json')).toMatchObject({ status: 400, code: 'BODY_INVALID' })
    expect(await send('name=x', 'application/x-www-form-urlencoded')).toMatchObject({ status: 415, code: 'MEDIA_TYPE' })
    expect(await send(JSON.stringify({ name: 'x'.repeat(2 ** 20) }), 'application/json')).toMatchObject({
      status: 413,
      code: 'BODY_TOO_LARGE',
    })
  })

  it('refuse parameters that make no sense', async () => {
    const { call } = await testServer()
    for (const path of [
      '/machines/nonsense',
      '/machines?limit=0',
      '/machines?limit=x',
      '/machines?colour=red',
      '/machines?cursor=x',
      '/machines?label=%3Dx',
      '/machines?firmware=coreboot',
      '/machines?state=happy',
    ]) {
      expect(await problemOf(call('GET', `/api/v1${path}`)), path).toMatchObject({ status: 400, code: 'VALIDATION' })
    }
  })
})

describe('the machine list', () => {
  it.each([
    ['sort=createdAt', ['c', 'a', 'b', 'd']],
    ['sort=createdAt&order=desc', ['d', 'b', 'a', 'c']],
    ['sort=name', ['a', 'b', 'c', 'd']],
    ['sort=name&order=desc', ['d', 'c', 'b', 'a']],
    ['sort=state', ['c', 'a', 'b', 'd']],
    ['image=os%2Fweb%3Astable', ['a']],
    ['label=rack%3Dr1', ['c', 'd']],
    ['label=rack%3Dr1&label=row%3D2', ['d']],
    ['label=row', ['d']],
    ['profile=racked', ['c', 'd']],
    ['search=B', ['b']],
    ['search=00-C2', ['b']],
    ['state=deployed', []],
    ['state=deployed&state=ready', ['c', 'a', 'b', 'd']],
  ])('?%s, in pages of any size', async (query, expected) => {
    const server = await testServer()
    server.profiles.create({ name: 'racked', selector: { rack: 'r1' }, priority: 0, spec: {} }, 'system')
    const machines = [
      { name: 'c', labels: { rack: 'r1' } },
      { name: 'a', spec: { image: 'os/web:stable' } },
      { name: 'b' },
      { name: 'd', labels: { rack: 'r1', row: '2' } },
    ]
    for (const [index, fields] of machines.entries()) {
      await add(server, { macs: [mac(0xc0 + index)], ...fields })
      server.clock.advance(1)
    }
    for (const limit of [1, 2, 3, 100]) {
      const names: string[] = []
      let cursor: string | null = null
      do {
        const response = await server.call(
          'GET',
          `/api/v1/machines?${query}&limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`,
        )
        const page = (await response.json()) as MachinePage
        expect(page.total).toBe(expected.length)
        expect(page.items.length).toBeLessThanOrEqual(limit)
        names.push(...page.items.map(({ name }) => name))
        cursor = page.nextCursor
      } while (cursor)
      expect(names, `limit ${limit}`).toEqual(expected)
    }
  })

  it('refuses a profile that is not there with 404', async () => {
    const { call } = await testServer()
    expect(await problemOf(call('GET', '/api/v1/machines?profile=x'))).toMatchObject({
      status: 404,
      code: 'PROFILE_NOT_FOUND',
    })
  })

  it('neither repeats nor hides machines when some come and go between pages', async () => {
    const server = await testServer()
    for (const [index, name] of ['b', 'd', 'f', 'h'].entries()) await add(server, { macs: [mac(index)], name })
    const page = async (cursor?: string) =>
      (await (
        await server.call('GET', `/api/v1/machines?sort=name&limit=2${cursor ? `&cursor=${cursor}` : ''}`)
      ).json()) as {
        items: MachineSummary[]
        nextCursor: string
      }
    const first = await page()
    await add(server, { macs: [mac(9)], name: 'a' })
    server.inventory.remove(first.items[1]!.id, 'system')
    const second = await page(first.nextCursor)
    expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(['b', 'd', 'f', 'h'])
  })
})

describe('assignment', () => {
  it('makes an install per machine, says which failed, and shows them', async () => {
    const server = await testServer()
    const { call } = server
    const { id } = await add(server)
    const json = { machines: [id, MISSING], action: { type: 'assign', image: 'os/web:stable' } }
    const { results } = (await (
      await call('POST', '/api/v1/machines/bulk', { as: 'operator', json })
    ).json()) as BulkResult
    expect(results).toMatchObject([
      { machineId: id, error: null },
      { machineId: MISSING, installId: null, error: { code: 'MACHINE_NOT_FOUND' } },
    ])
    const install = (await (await call('GET', `/api/v1/installs/${results[0]!.installId}`)).json()) as Install
    expect(install).toMatchObject({ machineId: id, generation: 1, state: 'pending', image: 'os/web:stable' })

    const again = (await (await call('POST', `/api/v1/machines/${id}/reinstall`)).json()) as Install
    expect(again).toMatchObject({ generation: 2 })
    const { items } = (await (await call('GET', `/api/v1/machines/${id}/installs`)).json()) as { items: Install[] }
    expect(items.map(({ generation, state }) => [generation, state])).toEqual([
      [2, 'pending'],
      [1, 'superseded'],
    ])

    expect(await (await call('POST', `/api/v1/installs/${again.id}/cancel`)).json()).toMatchObject({
      state: 'failed',
      failure: { code: 'CANCELLED' },
    })
    expect(await problemOf(call('POST', `/api/v1/installs/${again.id}/cancel`))).toMatchObject({
      status: 409,
      code: 'INSTALL_OVER',
    })
    expect(await (await call('GET', `/api/v1/installs/${again.id}/log?after=0&limit=5`)).json()).toEqual({ items: [] })
  })
})

describe('bulk changes', () => {
  it('answer with a result per machine, and with 409 when the set has moved', async () => {
    const server = await testServer()
    await add(server, { name: 'web-01', labels: { rack: 'r1' } })
    const change = (json: unknown) => server.call('POST', '/api/v1/machines/bulk', { as: 'operator', json })
    const action = { type: 'label', set: { row: '2' } }
    const moved = change({ filter: { label: 'rack=r1' }, expected: 2, action })
    expect(await problemOf(moved)).toMatchObject({ status: 409, code: 'CONFLICT' })
    const done = (await (await change({ filter: { label: 'rack=r1' }, expected: 1, action })).json()) as BulkResult
    expect(done.results).toMatchObject([{ name: 'web-01', installId: null, error: null }])
    for (const json of [
      { action },
      { machines: [MISSING], filter: {}, expected: 1, action },
      { filter: {}, action },
      { machines: [MISSING], expected: 1, action },
      { machines: [MISSING], action: { type: 'melt' } },
    ]) {
      expect(await problemOf(change(json)), JSON.stringify(json)).toMatchObject({ status: 400, code: 'VALIDATION' })
    }
  })
})

describe('the plan', () => {
  const disk = (name: string, serial: string): ReturnType<typeof facts>['disks'][number] => ({
    name,
    serial,
    size: 2 ** 36,
    transport: 'nvme',
    rotational: false,
    removable: false,
    readOnly: false,
    logicalBlockSize: 512,
    physicalBlockSize: 4096,
    byId: [],
    byPath: [],
    signatures: [],
    partitions: [],
  })

  it('shows what would be written, or why nothing would', async () => {
    const server = await testServer()
    const { id } = await add(server)
    const plan = () => server.call('GET', `/api/v1/machines/${id}/plan`)
    expect(await problemOf(plan())).toMatchObject({ status: 409, code: 'NO_FACTS' })
    server.inventory.recordFacts(
      id,
      facts({ nics: [], smbios: {}, disks: [disk('nvme0n1', 'A'), disk('nvme1n1', 'B')] }),
    )
    expect(await problemOf(plan())).toMatchObject({ status: 422, code: 'DISK_SEVERAL_MATCH' })
    await server.call('PATCH', `/api/v1/machines/${id}`, { json: { spec: { disks: { disk: { serial: 'B' } } } } })
    const shown = (await (await plan()).json()) as StoragePlan
    expect(shown.disks.map(({ disk: { name } }) => name)).toEqual(['nvme1n1'])
    expect(shown.filesystems.at(-1)).toMatchObject({ filesystem: 'xfs', mounts: [{ mountPoint: '/' }] })
    expect(await (await plan()).json()).toEqual(shown)
  })
})
