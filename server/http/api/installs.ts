// Single installs: steps, outcome, log, cancelling.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { Timestamp } from '../../contract/common.ts'
import { Install, InstallDetail, RecoveryKey } from '../../contract/install.ts'
import type { HttpEnv } from '../context.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { conflict, IdParameter, json, list, needs, notFound, refusals } from './operation.ts'

const tags = ['installs']

const LogLine = z
  .object({
    /** Rising within the install. */
    seq: z.number().int().positive(),
    at: Timestamp,
    level: z.enum(['debug', 'info', 'warn', 'error']),
    text: z.string(),
  })
  .meta({ id: 'LogLine' })

const getInstall = createRoute({
  method: 'get',
  path: '/installs/{id}',
  tags,
  summary: 'One install: steps with times and bytes, layers, outcome',
  ...needs('viewer', 'install'),
  request: { params: IdParameter },
  responses: { 200: json(InstallDetail, 'the install'), ...refusals, ...notFound },
})

const getLog = createRoute({
  method: 'get',
  path: '/installs/{id}/log',
  tags,
  summary: "The installer's log, oldest line first",
  ...needs('viewer', 'install'),
  request: {
    params: IdParameter,
    query: z.strictObject({
      after: z.coerce.number().int().nonnegative().default(0).describe('only lines with a higher number'),
      limit: z.coerce.number().int().min(1).max(10_000).default(10_000),
    }),
  },
  responses: { 200: json(list(LogLine), 'log lines'), ...refusals, ...notFound },
})

const cancel = createRoute({
  method: 'post',
  path: '/installs/{id}/cancel',
  tags,
  summary: 'Stop an install at its next step',
  ...needs('operator', 'install'),
  request: { params: IdParameter },
  responses: { 200: json(Install, 'the install'), ...refusals, ...notFound, ...conflict },
})

const recoveryKey = createRoute({
  method: 'post',
  path: '/installs/{id}/recovery-key',
  tags,
  summary: 'Show the recovery key of the encrypted disks, and forget it',
  ...needs('admin', 'install'),
  request: { params: IdParameter },
  responses: { 200: json(RecoveryKey, 'the key'), ...refusals, ...notFound, ...conflict },
})

export function installRoutes({ installs }: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(getInstall, (c) => c.json(installs.detail(c.req.valid('param').id), 200))
  app.openapi(getLog, (c) => {
    const { id } = installs.get(c.req.valid('param').id)
    return c.json({ items: installs.log(id, c.req.valid('query')) }, 200)
  })
  app.openapi(cancel, (c) => c.json(installs.cancel(c.req.valid('param').id, c.var.caller.actor), 200))
  app.openapi(recoveryKey, (c) => {
    c.header('Cache-Control', 'no-store')
    return c.json({ key: installs.takeRecoveryKey(c.req.valid('param').id, c.var.caller.actor) }, 200)
  })
  return app
}
