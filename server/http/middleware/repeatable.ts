// Requests that may come twice, because their first answer was lost, and are carried out once.
import type { MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { HttpEnv } from '../context.ts'
import { HttpProblem } from '../problem.ts'
import { note } from './audited.ts'

export const IDEMPOTENCY_KEY = 'idempotency-key'

/** Printable ASCII: UUIDs, names of jobs. */
const KEY = /^[\x21-\x7e]{1,255}$/

/**
 * With an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), the first success is kept and answered again for a day, with
 * `Idempotency-Replayed: true`. After `admitted`: whoever may no longer do it is not told either; nor is whoever has another scope since.
 */
export const repeatable: MiddlewareHandler<HttpEnv> = createMiddleware<HttpEnv>(async (c, next) => {
  const given = c.req.header(IDEMPOTENCY_KEY)
  if (given === undefined) return next()
  if (!KEY.test(given)) {
    throw new HttpProblem(400, 'VALIDATION', 'Idempotency-Key: must be 1 to 255 characters of ASCII without blanks', {
      hint: 'a UUID will do',
    })
  }
  const { caller, guard } = c.var
  const { pathname, search } = new URL(c.req.url)
  const key = JSON.stringify([caller.actor, caller.scope, c.req.method, pathname + search, given])
  const before = await guard.answers.once({ key, body: await c.req.text() }, async () => {
    await next()
    return c.res.ok ? { status: c.res.status, body: await c.res.clone().text() } : undefined
  })
  if (!before) return undefined
  note(c, 'answered again')
  return new Response(before.body, {
    status: before.status,
    headers: { 'Content-Type': 'application/json', 'Idempotency-Replayed': 'true' },
  })
})
