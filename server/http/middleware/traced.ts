// Tells somebody of each request of a machine that boots, and of how its answer went out.
import type { MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import { remoteAddress } from '../context.ts'
import type { HttpEnv } from '../context.ts'

interface TracedRequest {
  method: string
  /** With the query, secrets and all. */
  path: string
  status: number
  /** Of the answer, as its header says. */
  bytes: number
  userAgent: string | undefined
  address: string | undefined
}

/** Returns what hears whether the whole answer went out. */
export type OnRequest = (request: TracedRequest) => (complete: boolean) => void

export function traced(onRequest: OnRequest): MiddlewareHandler<HttpEnv> {
  return createMiddleware<HttpEnv>(async (c, next) => {
    await next()
    const { pathname, search } = new URL(c.req.url)
    const end = onRequest({
      method: c.req.method,
      path: pathname + search,
      status: c.res.status,
      bytes: Number(c.res.headers.get('content-length') ?? 0),
      userAgent: c.req.header('user-agent')?.slice(0, 200),
      address: remoteAddress(c),
    })
    const outgoing = c.env?.outgoing
    // In memory there is no telling: the answer is the caller's.
    if (!outgoing) end(true)
    else outgoing.once('close', () => end(outgoing.writableFinished))
  })
}
