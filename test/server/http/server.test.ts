// The HTTPS side behind a real listener, called by the client that the command line uses.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { ApiClient } from '../../../server/cli/client.ts'
import { ImageProgress } from '../../../server/contract/image.ts'
import { MachineSummary } from '../../../server/contract/machine.ts'
import { MediaProgress } from '../../../server/contract/media.ts'
import { SystemInfo } from '../../../server/contract/system.ts'
import { listen } from '../../../server/http/listen.ts'
import { openAuthority } from '../../../server/pki/authority.ts'
import { ensureServerCertificate } from '../../../server/pki/server-certificate.ts'
import { fixtureImage, layoutFiles, tarOf } from '../../helpers/image-fixtures.ts'
import { SYSTEM, testServer } from './support.ts'

let dir: string
let ca: string
let tls: { key: string; certificate: string }
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'landfall-server-'))
  const authority = await openAuthority(dir)
  ca = authority.certificate
  tls = await ensureServerCertificate(authority, dir, ['127.0.0.1'])
})
afterAll(() => rm(dir, { recursive: true }))

async function started() {
  const server = await testServer()
  const listening = await listen({ app: server.app, host: '127.0.0.1', port: 0, configKey: 'https.port', tls })
  const url = `https://127.0.0.1:${listening.port}`
  const client = new ApiClient({ url, token: server.secrets.admin, ca })
  const stop = async () => {
    server.stopping.abort()
    await client.close()
    await listening.stop(0)
  }
  onTestFinished(stop)
  return { ...server, listening, url, client }
}

describe('the server behind TLS', () => {
  it('answers the command line’s client', async () => {
    const { client } = await started()
    expect(await client.call('GET', '/system', SystemInfo)).toEqual(SYSTEM)
    await client.call('POST', '/machines', z.unknown(), { macs: ['52:54:00:00:00:01'], name: 'a' })
    const { items } = await client.call('GET', '/machines', z.object({ items: z.array(MachineSummary) }))
    expect(items.map(({ name }) => name)).toEqual(['a'])
    await expect(client.call('POST', '/machines', z.unknown(), { macs: [] })).rejects.toMatchObject({
      code: 'VALIDATION',
    })
  })

  it('takes an archive straight from the socket', async () => {
    const { client, url } = await started()
    const tar = await tarOf(layoutFiles([{ image: await fixtureImage([{ a: 'b'.repeat(100_000) }]) }]))
    const body = { stream: Readable.from(chunksOf(tar)), type: 'application/x-tar' }
    const done = await client.operate('/images/import?as=os%2Fweb', body, ImageProgress, () => {})
    expect(done).toMatchObject([{ image: { reference: 'os/web:latest' } }])
    const manifest = await get(`${url}/v2/os/web/manifests/latest`)
    expect(manifest.headers['docker-content-digest']).toBe(done[0]!.image.digest)
    manifest.destroy()
  })

  it('tells what is wrong with an archive although more of it is still coming', async () => {
    const { client } = await started()
    const garbage = Buffer.alloc(8 * 2 ** 20, 'no tar ')
    const body = { stream: Readable.from(chunksOf(garbage)), type: 'application/x-tar' }
    const result = client.operate('/images/import?as=os%2Fweb', body, ImageProgress, () => {})
    await expect(result).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' })
  })

  it('tells what is wrong with an ISO although more of it is still coming', async () => {
    const { client } = await started()
    const body = {
      stream: Readable.from(chunksOf(Buffer.alloc(8 * 2 ** 20, 'no ISO '))),
      type: 'application/octet-stream',
    }
    const result = client.operate('/media/import', body, MediaProgress, () => {})
    await expect(result).rejects.toMatchObject({ code: 'NOT_AN_ISO', hint: expect.any(String) })
  })

  it('stops although a browser listens for events and an agent waits for a task', async () => {
    const { url, secrets, stopping, listening, inventory, tokens } = await started()
    const { id } = inventory.discover({ mac: '52:54:00:00:00:01' })
    const session = tokens.openAgentSession({ machineId: id, bootId: id })
    const events = await get(`${url}/api/v1/events`, secrets.viewer)
    events.resume()
    const task = get(`${url}/agent/v1/task?wait=50`, session)
    await get(`${url}/livez`).then((response) => response.destroy())
    const ended = once(events, 'end')
    stopping.abort()
    await listening.stop(60_000)
    await ended
    expect((await task).statusCode).toBe(200)
  })

  it('forgets an event stream whose reader has gone', async () => {
    const { url, secrets, eventStreams } = await started()
    const events = await get(`${url}/api/v1/events`, secrets.viewer)
    expect(eventStreams()).toBe(1)
    events.destroy()
    await expect.poll(eventStreams).toBe(0)
  })
})

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += 65_536) yield bytes.subarray(start, start + 65_536)
}

async function get(url: string, token?: string): Promise<IncomingMessage> {
  const call = request(url, {
    ca,
    agent: false,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  })
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  return response
}
