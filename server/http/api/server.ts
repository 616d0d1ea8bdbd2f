// The server about itself: system information, leases, live events.
import { isDeepStrictEqual } from 'node:util'
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { Uuid } from '../../contract/common.ts'
import { EventType } from '../../contract/event.ts'
import { Lease, SystemInfo } from '../../contract/system.ts'
import type { HttpEnv } from '../context.ts'
import { secretOf } from '../middleware/access.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { eventStream } from './event-stream.ts'
import { json, list, needs, refusals } from './operation.ts'

const tags = ['server']

const getSystem = createRoute({
  method: 'get',
  path: '/system',
  tags,
  summary: 'Addresses, DHCP, warnings',
  ...needs('viewer', 'shared'),
  responses: { 200: json(SystemInfo, 'the server'), ...refusals },
})

const listLeases = createRoute({
  method: 'get',
  path: '/leases',
  tags,
  summary: 'DHCP leases and reservations',
  ...needs('viewer', 'site'),
  responses: { 200: json(list(Lease), 'leases'), ...refusals },
})

const EventNumber = z.coerce.number().int().nonnegative()

const streamEvents = createRoute({
  method: 'get',
  path: '/events',
  tags,
  summary: 'Live events as server-sent events; goes on after the last one seen',
  ...needs('viewer', 'chosen'),
  request: {
    query: z.strictObject({
      after: EventNumber.optional().describe('number of the last event seen; by default only new events are sent'),
      machine: Uuid.optional(),
      type: z
        .union([EventType, z.array(EventType)])
        .optional()
        .describe('only these types; repeatable'),
    }),
  },
  responses: {
    200: {
      description:
        '`id` is the number, `data` an Event; a `reset` event says that the numbering is not the one of `after`',
      content: { 'text/event-stream': { schema: z.string() } },
    },
    ...refusals,
  },
})

/** `stopping` ends event streams; `onStream` hears of each that begins (1) and ends (-1). */
export function serverRoutes(
  { system, leases, events, tokens }: Services,
  { stopping, onStream }: { stopping: AbortSignal; onStream: (change: 1 | -1) => void },
): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(getSystem, (c) => c.json(system(), 200))
  app.openapi(listLeases, (c) => c.json({ items: leases() }, 200))
  app.openapi(streamEvents, (c) => {
    const { after, machine, type } = c.req.valid('query')
    const { scope } = c.var.caller
    const secret = secretOf(c)!
    // What a browser sends when it reconnects by itself is newer than what the page's URL says.
    const lastSeen = EventNumber.safeParse(c.req.header('last-event-id'))
    const stream = eventStream(events, {
      after: lastSeen.success ? lastSeen.data : (after ?? events.last()),
      filter: { machineId: machine, types: type === undefined ? undefined : [type].flat(), scope },
      // A stream outlives many a session, and rights change: the reader comes again with those it has then.
      mayRead: () => isDeepStrictEqual(tokens.authenticate(secret)?.scope, scope),
      signal: AbortSignal.any([stopping, c.req.raw.signal]),
      onEnd: () => onStream(-1),
    })
    onStream(1)
    return c.body(stream, 200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // Proxies like nginx would hold events back.
      'X-Accel-Buffering': 'no',
    })
  })
  return app
}
