// What agents and deployed systems call: registration, tasks, plans, events, confirmation. Contract: contract/agent.ts.
import { Hono } from 'hono'
import type { Context } from 'hono'
import { z } from 'zod'
import {
  ConfirmRequest,
  EventsRequest,
  PlanRequest,
  RecoveryKeyRequest,
  RegisterRequest,
} from '../../contract/agent.ts'
import { Uuid } from '../../contract/common.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Metrics } from '../../observe/metrics.ts'
import { remoteAddress } from '../context.ts'
import type { HttpEnv } from '../context.ts'
import { requireBearer } from '../middleware/access.ts'
import { FailureThrottle } from '../../core/failure-throttle.ts'
import { jsonBody, limitedBody, readJson } from '../middleware/request-body.ts'
import type { Services } from '../ports.ts'
import { describeError, problemResponse } from '../problem.ts'

/** A batch of 1000 log lines of 16 KiB at most. */
const MAX_BODY_BYTES = 20 * 2 ** 20

/** Seconds of a long poll; 50 at most, below every proxy's and our own idle timeout. */
const WaitQuery = z.coerce.number().min(0).max(50).default(0)

export interface AgentAppOptions {
  services: Pick<Services, 'installs' | 'events'>
  /** Ends long polls. */
  stopping: AbortSignal
  logger: Logger
  metrics: Metrics
}

/** Mounted at `/agent/v1`. */
export function agentApp({ services, stopping, logger, metrics }: AgentAppOptions): Hono<HttpEnv> {
  const { installs, events } = services
  const noted = new FailureThrottle({ limit: 1, windowMs: 10_000 })
  const app = new Hono<HttpEnv>()
  app.use(limitedBody(MAX_BODY_BYTES), jsonBody)

  app.post('/register', async (c) => {
    const token = requireBearer(c)
    return c.json(installs.openSession(token, await readJson(c, RegisterRequest), remoteAddress(c)))
  })

  app.get('/task', async (c) => {
    const session = installs.authenticateSession(requireBearer(c))
    const seconds = WaitQuery.parse(c.req.query('wait'))
    const signal = AbortSignal.any([stopping, c.req.raw.signal])
    return c.json(await installs.nextTask(session, seconds * 1000, signal))
  })

  app.put('/installs/:id/plan', async (c) => {
    const session = installs.authenticateSession(requireBearer(c))
    const installId = Uuid.parse(c.req.param('id'))
    return c.json(installs.recordPlan(session, installId, await readJson(c, PlanRequest)))
  })

  app.put('/installs/:id/recovery-key', async (c) => {
    const session = installs.authenticateSession(requireBearer(c))
    const installId = Uuid.parse(c.req.param('id'))
    const { key } = await readJson(c, RecoveryKeyRequest)
    return c.json(installs.recordRecoveryKey(session, installId, key))
  })

  app.post('/installs/:id/events', async (c) => {
    const session = installs.authenticateSession(requireBearer(c))
    const installId = Uuid.parse(c.req.param('id'))
    return c.json(installs.recordEvents(session, installId, await readJson(c, EventsRequest)))
  })

  app.post('/confirm', async (c) => {
    const token = requireBearer(c)
    installs.confirm(token, await readJson(c, ConfirmRequest), remoteAddress(c))
    return c.body(null, 204)
  })

  app.onError((error, c) => {
    const { status, code, detail } = describeError(error)
    metrics.agentRefusals.inc({ code })
    if (status >= 500) logger.error({ err: error, requestId: c.var.requestId }, 'agent request failed')
    if (status === 401) noteRefusal(c, code, detail)
    return problemResponse(error, c)
  })
  return app

  /** One event per client and ten seconds: whoever knocks with a wrong token all day must not fill the log. */
  function noteRefusal(c: Context<HttpEnv>, code: string, detail: string): void {
    const address = remoteAddress(c) ?? 'unknown'
    if (noted.retryAfter(address) > 0) return
    noted.failed(address)
    const message = `an agent at ${address} was refused: ${detail}`
    events.append({ type: 'agent.refused', message, data: { address, code, path: c.req.path } })
  }
}
