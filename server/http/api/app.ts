// `/api/v1`: everything people and programs do, with its OpenAPI document made from the same schemas.
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { except } from 'hono/combine'
import { MAX_DOCUMENTS_BYTES } from '../../contract/document.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Guard, HttpEnv } from '../context.ts'
import { authenticated } from '../middleware/access.ts'
import { jsonBody, limitedBody } from '../middleware/request-body.ts'
import { endUnread } from '../middleware/unread.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { accessRoutes, loginRoutes } from './access.ts'
import { auditRoutes } from './audit.ts'
import { documentRoutes } from './documents.ts'
import { imageInspectionRoutes } from './image-inspection.ts'
import { bundleRoutes } from './bundles.ts'
import { imageTrackRoutes } from './image-tracks.ts'
import { imageRoutes } from './images.ts'
import { installRoutes } from './installs.ts'
import { machineRoutes } from './machines.ts'
import { mediaRoutes } from './media.ts'
import { networkRoutes } from './network.ts'
import { describeApi, openApiDocument } from './openapi.ts'
import { oidcRoutes } from './oidc.ts'
import { overviewRoutes } from './overview.ts'
import { profileRoutes } from './profiles.ts'
import { serverRoutes } from './server.ts'
import { snapshotRoutes } from './snapshots.ts'
import { traceRoutes } from './trace.ts'
import { userRoutes } from './users.ts'
import { webhookRoutes } from './webhooks.ts'

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
  app.use(endUnread)
  // An archive or ISO is as large as it is; it streams to the store.
  const isFile = (c: Context) => /\/(images|media|bundles)\/import$/.test(c.req.path)
  const holdsDocuments = (c: Context) => /\/(apply|machines\/import)$/.test(c.req.path)
  app.use(except((c) => isFile(c) || holdsDocuments(c), limitedBody(MAX_BODY_BYTES)))
  app.use(except((c) => !holdsDocuments(c), limitedBody(MAX_DOCUMENTS_BYTES)))
  app.use(except(isFile, jsonBody))
  app.get('/openapi.json', (c) =>
    c.body(JSON.stringify(openApiDocument(app)), 200, { 'Content-Type': 'application/json' }),
  )
  app.route('/', loginRoutes(services))
  app.route('/', oidcRoutes(services))
  app.use(authenticated(services.tokens, guard))
  app.route('/', accessRoutes(services))
  app.route('/', userRoutes(services))
  app.route('/', auditRoutes(services))
  app.route('/', documentRoutes(services))
  app.route('/', machineRoutes(services))
  app.route('/', installRoutes(services))
  app.route('/', profileRoutes(services))
  app.route('/', overviewRoutes(services))
  app.route('/', webhookRoutes(services))
  app.route('/', imageRoutes(services, { stopping, logger }))
  app.route('/', imageInspectionRoutes(services))
  app.route('/', imageTrackRoutes(services))
  app.route('/', bundleRoutes(services, { stopping, logger }))
  app.route('/', mediaRoutes(services, { stopping, logger }))
  app.route('/', traceRoutes(services))
  app.route('/', snapshotRoutes(services, { stopping, logger }))
  app.route('/', networkRoutes(services))
  app.route('/', serverRoutes(services, { stopping, onStream: onEventStream }))
  return app
}
