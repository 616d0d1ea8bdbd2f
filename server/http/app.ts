// The HTTPS side, put together: API, agents, registry, metrics, web page.
import { Hono } from 'hono'
import type { Logger } from '../observe/logger.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { RegistryEnv } from '../oci/registry/context.ts'
import { agentApp } from './agent/app.ts'
import { anacondaApp } from './anaconda/app.ts'
import { apiApp } from './api/app.ts'
import { OIDC_PATH } from './api/oidc.ts'
import type { AssetSource } from './assets.ts'
import type { Guard, HttpEnv } from './context.ts'
import { healthRoutes } from './health.ts'
import type { Readiness } from './health.ts'
import { authenticated } from './middleware/access.ts'
import { admitted } from './middleware/admission.ts'
import { auditedRegistry } from './middleware/audited.ts'
import { observed } from './middleware/observed.ts'
import { securityHeaders } from './middleware/security-headers.ts'
import type { Services } from './ports.ts'
import { describeError, HttpProblem, problemResponse } from './problem.ts'
import { problemPage } from './problem-page.ts'
import { webApp } from './web.ts'

export interface HttpsAppOptions {
  services: Services
  /** Answers `/v2/`, `/extensions/v2/` and everything below; see oci/registry/app.ts. */
  registry: Hono<RegistryEnv>
  /** What the plain port serves below `/boot/` and `/media/`, for firmware and loaders that want TLS. */
  boot: Hono<HttpEnv>
  /** The built web page; see webFiles. */
  web: AssetSource
  readiness: Readiness
  /** Aborted when the server stops: ends event streams, long polls and image operations. */
  stopping: AbortSignal
  logger: Logger
  metrics: Metrics
  /** Hears of each event stream that begins (1) and ends (-1). */
  onEventStream?: (change: 1 | -1) => void
}

export function httpsApp(options: HttpsAppOptions): Hono<HttpEnv> {
  const { services, registry, boot, web, readiness, stopping, metrics, onEventStream } = options
  const logger = options.logger.child({ part: 'http' })
  const app = new Hono<HttpEnv>()
  // It observes its requests itself.
  for (const path of ['/boot/*', '/media/*']) app.all(path, (c) => boot.fetch(c.req.raw, c.env))
  app.use(observed('api', logger, metrics), securityHeaders())
  app.route('/', healthRoutes(readiness))
  const guard: Guard = {
    audit: services.audit,
    answers: services.answers,
    labelsOf: (machineId) => services.inventory.labelsOf(machineId),
    machineOf: (installId) => services.installs.machineOf(installId),
  }
  app.get('/metrics', authenticated(services.tokens, guard), admitted('viewer', 'site'), async (c) =>
    c.body(await metrics.text(), 200, { 'Content-Type': metrics.contentType }),
  )
  for (const root of ['/v2', '/extensions/v2'] as const) app.use(`${root}/*`, auditedRegistry(services.audit, root))
  app.route('/', registry)
  app.route('/agent/v1', agentApp({ services, stopping, logger, metrics }))
  app.route('/anaconda/v1', anacondaApp(services.kickstarts))
  app.route('/api/v1', apiApp({ services, guard, stopping, logger, ...(onEventStream && { onEventStream }) }))
  for (const path of ['/api/*', '/agent/*', '/anaconda/*']) {
    app.all(path, (c) => {
      throw new HttpProblem(404, 'NOT_FOUND', `there is no ${c.req.method} ${c.req.path}`, {
        hint: '/api/v1/openapi.json lists all operations',
      })
    })
  }
  app.route('/', webApp(web))
  app.notFound((c) =>
    problemResponse(new HttpProblem(404, 'NOT_FOUND', `there is no ${c.req.method} ${c.req.path}`), c),
  )
  app.onError((error, c) => {
    // What the server is to blame for; the rest is between it and its client.
    if (describeError(error).status >= 500) logger.error({ err: error, requestId: c.var.requestId }, 'request failed')
    return c.req.path.startsWith(OIDC_PATH) ? problemPage(error, c) : problemResponse(error, c)
  })
  return app
}
