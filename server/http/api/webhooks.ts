// Webhooks: who was told of the ends of installs, what came of it, and telling them again.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { DeliveryFilter, ReplayRequest, ReplayResult, Webhook, WebhookDelivery } from '../../contract/webhook.ts'
import type { HttpEnv } from '../context.ts'
import { note } from '../middleware/audited.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { body, conflict, json, Limit, list, needs, notFound, refusals } from './operation.ts'

const tags = ['webhooks']

const listWebhooks = createRoute({
  method: 'get',
  path: '/webhooks',
  tags,
  summary: 'Receivers that specs name and that were told something, the last one first',
  ...needs('viewer', 'chosen'),
  responses: { 200: json(list(Webhook), 'receivers'), ...refusals },
})

const listDeliveries = createRoute({
  method: 'get',
  path: '/webhooks/deliveries',
  tags,
  summary: 'What was sent and what came of it, newest first; of each receiver the newest 500 are kept',
  ...needs('viewer', 'chosen'),
  request: {
    query: DeliveryFilter.extend({
      before: z.coerce.number().int().positive().optional().describe('only deliveries with a lower number'),
      limit: Limit.default(100),
    }),
  },
  responses: { 200: json(list(WebhookDelivery), 'deliveries'), ...refusals },
})

const replay = createRoute({
  method: 'post',
  path: '/webhooks/replay',
  tags,
  summary: 'Send a delivery again, or tell of all installs that ended after an event',
  ...needs('operator', 'chosen'),
  request: { body: body(ReplayRequest) },
  responses: { 200: json(ReplayResult, 'the new deliveries'), ...refusals, ...notFound, ...conflict },
})

export function webhookRoutes({ webhooks }: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(listWebhooks, (c) => c.json({ items: webhooks.receivers(c.var.caller.scope) }, 200))
  app.openapi(listDeliveries, (c) => {
    const { scope } = c.var.caller
    return c.json({ items: webhooks.list({ ...c.req.valid('query'), scope }) }, 200)
  })
  app.openapi(replay, (c) => {
    const result = webhooks.replay(c.req.valid('json'), c.var.caller)
    note(c, `${result.deliveries.length} deliveries`)
    return c.json(result, 200)
  })
  return app
}
