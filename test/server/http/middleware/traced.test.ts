import { once } from 'node:events'
import { connect } from 'node:net'
import { Hono } from 'hono'
import { expect, it, onTestFinished, vi } from 'vitest'
import { listen } from '../../../../server/http/listen.ts'
import { traced } from '../../../../server/http/middleware/traced.ts'
import type { HttpEnv } from '../../../../server/http/context.ts'
import { testBootApp } from '../boot/support.ts'

/** What was told, and whether the answer went out whole. */
function recorder() {
  const told: Record<string, unknown>[] = []
  const onRequest = (request: object) => {
    const entry: Record<string, unknown> = { ...request }
    told.push(entry)
    return (complete: boolean) => void (entry['complete'] = complete)
  }
  return { told, onRequest }
}

it('tells who asked for what, and what was answered', async () => {
  const { told, onRequest } = recorder()
  const app = testBootApp({ onRequest })
  await app.request('/boot/loaders/snponly.efi?x=1', { headers: { 'user-agent': 'UefiHttpBoot/1.0' } })
  await app.request('/boot/loaders/nothing.efi', { method: 'HEAD' })
  expect(told).toMatchObject([
    {
      method: 'GET',
      path: '/boot/loaders/snponly.efi?x=1',
      status: 200,
      bytes: 14,
      userAgent: 'UefiHttpBoot/1.0',
      complete: true,
    },
    { method: 'HEAD', path: '/boot/loaders/nothing.efi', status: 404 },
  ])
})

it('knows whether a client stayed to the end', async () => {
  const { told, onRequest } = recorder()
  const app = new Hono<HttpEnv>().use(traced(onRequest)).get('/boot/large', (c) => c.body(new Uint8Array(50_000_000)))
  const server = await listen({ app, host: '127.0.0.1', port: 0, configKey: 'http.port' })
  onTestFinished(() => server.stop(0))
  const socket = connect(server.port, '127.0.0.1')
  socket.write('GET /boot/large HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
  socket.destroy()
  await vi.waitFor(() => expect(told).toMatchObject([{ complete: false, address: '127.0.0.1' }]))
  await (await fetch(`http://127.0.0.1:${server.port}/boot/large`)).arrayBuffer()
  await vi.waitFor(() => expect(told[1]).toMatchObject({ complete: true }))
})
