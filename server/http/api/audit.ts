// The audit trail: looked through in pages, and taken away whole.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { AuditEntry, AuditFilter, AuditFormat } from '../../contract/audit.ts'
import type { HttpEnv } from '../context.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { auditExport } from './audit-export.ts'
import { json, Limit, list, needs, refusals } from './operation.ts'

const tags = ['access']

const listAudit = createRoute({
  method: 'get',
  path: '/audit',
  tags,
  summary: 'Who did or tried what, newest first; the next page is the one before the last number',
  ...needs('admin', 'site'),
  request: {
    query: AuditFilter.extend({
      before: z.coerce.number().int().positive().optional().describe('only entries with a lower number'),
      limit: Limit.default(100),
    }),
  },
  responses: { 200: json(list(AuditEntry), 'entries'), ...refusals },
})

const exportAudit = createRoute({
  method: 'get',
  path: '/audit/export',
  tags,
  summary: 'All entries that the filter means, newest first',
  ...needs('admin', 'site', { secret: true }),
  request: { query: AuditFilter.extend({ format: AuditFormat.default('ndjson') }) },
  responses: {
    200: {
      description: 'one JSON object a line, or CSV with a line of names',
      content: { 'application/x-ndjson': { schema: AuditEntry }, 'text/csv': { schema: z.string() } },
    },
    ...refusals,
  },
})

const TYPES: Record<AuditFormat, string> = { ndjson: 'application/x-ndjson', csv: 'text/csv; charset=utf-8' }

export function auditRoutes({ audit }: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(listAudit, (c) => c.json({ items: audit.recent(c.req.valid('query')) }, 200))
  app.openapi(exportAudit, (c) => {
    const { format, ...filter } = c.req.valid('query')
    // What an answer is declared to be says nothing of streams.
    return c.body(auditExport(audit, filter, format), 200, {
      'Content-Type': TYPES[format],
      'Content-Disposition': `attachment; filename="audit.${format}"`,
      'Cache-Control': 'no-store',
    }) as never
  })
  return app
}
