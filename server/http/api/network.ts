// The network that machines boot from: looked at, tested, set up.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { ChangedNetwork, ChangeNetwork, Network, NetworkFindings, NetworkQuestion } from '../../contract/network.ts'
import type { HttpEnv } from '../context.ts'
import { note } from '../middleware/audited.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { body, conflict, json, needs, refusals, unprocessable } from './operation.ts'

const tags = ['server']

const getNetwork = createRoute({
  method: 'get',
  path: '/network',
  tags,
  summary: 'Interfaces of the server, and who gives addresses there',
  ...needs('viewer', 'site'),
  responses: { 200: json(Network, 'the network'), ...refusals },
})

const checkNetwork = createRoute({
  method: 'post',
  path: '/network/check',
  tags,
  summary:
    'Look for other DHCP servers, taken ports and a firewall in the way; takes some seconds, and changes nothing',
  ...needs('admin', 'site'),
  request: { body: body(NetworkQuestion) },
  responses: { 200: json(NetworkFindings, 'what was found'), ...refusals, ...unprocessable },
})

const changeNetwork = createRoute({
  method: 'patch',
  path: '/network',
  tags,
  summary: 'Say who gives addresses, where nothing else does; the server starts anew with it',
  ...needs('admin', 'site'),
  request: { body: body(ChangeNetwork) },
  responses: { 200: json(ChangedNetwork, 'what was written'), ...refusals, ...conflict, ...unprocessable },
})

export function networkRoutes({ network }: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(getNetwork, (c) => c.json(network.look(), 200))
  app.openapi(checkNetwork, async (c) => {
    const { interface: link } = c.req.valid('json')
    note(c, link)
    return c.json({ findings: await network.check(link) }, 200)
  })
  app.openapi(changeNetwork, async (c) => {
    const change = c.req.valid('json')
    const changed = await network.change(change)
    note(c, `${change.mode} on ${change.interface}${changed.written ? '' : ', only shown'}`)
    return c.json(changed, 200)
  })
  return app
}
