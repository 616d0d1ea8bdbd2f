// Boot stories: what machines and strangers sent, were answered, and why; and the packets themselves.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import { Trace, TraceOverview } from '../../contract/trace.ts'
import type { HttpEnv } from '../context.ts'
import type { Services } from '../ports.ts'
import { HttpProblem, refuseInvalid } from '../problem.ts'
import { IdParameter, json, needs, notFound, refusals } from './operation.ts'

const tags = ['trace']

const capture = {
  200: {
    description: 'a classic pcap file of Ethernet frames',
    content: { 'application/vnd.tcpdump.pcap': { schema: z.string() } },
  },
  ...refusals,
  ...notFound,
}

/** A MAC address, an IP address where no MAC was heard, or `id:` and a client identifier. */
const ClientParameter = z.strictObject({
  client: z
    .string()
    .toLowerCase()
    .regex(/^[\da-f.:-]{7,50}$|^id:[\da-f]{1,510}$|^unknown$/, 'must be a MAC address, an IP address, or id:<hex>'),
})

const getMachineTrace = createRoute({
  method: 'get',
  path: '/machines/{id}/trace',
  tags,
  summary: 'Boot stories of a machine, newest first',
  ...needs('viewer', 'machine'),
  request: { params: IdParameter },
  responses: { 200: json(Trace, 'what is kept of it; empty when nothing was heard'), ...refusals, ...notFound },
})

const getMachinePackets = createRoute({
  method: 'get',
  path: '/machines/{id}/trace.pcap',
  tags,
  summary: 'Its DHCP and TFTP packets; they may hold what a story leaves out, so a viewer may not have them',
  ...needs('operator', 'machine', { secret: true }),
  request: { params: IdParameter },
  responses: capture,
})

const getOverview = createRoute({
  method: 'get',
  path: '/trace',
  tags,
  summary: 'What arrived at all since the server started, and clients that are no machine',
  ...needs('viewer', 'site'),
  responses: { 200: json(TraceOverview, 'the one heard last first'), ...refusals },
})

const getClientTrace = createRoute({
  method: 'get',
  path: '/trace/{client}',
  tags,
  summary: 'Boot stories of a client that is no machine, or not yet',
  ...needs('viewer', 'site'),
  request: { params: ClientParameter },
  responses: { 200: json(Trace, 'what is kept of it; empty when nothing was heard'), ...refusals, ...notFound },
})

const getClientPackets = createRoute({
  method: 'get',
  path: '/trace/{client}/trace.pcap',
  tags,
  summary: 'Its DHCP and TFTP packets',
  ...needs('operator', 'site', { secret: true }),
  request: { params: ClientParameter },
  responses: capture,
})

export function traceRoutes({ inventory, trace }: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })

  app.openapi(getMachineTrace, (c) => c.json(trace.of(macsOf(c.req.valid('param').id)), 200))
  app.openapi(getMachinePackets, (c) => {
    const { id } = c.req.valid('param')
    return packets(c, trace.pcap(macsOf(id)), id)
  })
  app.openapi(getOverview, (c) => c.json(trace.overview(), 200))
  app.openapi(getClientTrace, (c) => c.json(trace.of([heard(c.req.valid('param').client)]), 200))
  app.openapi(getClientPackets, (c) => {
    const client = heard(c.req.valid('param').client)
    return packets(c, trace.pcap([client]), client.replaceAll(/[^\da-z.]/g, '-'))
  })
  return app

  function macsOf(id: string): string[] {
    return inventory.toSummary(id).macs
  }

  function heard(client: string): string {
    if (trace.knows(client)) return client
    const mac = client.replaceAll('-', ':')
    if (trace.knows(mac)) return mac
    throw new HttpProblem(404, 'CLIENT_NOT_HEARD', `nothing was heard of ${client}, or not lately`, {
      hint: 'GET /trace lists who was; only the newest boots are kept',
    })
  }
}

function packets(c: Context, bytes: Buffer, name: string): Response {
  return c.body(Uint8Array.from(bytes), 200, {
    'Content-Type': 'application/vnd.tcpdump.pcap',
    'Content-Disposition': `attachment; filename="boot-${name}.pcap"`,
    'Cache-Control': 'no-store',
  })
}
