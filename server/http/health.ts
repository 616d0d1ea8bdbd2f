// Whether the process lives, and whether it can do its work; for supervisors and load balancers.
import { Hono } from 'hono'
import type { HttpEnv } from './context.ts'

/** Sentences about what keeps the server from working; empty when it is ready. Must be quick and must not throw. */
export type Readiness = () => readonly string[]

/** `/livez`: 200 while the event loop turns. `/readyz`: 200, or 503 with the reasons, one a line. */
export function healthRoutes(readiness: Readiness): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>()
  app.get('/livez', (c) => text(c.req.method, 200, 'ok\n'))
  app.get('/readyz', (c) => {
    const problems = readiness()
    return problems.length === 0
      ? text(c.req.method, 200, 'ready\n')
      : text(c.req.method, 503, problems.map((problem) => `${problem}\n`).join(''))
  })
  return app
}

function text(method: string, status: number, body: string): Response {
  const headers = {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
  }
  return new Response(method === 'HEAD' ? null : body, { status, headers })
}
