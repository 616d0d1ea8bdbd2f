// Pushing over a connection: what a request in memory cannot show.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../../../server/http/listen.ts'
import { digestOf } from '../../../../server/oci/verify.ts'
import { testRegistry } from '../../../helpers/registry.ts'
import type { TestRegistry } from '../../../helpers/registry.ts'

const BYTES = randomBytes(4_000_000)
const DIGEST = digestOf(BYTES)

let registry: TestRegistry
let port: number
let location: string

async function start(options: Parameters<typeof testRegistry>[0] = {}): Promise<void> {
  registry = await testRegistry(options)
  const listening = await listen({ app: registry.app, host: '127.0.0.1', port: 0, configKey: 'http.port' })
  onTestFinished(() => listening.stop(0))
  port = listening.port
  const begun = await registry.call('POST', '/v2/os/web/blobs/uploads/')
  location = begun.headers.get('location')!
}
beforeEach(() => start())

function sending(method: string, path: string, length: number): ClientRequest {
  const headers = { authorization: 'Bearer pusher', 'content-length': String(length) }
  const sent = request({ host: '127.0.0.1', port, method, path, headers })
  sent.flushHeaders()
  // One that is cut off: looked at by whoever waits for its answer.
  sent.on('error', () => {})
  return sent
}

async function answer(sent: ClientRequest): Promise<{ status: number; body: string }> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode!, body: (await response.toArray()).join('') }
}

const offset = async () => (await registry.uploads.find('os/web', location.split('/').at(-1)!))!.offset

/** Resolves once that much is in the file. */
async function arrived(bytes: number): Promise<void> {
  while ((await offset()) < bytes) await sleep(2)
}

async function stored(): Promise<Buffer> {
  return Buffer.from(await (await registry.call('GET', `/v2/os/web/blobs/${DIGEST}`)).arrayBuffer())
}

describe('push of a blob over a connection', () => {
  it('stores what is sent at once', async () => {
    const sent = sending('PUT', `${location}?digest=${DIGEST}`, BYTES.length)
    sent.end(BYTES)
    expect((await answer(sent)).status).toBe(201)
    expect((await stored()).equals(BYTES)).toBe(true)
  })

  it('goes on where a client broke off, with every byte that came', async () => {
    const broken = sending('PATCH', location, BYTES.length)
    await new Promise((sent) => broken.write(BYTES.subarray(0, 2_000_000), sent))
    broken.destroy()
    await arrived(2_000_000)
    const rest = sending('PUT', `${location}?digest=${DIGEST}`, 2_000_000)
    rest.end(BYTES.subarray(2_000_000))
    expect((await answer(rest)).status).toBe(201)
    expect((await stored()).equals(BYTES)).toBe(true)
  })

  it('ends an earlier request for the sake of a later one', async () => {
    const earlier = sending('PATCH', location, BYTES.length)
    const ended = new Promise((resolve) => earlier.on('close', resolve))
    earlier.write(BYTES.subarray(0, 2_000_000))
    await arrived(1_000_000)
    const cancelled = await registry.call('DELETE', location)
    expect(cancelled.status).toBe(204)
    await ended
    expect((await registry.call('GET', location)).status).toBe(404)
  })

  it('tells on the same connection why it takes no more', async () => {
    await start({ maxBytes: 1_000_000 })
    const sent = sending('PUT', `${location}?digest=${DIGEST}`, BYTES.length)
    sent.end(BYTES)
    const { status, body } = await answer(sent)
    expect(status).toBe(507)
    expect(body).toContain('1 MB')
  })
})
