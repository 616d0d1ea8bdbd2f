// The inventory: list, look, add, change, assign, retire.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { Event } from '../../contract/event.ts'
import { ClaimRequest, ClaimResult } from '../../contract/claim.ts'
import { FactChange } from '../../contract/fact-change.ts'
import { BulkRequest, BulkResult } from '../../contract/machine-bulk.ts'
import { KickstartRelease } from '../../contract/kickstart-release.ts'
import { KickstartPreview } from '../../contract/kickstart.ts'
import { Install } from '../../contract/install.ts'
import { CreateMachine, Machine, MachinePage, UpdateMachine } from '../../contract/machine.ts'
import { MachineMedium } from '../../contract/medium.ts'
import { StoragePlan } from '../../contract/plan.ts'
import { PICTURE_TYPES } from '../../bmc/picture.ts'
import { requireWithin } from '../../core/scope.ts'
import { planDisks } from '../../plan/plan-disks.ts'
import type { HttpEnv } from '../context.ts'
import { note } from '../middleware/audited.ts'
import type { Services } from '../ports.ts'
import { HttpProblem, refuseInvalid } from '../problem.ts'
import { machinePage, MachineQuery } from './machine-page.ts'
import {
  body,
  changedMeanwhile,
  conflict,
  elsewhere,
  IdParameter,
  json,
  Limit,
  list,
  needs,
  notFound,
  nothing,
  refusals,
  RepeatHeader,
  repeated,
  unprocessable,
} from './operation.ts'
import { IfMatchHeader, IfNoneMatchHeader, isKnown, requireMatch, tag, unchanged } from './revisions.ts'

const tags = ['machines']

const listMachines = createRoute({
  method: 'get',
  path: '/machines',
  tags,
  summary: 'List machines',
  ...needs('viewer', 'chosen'),
  request: { query: MachineQuery },
  responses: {
    200: json(MachinePage, 'one page'),
    ...refusals,
    ...notFound,
  },
})

const createMachine = createRoute({
  method: 'post',
  path: '/machines',
  tags,
  summary: 'Add a machine before it was ever switched on',
  ...needs('operator', 'chosen', { repeatable: true }),
  request: { headers: RepeatHeader, body: body(CreateMachine) },
  responses: { 201: json(Machine, 'the machine'), ...refusals, ...conflict, ...repeated },
})

const changeMany = createRoute({
  method: 'post',
  path: '/machines/bulk',
  tags,
  summary: 'Assign, reinstall, label or retire machines, by ids or by a filter and the number of machines it meant',
  ...needs('operator', 'chosen', { repeatable: true }),
  request: { headers: RepeatHeader, body: body(BulkRequest) },
  responses: { 200: json(BulkResult, 'what came of it for each machine'), ...refusals, ...notFound, ...repeated },
})

const claimMachines = createRoute({
  method: 'post',
  path: '/machines/claim',
  tags,
  summary: 'Take machines for your use by labels that others have to leave alone: as many as are wanted, or none',
  ...needs('operator', 'chosen', { repeatable: true }),
  request: { headers: RepeatHeader, body: body(ClaimRequest) },
  responses: {
    200: json(ClaimResult, 'the machines, which nobody else is given'),
    ...refusals,
    ...notFound,
    ...repeated,
  },
})

const getMachine = createRoute({
  method: 'get',
  path: '/machines/{id}',
  tags,
  summary: 'One machine: facts, spec with origins, state',
  ...needs('viewer', 'machine'),
  request: { params: IdParameter, headers: IfNoneMatchHeader },
  responses: { 200: json(Machine, 'the machine'), ...unchanged, ...refusals, ...notFound },
})

const updateMachine = createRoute({
  method: 'patch',
  path: '/machines/{id}',
  tags,
  summary: 'Change name, labels, management controller or spec; a spec has effect with the next install',
  ...needs('operator', 'machine'),
  request: { params: IdParameter, headers: IfMatchHeader, body: body(UpdateMachine) },
  responses: { 200: json(Machine, 'the machine'), ...refusals, ...notFound, ...conflict, ...changedMeanwhile },
})

const retireMachine = createRoute({
  method: 'delete',
  path: '/machines/{id}',
  tags,
  summary: 'Take a machine out of service, or forget it',
  ...needs('operator', 'machine'),
  request: {
    params: IdParameter,
    headers: IfMatchHeader,
    query: z.strictObject({ forget: z.enum(['true', 'false']).default('false').describe('remove the record as well') }),
  },
  responses: { 204: nothing, ...refusals, ...notFound, ...conflict, ...changedMeanwhile },
})

const reinstall = createRoute({
  method: 'post',
  path: '/machines/{id}/reinstall',
  tags,
  summary: 'Install the wanted image again, as a new generation',
  ...needs('operator', 'machine', { repeatable: true }),
  request: { params: IdParameter, headers: RepeatHeader },
  responses: { 200: json(Install, 'the new install'), ...refusals, ...notFound, ...conflict, ...unprocessable },
})

const makeMedium = createRoute({
  method: 'post',
  path: '/machines/{id}/medium',
  tags,
  summary:
    'What a stick or CD for this one machine needs: its waiting install, secrets unmasked, and one for the first-boot report',
  ...needs('operator', 'machine'),
  request: { params: IdParameter },
  responses: { 200: json(MachineMedium, 'the install'), ...refusals, ...notFound, ...conflict },
})

const getPlan = createRoute({
  method: 'get',
  path: '/machines/{id}/plan',
  tags,
  summary: 'Dry run: what an install would write to which disk',
  ...needs('viewer', 'machine'),
  request: { params: IdParameter },
  responses: { 200: json(StoragePlan, 'the plan'), ...refusals, ...notFound, ...conflict, ...unprocessable },
})

const getKickstart = createRoute({
  method: 'get',
  path: '/machines/{id}/kickstart',
  tags,
  summary: 'The kickstart Anaconda would be given, secrets masked',
  ...needs('viewer', 'machine'),
  request: {
    params: IdParameter,
    query: z.strictObject({
      release: KickstartRelease.optional().describe('for this release instead of that of the media'),
    }),
  },
  responses: { 200: json(KickstartPreview, 'now, and as it was assigned'), ...refusals, ...notFound, ...unprocessable },
})

const takeScreenshot = createRoute({
  method: 'get',
  path: '/machines/{id}/screenshot',
  tags,
  summary:
    'A picture of its console, taken now by its management controller; it may show what a viewer may not see. Last-Modified is the time',
  ...needs('operator', 'machine', { secret: true }),
  request: { params: IdParameter },
  responses: {
    200: {
      description: 'the picture, as the controller gave it',
      content: Object.fromEntries(
        PICTURE_TYPES.map((type) => [type, { schema: z.string().meta({ format: 'binary' }) }]),
      ),
    },
    ...refusals,
    ...notFound,
    ...conflict,
    ...unprocessable,
    ...elsewhere,
  },
})

const listEvents = createRoute({
  method: 'get',
  path: '/machines/{id}/events',
  tags,
  summary: "A machine's history, newest first",
  ...needs('viewer', 'machine'),
  request: {
    params: IdParameter,
    query: z.strictObject({
      before: z.coerce.number().int().positive().optional().describe('only events with a lower number'),
      limit: Limit.default(100),
    }),
  },
  responses: { 200: json(list(Event), 'events'), ...refusals, ...notFound },
})

const listFactChanges = createRoute({
  method: 'get',
  path: '/machines/{id}/facts/history',
  tags,
  summary: "What changed of a machine's facts, newest first: disks, NICs, memory, firmware",
  ...needs('viewer', 'machine'),
  request: { params: IdParameter, query: z.strictObject({ limit: Limit.default(200) }) },
  responses: { 200: json(list(FactChange), 'changes'), ...refusals, ...notFound },
})

const listInstalls = createRoute({
  method: 'get',
  path: '/machines/{id}/installs',
  tags,
  summary: "A machine's installs, newest first",
  ...needs('viewer', 'machine'),
  request: { params: IdParameter },
  responses: { 200: json(list(Install), 'installs'), ...refusals, ...notFound },
})

export function machineRoutes({
  inventory,
  installs,
  bulk,
  claims,
  kickstarts,
  events,
  screenshots,
}: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })

  app.openapi(listMachines, (c) => c.json(machinePage(inventory, c.req.valid('query'), c.var.caller.scope), 200))
  app.openapi(createMachine, (c) => {
    const { actor, scope } = c.var.caller
    const input = c.req.valid('json')
    requireWithin(input.labels ?? {}, scope)
    const machine = inventory.create(input, actor)
    note(c, `machine ${machine.name} ${machine.id}`)
    return c.json(tag(c, machine), 201)
  })
  app.openapi(changeMany, async (c) => {
    const request = c.req.valid('json')
    const result = await bulk.run(request, c.var.caller)
    note(c, `${request.action.type}: ${changedOf(result)}`)
    return c.json(result, 200)
  })
  app.openapi(claimMachines, (c) => {
    const request = c.req.valid('json')
    const result = claims.claim(request, c.var.caller)
    const set = Object.entries(request.set).map(([key, value]) => `${key}=${value}`)
    note(c, [...set, ...result.machines.map(({ id }) => id)].join(' '))
    return c.json(result, 200)
  })
  app.openapi(getMachine, (c) => {
    const machine = inventory.toMachine(c.req.valid('param').id)
    return isKnown(c, machine) ? c.body(null, 304) : c.json(machine, 200)
  })
  app.openapi(updateMachine, (c) => {
    const { actor, scope } = c.var.caller
    const change = c.req.valid('json')
    if (change.labels) requireWithin(change.labels, scope)
    const { id } = c.req.valid('param')
    requireMatch(c, inventory.get(id))
    note(c, Object.keys(change).join(', '))
    return c.json(tag(c, inventory.update(id, change, actor)), 200)
  })
  app.openapi(retireMachine, (c) => {
    const { id } = c.req.valid('param')
    requireMatch(c, inventory.get(id))
    if (c.req.valid('query').forget === 'true') inventory.remove(id, c.var.caller.actor)
    else inventory.retire(id, c.var.caller.actor)
    return c.body(null, 204)
  })
  app.openapi(reinstall, async (c) =>
    c.json(await installs.reinstall(c.req.valid('param').id, c.var.caller.actor), 200),
  )
  app.openapi(makeMedium, (c) => c.json(installs.mediumFor(c.req.valid('param').id), 200))
  app.openapi(getPlan, (c) => {
    const { name, facts, spec } = inventory.toMachine(c.req.valid('param').id)
    if (!facts) {
      throw new HttpProblem(409, 'NO_FACTS', `machine ${name} has not told its disks yet`, {
        hint: 'boot it from the network once: the installer tells them',
      })
    }
    const plan = planDisks(spec, facts, c.req.valid('param').id)
    if ('code' in plan) throw new HttpProblem(422, plan.code, plan.message, plan)
    return c.json(plan, 200)
  })
  app.openapi(getKickstart, (c) => {
    const { release } = c.req.valid('query')
    return c.json(kickstarts.preview(c.req.valid('param').id, release), 200)
  })
  app.openapi(takeScreenshot, async (c) => {
    const { bytes, type, takenAt } = await screenshots.take(inventory.get(c.req.valid('param').id))
    return c.body(Uint8Array.from(bytes), 200, {
      'Content-Type': type,
      'Last-Modified': takenAt.toUTCString(),
      'Cache-Control': 'no-store',
    })
  })
  app.openapi(listEvents, (c) => {
    const { id } = inventory.get(c.req.valid('param').id)
    return c.json({ items: events.recent({ machineId: id, ...c.req.valid('query') }) }, 200)
  })
  app.openapi(listFactChanges, (c) => {
    const { limit } = c.req.valid('query')
    return c.json({ items: inventory.factHistory(c.req.valid('param').id, limit) }, 200)
  })
  app.openapi(listInstalls, (c) => {
    const { id } = inventory.get(c.req.valid('param').id)
    return c.json({ items: installs.listFor(id) }, 200)
  })
  return app
}

/** For the audit trail, which keeps the beginning: how many machines changed, and which. */
function changedOf({ results }: { results: readonly { machineId: string; error: unknown }[] }): string {
  const changed = results.filter(({ error }) => error === null).map(({ machineId }) => machineId)
  return [`${changed.length} of ${results.length} machines`, ...changed].join(' ')
}
