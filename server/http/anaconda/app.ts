// What the scripts of a kickstart call, over TLS: secrets for the machine, stages, logs. Contract: contract/anaconda.ts.
import { Hono } from 'hono'
import { StageRequest } from '../../contract/anaconda.ts'
import type { KickstartService } from '../../core/kickstart-service.ts'
import type { HttpEnv } from '../context.ts'
import { requireBearer } from '../middleware/access.ts'
import { limitedBody, readJson } from '../middleware/request-body.ts'
import { HttpProblem, problemResponse } from '../problem.ts'

const MAX_BODY_BYTES = 2 ** 20

/** Mounted at `/anaconda/v1`. */
export function anacondaApp(kickstarts: KickstartService): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>()
  app.use(limitedBody(MAX_BODY_BYTES))

  app.get('/files/:name', (c) => {
    const text = kickstarts.secretFile(requireBearer(c), c.req.param('name'))
    return c.body(text, 200, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
  })

  app.post('/stages', async (c) => {
    const token = requireBearer(c)
    const { stage, message } = await readJson(c, StageRequest)
    kickstarts.stage(token, stage, message)
    return c.body(null, 204)
  })

  app.post('/logs/:name', async (c) => {
    const token = requireBearer(c)
    const name = c.req.param('name')
    if (!/^[\w.-]{1,100}$/.test(name))
      throw new HttpProblem(400, 'VALIDATION', 'a log is named by letters, digits, dots and hyphens')
    kickstarts.log(token, name, await c.req.text())
    return c.body(null, 204)
  })

  app.onError((error, c) => problemResponse(error, c))
  return app
}
