import { describe, expect, it } from 'vitest'
import type { ApplyResult, ImportResult } from '../../../../server/contract/document.ts'
import { problemOf, testServer } from '../support.ts'
import type { TestServer } from '../support.ts'

const mac = (index: number) => `52:54:00:00:00:0${index}`
const WEB = { kind: 'machine', name: 'web-1', macs: [mac(1)], labels: { rack: 'r1' }, spec: { image: 'os/web:stable' } }

async function post<T>({ call }: TestServer, path: string, json: unknown): Promise<T> {
  const response = await call('POST', `/api/v1${path}`, { json })
  expect(response.status).toBe(200)
  return (await response.json()) as T
}

async function exported({ call }: TestServer, query: string): Promise<string> {
  const response = await call('GET', `/api/v1/machines/export?${query}`, { as: 'viewer' })
  expect(response.status).toBe(200)
  return response.text()
}

describe('POST /apply', () => {
  it('answers for each document, and applies none where one is refused', async () => {
    const server = await testServer()
    const nameless = { kind: 'machine', name: 'web-2' }
    const refused = await post<ApplyResult>(server, '/apply', { documents: [WEB, nameless] })
    expect(refused).toMatchObject({
      applied: false,
      results: [{ outcome: 'created', id: null }, { outcome: 'refused' }],
    })
    expect(server.inventory.list()).toEqual([])
    expect(await post(server, '/apply', { documents: [WEB] })).toMatchObject({ applied: true })
    const [entry] = server.audit.recent({ limit: 1 })
    expect(entry).toMatchObject({ action: 'POST /apply', detail: '1 created' })
  })

  it.each([
    ['a document of no kind', { name: 'x' }, 'documents.0.kind'],
    ['another key', { ...WEB, colour: 'red' }, 'documents.0'],
    ['a bad spec', { ...WEB, spec: { finish: 'never' } }, 'documents.0.spec.finish'],
    ['a profile without a selector', { kind: 'profile', name: 'p' }, 'documents.0.selector'],
  ])('refuses %s by its path', async (_, document, path) => {
    const { call } = await testServer()
    const problem = await problemOf(call('POST', '/api/v1/apply', { json: { documents: [document] } }))
    expect(problem).toMatchObject({ status: 400, code: 'VALIDATION', errors: [{ path }] })
  })

  it('takes more than other operations do, and not everything', async () => {
    const { call } = await testServer()
    const answer = (length: number) => {
      const body = JSON.stringify({ documents: [{ ...WEB, spec: { kickstart: { pre: 'x'.repeat(length) } } }] })
      const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
      return call('POST', '/api/v1/apply', { headers, init: { body } })
    }
    expect((await problemOf(answer(2 ** 21))).code).toBe('VALIDATION')
    expect((await problemOf(answer(2 ** 24))).code).toBe('BODY_TOO_LARGE')
  })
})

describe('the inventory as a file', () => {
  it.each(['csv', 'yaml', 'netbox'] as const)('comes back as %s unchanged', async (format) => {
    const server = await testServer()
    const documents = [WEB, { ...WEB, name: 'web-2', macs: [mac(2), mac(3)], labels: { site: '=1+1, "x"', row: '-2' } }]
    await post(server, '/apply', { documents })
    const text = await exported(server, `format=${format}`)
    const result = await post<ImportResult>(server, '/machines/import', { format, text })
    expect(result.applied).toBe(true)
    expect(result.results.map(({ outcome, name, changes }) => [outcome, name, changes])).toEqual([
      ['unchanged', 'web-1', []],
      ['unchanged', 'web-2', []],
    ])
  })

  it('is filtered, and made of many pages', async () => {
    const server = await testServer()
    const add = (index: number) => {
      const macs = [
        `52:54:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`,
      ]
      server.inventory.create({ macs, name: `m${index}`, labels: { odd: String(index % 2) } }, 'a')
    }
    server.store.transactions.transaction(() => Array.from({ length: 502 }, (_, index) => add(index)))
    const list = JSON.parse(await exported(server, 'format=json&label=odd%3D1')) as unknown[]
    expect(list).toHaveLength(251)
    expect((await exported(server, '')).trim().split('\r\n')).toHaveLength(503)
    expect(JSON.parse(await exported(server, 'format=netbox&label=none'))).toEqual([])
    expect((await problemOf(server.call('GET', '/api/v1/machines/export?profile=none'))).code).toBe('PROFILE_NOT_FOUND')
  })

  it('ends well when machines go while it is read', async () => {
    const server = await testServer()
    await post(server, '/apply', { documents: [WEB, { ...WEB, name: 'web-2', macs: [mac(2)] }] })
    const { body } = await server.call('GET', '/api/v1/machines/export?format=json')
    const reader = body!.getReader()
    const decoder = new TextDecoder()
    let text = decoder.decode((await reader.read()).value)
    for (const { id } of server.inventory.list()) server.inventory.remove(id, 'a')
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += decoder.decode(next.value)
    expect(JSON.parse(text)).toMatchObject([{ name: 'web-1' }, { name: 'web-2' }])
  })

  it('shows no secret', async () => {
    const server = await testServer()
    await post(server, '/apply', { documents: [{ ...WEB, spec: { rootPassword: '$6$salt$hash' } }] })
    expect(await exported(server, 'format=yaml')).toContain('rootPassword: "********"')
  })
})

describe('POST /machines/import', () => {
  const CSV = `name,macs,label:rack\r\nweb-1,${mac(1)},r1\r\nweb-2,nonsense,r1\r\nweb-3,${mac(1)},r2\r\n`

  it('tells by its row what is wrong, and takes in nothing', async () => {
    const server = await testServer()
    const result = await post<ImportResult>(server, '/machines/import', { format: 'csv', text: CSV })
    expect(result.applied).toBe(false)
    expect(result.results).toMatchObject([
      { row: 2, outcome: 'created', id: null },
      { row: 3, name: 'web-2', outcome: 'refused', error: { message: expect.stringContaining('macs.0') as string } },
      { row: 4, outcome: 'refused', error: { message: 'row 2 is the same machine: give each only once' } },
    ])
    expect(server.inventory.list()).toEqual([])
  })

  it('takes in the others where bad rows may be left out', async () => {
    const server = await testServer()
    const request = { format: 'csv', text: CSV, skipRefused: true }
    expect(await post(server, '/machines/import', { ...request, dryRun: true })).toMatchObject({ applied: false })
    expect(await post(server, '/machines/import', request)).toMatchObject({ applied: true })
    expect(server.inventory.list()).toMatchObject([{ name: 'web-1', macs: [mac(1)], labels: { rack: 'r1' } }])
  })

  it.each([
    ['csv', 'name,colour\nx,red', 'CSV_INVALID'],
    ['yaml', 'kind: {', 'YAML_INVALID'],
    ['netbox', '{}', 'NETBOX_INVALID'],
  ])('refuses what is no %s', async (format, text, code) => {
    const { call } = await testServer()
    const problem = await problemOf(call('POST', '/api/v1/machines/import', { json: { format, text } }))
    expect(problem).toMatchObject({ status: 422, code })
  })
})
