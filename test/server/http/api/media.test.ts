import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Media, MediaProgress } from '../../../../server/contract/media.ts'
import { writeFakeIso } from '../../../helpers/fake-iso.ts'
import type { FakeIso } from '../../../helpers/fake-iso.ts'
import { problemOf, testServer } from '../support.ts'
import type { TestServer } from '../support.ts'

async function lines(response: Response): Promise<MediaProgress[]> {
  expect(response.headers.get('content-type')).toBe('application/x-ndjson')
  const text = await response.text()
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as MediaProgress)
}

async function upload(server: TestServer, options: FakeIso = {}, query = ''): Promise<MediaProgress | undefined> {
  const path = join(server.dir, 'upload.iso')
  await writeFakeIso(path, options)
  const response = await server.call('POST', `/api/v1/media/import${query}`, {
    as: 'operator',
    headers: { 'content-type': 'application/octet-stream' },
    init: { body: new Uint8Array(await readFile(path)) },
  })
  return (await lines(response)).at(-1)
}

async function imported(server: TestServer): Promise<Media> {
  const last = await upload(server)
  if (last?.type !== 'done') throw new Error(JSON.stringify(last))
  return last.media
}

describe('boot media', () => {
  it('are imported, listed, shown, verified and removed', async () => {
    const server = await testServer()
    const media = await imported(server)
    const path = `/api/v1/media/${media.id}`
    expect(await (await server.call('GET', '/api/v1/media', { as: 'viewer' })).json()).toEqual({ items: [media] })
    expect(await (await server.call('GET', path)).json()).toEqual(media)
    expect((await lines(await server.call('POST', `${path}/verify`))).at(-1)).toEqual({ type: 'done', media })
    expect((await server.call('DELETE', path)).status).toBe(204)
    expect(await problemOf(server.call('DELETE', path))).toMatchObject({ status: 404, code: 'MEDIA_NOT_FOUND' })
    expect(await problemOf(server.call('POST', `${path}/verify`))).toMatchObject({ status: 404 })
    const events = server.events.recent({ types: ['media.imported', 'media.removed'] })
    expect(events.map(({ type, actor, data }) => [type, actor, data['id']])).toEqual([
      ['media.removed', 'token:the-admin', media.id],
      ['media.imported', 'token:the-operator', media.id],
    ])
  })

  it('get a name', async () => {
    const last = await upload(await testServer(), {}, '?name=Lab%20installer')
    expect(last).toMatchObject({ type: 'done', media: { name: 'Lab installer' } })
  })

  it('end a bad import with the reason and the next step', async () => {
    const server = await testServer()
    const files = { 'LiveOS/squashfs.img': 'x', 'EFI/BOOT/BOOTX64.EFI': 'x' }
    expect(await upload(server, { files })).toEqual({
      type: 'failed',
      code: 'MEDIA_UNSUPPORTED',
      message: expect.stringContaining('live system'),
      hint: expect.any(String),
    })
    expect(server.events.recent({ types: ['media.imported'] })).toEqual([])
  })

  it('that somebody names are removed by force only', async () => {
    const server = await testServer()
    const { id } = await imported(server)
    server.mediaUsers.set(id, 1)
    const refused = await problemOf(server.call('DELETE', `/api/v1/media/${id}`))
    expect(refused).toMatchObject({ status: 409, code: 'MEDIA_IN_USE', hint: expect.stringContaining('--force') })
    expect((await server.call('DELETE', `/api/v1/media/${id}?force=true`)).status).toBe(204)
  })

  it('refuse names and ids that are none', async () => {
    const { call } = await testServer()
    for (const query of ['?name=', '?name=a%0Ab', `?name=${'x'.repeat(101)}`, '?other=1']) {
      const answer = call('POST', `/api/v1/media/import${query}`, { init: { body: 'x' } })
      expect(await problemOf(answer), query).toMatchObject({ status: 400, code: 'VALIDATION' })
    }
    for (const id of ['UPPER', '..%2Fx', '-x']) {
      expect(await problemOf(call('GET', `/api/v1/media/${id}`)), id).toMatchObject({ status: 400 })
    }
  })
})
