// As a program beside Landfall writes it: by the name of the package.
import { createClient, LandfallError, type Answer } from 'landfall/client'
import { expect, expectTypeOf, it } from 'vitest'
import { testServer } from '../server/http/support.ts'

async function served(as: 'admin' | 'viewer' = 'admin') {
  const server = await testServer()
  const send = ((url: string, init: RequestInit) => {
    const { pathname, search } = new URL(url)
    const headers = new Headers(init.headers)
    // What a connection would say of it.
    if (typeof init.body === 'string') headers.set('content-length', String(Buffer.byteLength(init.body)))
    return server.app.request(`${pathname}${search}`, { ...init, headers })
  }) as typeof fetch
  const token = server.secrets[as]
  return { ...server, landfall: createClient({ url: 'https://landfall.example:8443', token, fetch: send }) }
}

it('adds, changes and finds machines', async () => {
  const { landfall } = await served()
  const made = await landfall('POST /machines', {
    body: { macs: ['52:54:00:00:00:01'], name: 'web-01', labels: { rack: 'a' } },
  })
  expectTypeOf(made).toEqualTypeOf<Answer<'POST /machines'>>()
  const changed = await landfall('PATCH /machines/{id}', { path: { id: made.id }, body: { labels: { rack: 'b' } } })
  expect(changed.labels).toEqual({ rack: 'b' })
  const found = await landfall('GET /machines', { query: { label: ['rack=b'], state: ['discovered', 'ready'] } })
  expect(found.items.map(({ name }) => name)).toEqual(['web-01'])
  expect(await landfall('DELETE /machines/{id}', { path: { id: made.id } })).toBeUndefined()
})

it('walks over the pages of a list', async () => {
  const { landfall, inventory } = await served()
  for (let n = 10; n < 17; n++) inventory.create({ macs: [`52:54:00:00:00:${n}`], name: `m-${n}` }, 'token:test')
  const names: string[] = []
  for await (const { name } of landfall.items('GET /machines', { query: { limit: 3 } })) names.push(name)
  expect(names.toSorted()).toEqual(['m-10', 'm-11', 'm-12', 'm-13', 'm-14', 'm-15', 'm-16'])
})

it('says why something was refused', async () => {
  const { landfall } = await served('viewer')
  const refused = landfall('POST /machines', { body: { macs: ['52:54:00:00:00:01'] } })
  await expect(refused).rejects.toThrow(LandfallError)
  await expect(refused).rejects.toMatchObject({ status: 403, code: 'FORBIDDEN' })
  await expect(landfall('GET /machines/{id}', { path: { id: 'a/b?c' } })).rejects.toMatchObject({ status: 400 })
})

it('names its request, so that it may come twice', async () => {
  const { landfall } = await served()
  const request = { body: { macs: ['52:54:00:00:00:01'] }, header: { 'idempotency-key': 'order-4711-of-rack-a' } }
  const [first, second] = [await landfall('POST /machines', request), await landfall('POST /machines', request)]
  expect(second.id).toBe(first.id)
})

it('hands over what is a stream or a file', async () => {
  const { landfall, inventory } = await served()
  inventory.create({ macs: ['52:54:00:00:00:01'], name: 'web-01' }, 'token:test')
  const file = await landfall('GET /machines/export', { query: { format: 'csv' } })
  expect(await file.text()).toContain('web-01')
  const events = await landfall('GET /events')
  expect(events.headers.get('content-type')).toMatch(/^text\/event-stream/)
  await events.body!.cancel()
})

it('tells when nobody answers, or something else than Landfall', async () => {
  const lost = createClient({ url: 'http://127.0.0.1:9', token: 'lf_none' })
  await expect(lost('GET /system')).rejects.toThrow(TypeError)
  const page = (async () => new Response('<h1>Bad gateway</h1>', { status: 502 })) as typeof fetch
  const behind = createClient({ url: 'https://landfall.example', token: 'lf_none', fetch: page })
  await expect(behind('GET /system')).rejects.toMatchObject({
    status: 502,
    code: 'UNKNOWN',
    message: 'the server answered 502',
  })
})
