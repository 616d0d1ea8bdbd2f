// The fleet at a glance.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { Timestamp } from '../../contract/common.ts'
import { Overview } from '../../contract/overview.ts'
import type { HttpEnv } from '../context.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { json, needs, refusals } from './operation.ts'

const DAY_MS = 86_400_000

const getOverview = createRoute({
  method: 'get',
  path: '/overview',
  tags: ['server'],
  summary:
    'The fleet at a glance, as far as the caller may see it: states, running installs, failures by reason, images, what changed',
  ...needs('viewer', 'chosen'),
  request: {
    query: z.strictObject({
      since: Timestamp.optional().describe('what changed from here on; by default a day ago'),
      by: z.string().min(1).max(63).optional().describe('key of a label: machines by its values, e.g. by rack'),
    }),
  },
  responses: { 200: json(Overview, 'the fleet'), ...refusals },
})

export function overviewRoutes({ overviews }: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(getOverview, (c) => {
    const { since = new Date(Date.now() - DAY_MS).toISOString(), by } = c.req.valid('query')
    return c.json(overviews.look({ since, by, scope: c.var.caller.scope }), 200)
  })
  return app
}
