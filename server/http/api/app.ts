// `/api/v1`: everything people and programs do, with its OpenAPI document made from the same schemas.
import { OpenAPIHono } from '@hono/zod-openapi'
import { except } from 'hono/combine'
import type { Logger } from '../../observe/logger.ts'
import type { Guard, HttpEnv } from '../context.ts'
import { authenticated } from '../middleware/access.ts'
import { jsonBody, limitedBody } from '../middleware/request-body.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { accessRoutes, loginRoutes } from './access.ts'
import { auditRoutes } from './audit.ts'
import { imageInspectionRoutes } from './image-inspection.ts'
import { bundleRoutes } from './bundles.ts'
import { imageTrackRoutes } from './image-tracks.ts'
import { imageRoutes } from './images.ts'
import { installRoutes } from './installs.ts'
import { machineRoutes } from './machines.ts'
import { mediaRoutes } from './media.ts'
import { describeApi, openApiDocument } from './openapi.ts'
import { oidcRoutes } from './oidc.ts'
import { overviewRoutes } from './overview.ts'
import { profileRoutes } from './profiles.ts'
import { serverRoutes } from './server.ts'
import { traceRoutes } from './trace.ts'
import { userRoutes } from './users.ts'

/** Room for an assignment to 10 000 machines. */
const MAX_BODY_BYTES = 2 ** 20

export interface ApiAppOptions {
  services: Services
  guard: Guard
  /** Ends event streams and operations on images and media. */
  stopping: AbortSignal
  logger: Logger
  onEventStream?: (change: 1 | -1) => void
}

/** Mounted at `/api/v1`. */
export function apiApp(options: ApiAppOptions): OpenAPIHono<HttpEnv> {
  const { services, guard, stopping, logger, onEventStream = () => {} } = options
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  describeApi(app)
  // An archive or ISO is as large as it is; it streams to the store.
  app.use(except((c) => /\/(images|media|bundles)\/import$/.test(c.req.path), limitedBody(MAX_BODY_BYTES), jsonBody))
  app.get('/openapi.json', (c) =>
    c.body(JSON.stringify(openApiDocument(app)), 200, { 'Content-Type': 'application/json' }),
  )
  app.route('/', loginRoutes(services))
  app.route('/', oidcRoutes(services))
  app.use(authenticated(services.tokens, guard))
  app.route('/', accessRoutes(services))
  app.route('/', userRoutes(services))
  app.route('/', auditRoutes(services))
  app.route('/', machineRoutes(services))
  app.route('/', installRoutes(services))
  app.route('/', profileRoutes(services))
  app.route('/', overviewRoutes(services))
  app.route('/', imageRoutes(services, { stopping, logger }))
  app.route('/', imageInspectionRoutes(services))
  app.route('/', imageTrackRoutes(services))
  app.route('/', bundleRoutes(services, { stopping, logger }))
  app.route('/', mediaRoutes(services, { stopping, logger }))
  app.route('/', traceRoutes(services))
  app.route('/', serverRoutes(services, { stopping, onStream: onEventStream }))
  return app
}
