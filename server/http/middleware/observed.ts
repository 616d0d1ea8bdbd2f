// Every request gets an id, a log line and a count.
import type { MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import { requestId } from 'hono/request-id'
import { every } from 'hono/combine'
import type { Logger } from '../../observe/logger.ts'
import type { Metrics } from '../../observe/metrics.ts'
import { remoteAddress } from '../context.ts'
import type { HttpEnv } from '../context.ts'

/** What is asked so often, and changes nothing, that its success is worth a debug line only. */
const QUIET = /^GET \/(livez|readyz|metrics|api\/|agent\/v1\/task|assets\/)|^POST \/agent\/v1\/installs\/[^/]+\/events$/

/** Files that Anaconda asks every tree for, and hardly any has. */
const PROBES = /^\/media\/[^/]+\/images\/(updates|product)\.img$/

/** `X-Request-Id` (taken from the request when it has a plausible one), log line and metrics for one listener. */
export function observed(listener: 'boot' | 'api', logger: Logger, metrics: Metrics): MiddlewareHandler<HttpEnv> {
  const measure = createMiddleware<HttpEnv>(async (c, next) => {
    const start = performance.now()
    await next()
    const seconds = (performance.now() - start) / 1000
    const { method, path } = c.req
    const { status } = c.res
    metrics.httpRequests.inc({ listener, method: knownMethod(method), status: String(status) })
    metrics.httpSeconds.observe({ listener }, seconds)
    const isQuiet = QUIET.test(`${method} ${path}`) || PROBES.test(path) || status === 304
    const level = status >= 500 ? 'error' : isQuiet ? 'debug' : 'info'
    const fields = { method, path, status, ms: Math.round(seconds * 1000), client: remoteAddress(c) }
    logger[level]({ ...fields, requestId: c.get('requestId') }, 'request')
  })
  return every(requestId({ limitLength: 64 }), measure)
}

/** A label per method a client invents would let it fill our memory. */
function knownMethod(method: string): string {
  return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(method) ? method : 'other'
}
