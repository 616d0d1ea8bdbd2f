import { describe, expect, it } from 'vitest'
import type { Machine, MachineSummary, Profile } from '../../../../server/contract/machine.ts'
import { problemOf, testServer } from '../support.ts'

const MAC = '52:54:00:00:00:01'

async function withBoth() {
  const server = await testServer()
  const machine = server.inventory.create({ macs: [MAC] }, 'a')
  const profile = server.profiles.create({ name: 'p', selector: {}, priority: 0, spec: {} }, 'a')
  return { ...server, paths: [`/api/v1/machines/${machine.id}`, `/api/v1/profiles/${profile.id}`], id: machine.id }
}

describe('a change with If-Match', () => {
  it('counts when nobody changed anything meanwhile, and is refused when somebody did', async () => {
    const { call, paths } = await withBoth()
    for (const path of paths) {
      const tag = (await call('GET', path)).headers.get('etag')!
      const change = (match: string, name: string) =>
        call('PATCH', path, { headers: { 'if-match': match }, json: { name } })
      const first = await change(tag, 'first')
      expect([first.status, first.headers.get('etag')]).toEqual([200, expect.stringMatching(/^"2\.[\w-]{22}"$/)])
      expect(await problemOf(change(tag, 'second'))).toMatchObject({ status: 412, code: 'CHANGED_MEANWHILE' })
      expect((await change(`"7", ${first.headers.get('etag')!}`, 'third')).status).toBe(200)
      expect((await change('"3"', 'fourth')).status).toBe(200)
      expect((await change('*', 'fifth')).status).toBe(200)
      expect((await problemOf(change('W/"5"', 'sixth'))).code).toBe('CHANGED_MEANWHILE')
      expect((await problemOf(call('DELETE', path, { headers: { 'if-match': tag } }))).status).toBe(412)
      expect(await (await call('GET', path)).json()).toMatchObject({ name: 'fifth', revision: 5 })
    }
  })

  it('is not refused for what the machine itself changed', async () => {
    const { call, paths, inventory, id } = await withBoth()
    const tag = (await call('GET', paths[0]!)).headers.get('etag')!
    inventory.seen(id, '192.0.2.9')
    expect((await call('GET', paths[0]!)).headers.get('etag')).not.toBe(tag)
    expect((await call('PATCH', paths[0]!, { headers: { 'if-match': tag }, json: { name: 'n' } })).status).toBe(200)
  })
})

it('what is known is not sent again', async () => {
  const { call, paths, inventory, id } = await withBoth()
  for (const path of paths) {
    const tag = (await call('GET', path)).headers.get('etag')!
    const again = await call('GET', path, { headers: { 'if-none-match': `"x", W/${tag}` } })
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag])
  }
  const tag = (await call('GET', paths[0]!)).headers.get('etag')!
  inventory.seen(id, '192.0.2.9')
  expect((await call('GET', paths[0]!, { headers: { 'if-none-match': tag } })).status).toBe(200)
})

describe('Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'job-17' }

  it('carries a request out once, and answers the same again', async () => {
    const { call, inventory } = await testServer()
    const ask = (json: object, more: object = {}) => call('POST', '/api/v1/machines', { headers, json, ...more })
    const first = await ask({ macs: [MAC] })
    const again = await ask({ macs: [MAC] })
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
    expect(await again.json()).toEqual(await first.json())
    expect(inventory.list()).toHaveLength(1)
    expect(await problemOf(ask({ macs: ['52:54:00:00:00:02'] }))).toMatchObject({ status: 422, code: 'KEY_REUSED' })
    // Another caller's key is another one.
    expect(await problemOf(ask({ macs: [MAC] }, { as: 'operator' }))).toMatchObject({ status: 409, code: 'CONFLICT' })
  })

  it('is of the scope that it was asked in', async () => {
    const { call, tokens } = await testServer()
    const ask = (rack: string) => {
      const { id, secret } = tokens.createApiToken({ name: 'ci', role: 'operator', scope: { rack } }, 'a')
      const answer = call('POST', '/api/v1/machines', {
        as: secret,
        headers,
        json: { macs: [MAC], labels: { rack: 'r1' } },
      })
      return answer.finally(() => tokens.revoke(id, 'a'))
    }
    expect((await ask('r1')).status).toBe(201)
    expect(await problemOf(ask('r2'))).toMatchObject({ status: 403, code: 'OUT_OF_SCOPE' })
  })

  it('keeps no refusal, and no answer longer than a day', async () => {
    const { call, inventory, clock } = await testServer()
    const ask = () => call('POST', '/api/v1/machines', { headers, json: { macs: [MAC] } })
    const { id } = inventory.create({ macs: [MAC] }, 'a')
    expect((await ask()).status).toBe(409)
    inventory.remove(id, 'a')
    expect((await ask()).status).toBe(201)
    expect((await ask()).status).toBe(201)
    clock.advance(25 * 3_600_000)
    expect((await ask()).status).toBe(409)
  })

  it('does not wait for an answer that is still to come', async () => {
    const { call, inventory, installs } = await testServer()
    const { id } = inventory.create({ macs: [MAC] }, 'a')
    await installs.assign({ machines: [id], image: 'os/web:stable' }, 'a')
    const ask = () => call('POST', `/api/v1/machines/${id}/reinstall`, { headers })
    const [first, second] = await Promise.all([ask(), ask()])
    expect([first.status, second.status].toSorted()).toEqual([200, 409])
    expect(installs.listFor(id)).toHaveLength(2)
    expect((await ask()).status).toBe(200)
    expect(installs.listFor(id)).toHaveLength(2)
  })

  it('is refused where it is none', async () => {
    const { call } = await testServer()
    const ask = (key: string) => call('POST', '/api/v1/machines', { headers: { 'idempotency-key': key }, json: {} })
    expect((await problemOf(ask('a b'))).code).toBe('VALIDATION')
    expect((await problemOf(ask('x'.repeat(256)))).code).toBe('VALIDATION')
  })
})

describe('POST /machines/claim', () => {
  const rack = async () => {
    const server = await testServer()
    for (let index = 1; index <= 4; index++) {
      server.clock.advance(1)
      const labels = { pool: index < 4 ? 'ci' : 'lab' }
      server.inventory.create({ macs: [`52:54:00:00:00:0${index}`], name: `m${index}`, labels }, 'a')
    }
    const claim = (owner: string, more: object = {}, headers = {}) =>
      server.call('POST', '/api/v1/machines/claim', {
        as: 'operator',
        headers,
        json: { filter: { label: ['pool=ci'] }, set: { owner }, ...more },
      })
    const names = async (response: Promise<Response>) =>
      ((await (await response).json()) as { machines: MachineSummary[] }).machines.map(({ name }) => name)
    return { ...server, claim, names }
  }

  it('gives each machine to one caller, until it is given back', async () => {
    const { claim, names, inventory } = await rack()
    const taken = await Promise.all([names(claim('a')), names(claim('b', { count: 2 }))])
    expect(taken).toEqual([['m1'], ['m2', 'm3']])
    expect(await problemOf(claim('c'))).toMatchObject({ status: 409, code: 'CONFLICT' })
    const [{ id }] = inventory.list() as [MachineSummary]
    inventory.update(id, { labels: { pool: 'ci' } }, 'a')
    expect(await names(claim('c'))).toEqual(['m1'])
    expect(inventory.get(id).labels).toEqual({ pool: 'ci', owner: 'c' })
  })

  it('takes none when fewer are free than wanted, and none that is retired', async () => {
    const { claim, inventory } = await rack()
    inventory.retire(inventory.list()[0]!.id, 'a')
    const problem = await problemOf(claim('a', { count: 3 }))
    expect(problem).toMatchObject({ code: 'CONFLICT', detail: '2 machines are free, and 3 are wanted' })
    expect(inventory.list({ label: ['owner'] })).toEqual([])
  })

  it('answers the same machines to the same key', async () => {
    const { claim, names } = await rack()
    const headers = { 'idempotency-key': 'job-17' }
    const first = await names(claim('a', {}, headers))
    expect(await names(claim('a', {}, headers))).toEqual(first)
  })

  it('wants a label that marks what is taken', async () => {
    const { claim } = await rack()
    expect(await problemOf(claim('a', { set: {} }))).toMatchObject({ status: 400, code: 'VALIDATION' })
  })
})

it('revisions stand in what is listed', async () => {
  const { call } = await withBoth()
  const machine = (await (await call('GET', '/api/v1/machines')).json()) as { items: Machine[] }
  const profile = (await (await call('GET', '/api/v1/profiles')).json()) as { items: Profile[] }
  expect([machine.items[0]!.revision, profile.items[0]!.revision]).toEqual([1, 1])
})
