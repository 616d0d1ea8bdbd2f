// Machines and profiles as documents, and the inventory as a file: in and out.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { ApplyRequest, ApplyResult, ExportFormat, ImportRequest, ImportResult } from '../../contract/document.ts'
import type { ApplyItem } from '../../contract/document.ts'
import { MAX_BULK_MACHINES } from '../../contract/machine-bulk.ts'
import { MachineFilter } from '../../contract/machine-filter.ts'
import type { Documents } from '../../core/documents.ts'
import { importRows } from '../../documents/import-rows.ts'
import type { MachineRow } from '../../documents/machine-row.ts'
import type { HttpEnv } from '../context.ts'
import { note } from '../middleware/audited.ts'
import type { Services } from '../ports.ts'
import { HttpProblem, refuseInvalid } from '../problem.ts'
import { EXPORT_TYPES, machineExport } from './machine-export.ts'
import { body, json, needs, notFound, refusals, RepeatHeader, repeated, unprocessable } from './operation.ts'

const apply = createRoute({
  method: 'post',
  path: '/apply',
  tags: ['documents'],
  summary: 'Create and change machines and profiles as documents say, all of them or none',
  ...needs('operator', 'chosen', { repeatable: true }),
  request: { headers: RepeatHeader, body: body(ApplyRequest) },
  responses: { 200: json(ApplyResult, 'what came of each document'), ...refusals, ...repeated },
})

const exportMachines = createRoute({
  method: 'get',
  path: '/machines/export',
  tags: ['machines'],
  summary: 'All machines that a filter means, as a file; YAML and JSON hold documents that can be applied',
  ...needs('viewer', 'chosen'),
  request: { query: MachineFilter.extend({ format: ExportFormat.default('csv') }) },
  responses: {
    200: {
      description: 'the machines, by name',
      content: {
        'text/csv': { schema: z.string() },
        'application/yaml': { schema: z.string() },
        'application/json': { schema: z.array(z.unknown()) },
      },
    },
    ...refusals,
    ...notFound,
  },
})

const importMachines = createRoute({
  method: 'post',
  path: '/machines/import',
  tags: ['machines'],
  summary:
    'Take in an inventory kept elsewhere; what rows of a table or of NetBox do not name stays, documents are applied',
  ...needs('operator', 'chosen', { repeatable: true }),
  request: { headers: RepeatHeader, body: body(ImportRequest) },
  responses: { 200: json(ImportResult, 'what came of each row'), ...refusals, ...unprocessable, ...repeated },
})

/** Before the routes of one machine: `export` is no id. */
export function documentRoutes({ documents, inventory }: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(apply, (c) => {
    const { documents: given, dryRun } = c.req.valid('json')
    const wanted = given.map((document, at) => ({ document, place: `document ${at + 1}` }))
    const result = documents.apply(wanted, { dryRun }, c.var.caller)
    note(c, outcomesOf(result))
    return c.json(result, 200)
  })
  app.openapi(exportMachines, (c) => {
    const { format, ...filter } = c.req.valid('query')
    return c.body(machineExport(inventory, { filter, scope: c.var.caller.scope }, format), 200, {
      'Content-Type': EXPORT_TYPES[format],
      'Content-Disposition': `attachment; filename="machines.${format === 'netbox' ? 'json' : format}"`,
    })
  })
  app.openapi(importMachines, (c) => {
    const { format, text, dryRun, skipRefused } = c.req.valid('json')
    const rows = importRows(format, text)
    if (rows.length > MAX_BULK_MACHINES) {
      const hint = 'divide the file'
      throw new HttpProblem(422, 'VALIDATION', `the file has ${rows.length} machines, over ${MAX_BULK_MACHINES}`, {
        hint,
      })
    }
    const result = importOf(documents, rows, { dryRun, skipRefused, overlay: format !== 'yaml' }, c.var.caller)
    note(c, outcomesOf(result))
    return c.json(result, 200)
  })
  return app
}

/** What could be read of the rows is applied, or only tried where others could not be and none may be left out. */
function importOf(
  documents: Documents,
  rows: readonly MachineRow[],
  { dryRun, skipRefused, overlay }: { dryRun: boolean; skipRefused: boolean; overlay: boolean },
  by: Parameters<Documents['apply']>[2],
): ImportResult {
  const good = rows.filter((one) => 'draft' in one)
  const isPartial = good.length < rows.length && !skipRefused
  const wanted = good.map(({ row, draft }) => ({ document: draft, place: `row ${row}` }))
  const { applied, results } = documents.apply(wanted, { dryRun: dryRun || isPartial, skipRefused, overlay }, by)
  const outcomes = results.values()
  return {
    applied,
    results: rows.map((one) => ({ row: one.row, ...('draft' in one ? outcomes.next().value! : unread(one)) })),
  }
}

function unread({ name = null, problem }: { name?: string | null | undefined; problem: string }): ApplyItem {
  const error = { code: 'VALIDATION', message: problem }
  return { kind: 'machine', name, id: null, outcome: 'refused', changes: [], error }
}

/** For the audit trail. */
function outcomesOf({ applied, results }: ApplyResult): string {
  const counts = Map.groupBy(results, ({ outcome }) => outcome)
  const texts = [...counts].map(([outcome, { length }]) => `${length} ${outcome}`)
  return `${applied ? '' : 'nothing written: '}${texts.join(', ')}`
}
