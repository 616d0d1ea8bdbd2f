// Pulls without TLS, beside the boot files: what is fetched by digest needs no secrecy to be what it should be.
import { Hono } from 'hono'
import type { RegistryEnv } from '../oci/registry/context.ts'
import type { HttpEnv } from './context.ts'

/** `registry` must be one for the public only. */
export function withPulls(boot: Hono<HttpEnv>, registry: Hono<RegistryEnv>): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>()
  for (const path of ['/v2', '/v2/*', '/extensions/v2/*']) app.all(path, (c) => registry.fetch(c.req.raw, c.env))
  app.all('*', (c) => boot.fetch(c.req.raw, c.env))
  return app
}
