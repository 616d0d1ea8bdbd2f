// A registry on loopback to pull from, which tells what it was asked for and can be made to fail.
import { serve } from '@hono/node-server'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Upstream } from '../../server/oci/upstreams.ts'
import { testRegistry } from './registry.ts'
import type { TestRegistry } from './registry.ts'

export interface TestUpstream {
  /** `127.0.0.1:PORT`, plain HTTP. */
  host: string
  registry: TestRegistry
  /** `GET /v2/os/web/blobs/...`, in the order of their arrival. */
  requests: string[]
  /** Answers in the registry's place while it is set. */
  instead: ((request: Request) => Response | Promise<Response> | undefined) | undefined
  /** As the configuration would tell of it. */
  settings(more?: Partial<Upstream>): Upstream
}

export async function testUpstream(): Promise<TestUpstream> {
  const registry = await testRegistry()
  const fetch = async (request: Request): Promise<Response> => {
    upstream.requests.push(`${request.method} ${new URL(request.url).pathname}`)
    return (await upstream.instead?.(request)) ?? registry.app.fetch(request)
  }
  const server = serve({ fetch, hostname: '127.0.0.1', port: 0 })
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const upstream: TestUpstream = {
    host,
    registry,
    requests: [],
    instead: undefined,
    settings: (more = {}) => ({ registry: host, mirrors: [], insecure: true, ...more }),
  }
  return upstream
}
