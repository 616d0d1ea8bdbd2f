// `/api/v1`: everything people and programs do, with its OpenAPI document made from the same schemas.
import { OpenAPIHono } from '@hono/zod-openapi'
import { except } from 'hono/combine'
import type { Logger } from '../../observe/logger.ts'
import type { HttpEnv } from '../context.ts'
import { authenticated, SESSION_COOKIE } from '../middleware/access.ts'
import { jsonBody, limitedBody } from '../middleware/request-body.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { accessRoutes, loginRoutes } from './access.ts'
import { imageRoutes } from './images.ts'
import { installRoutes } from './installs.ts'
import { machineRoutes } from './machines.ts'
import { profileRoutes } from './profiles.ts'
import { serverRoutes } from './server.ts'

/** Room for an assignment to 10 000 machines. */
const MAX_BODY_BYTES = 2 ** 20

export interface ApiAppOptions {
  services: Services
  /** Ends event streams and image operations. */
  stopping: AbortSignal
  logger: Logger
  onEventStream?: (change: 1 | -1) => void
}

/** Mounted at `/api/v1`. */
export function apiApp({ services, stopping, logger, onEventStream = () => {} }: ApiAppOptions): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  // An archive is as large as it is; it streams to the store.
  app.use(except((c) => c.req.path.endsWith('/images/import'), limitedBody(MAX_BODY_BYTES), jsonBody))
  app.get('/openapi.json', (c) => c.json(openApiDocument(app)))
  app.route('/', loginRoutes(services))
  app.use(authenticated(services.tokens))
  app.route('/', accessRoutes(services))
  app.route('/', machineRoutes(services))
  app.route('/', installRoutes(services))
  app.route('/', profileRoutes(services))
  app.route('/', imageRoutes(services, { stopping, logger }))
  app.route('/', serverRoutes(services, { stopping, onStream: onEventStream }))
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'an API token; `landfall token create` makes one',
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: SESSION_COOKIE,
    description: 'set by POST /login; writes must come from the same origin',
  })
  return app
}

/** The OpenAPI 3.1 document of all operations. */
export function openApiDocument(app: OpenAPIHono<HttpEnv>) {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Landfall',
      version: '1',
      description: 'Turns bare metal into the bootable container image you chose for it.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/api/v1' }],
  })
}
