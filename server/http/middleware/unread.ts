// Answers to HEAD: those of GET without their bodies.
import { createMiddleware } from 'hono/factory'
import type { HttpEnv } from '../context.ts'

/** Ends what would have been streamed: nobody takes it, and it would wait for its reader with its files open. */
export const endUnread = createMiddleware<HttpEnv>(async (c, next) => {
  await next()
  if (c.req.method === 'HEAD') await c.res.body?.cancel()
})
