// Who may do what: every operation of the OpenAPI document, called by every role with every scope. What is expected follows from what the
// document declares, and is compared with what the server does.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Role, Scope } from '../../../../server/contract/access.ts'
import type { ApplyResult, ImportResult } from '../../../../server/contract/document.ts'
import type { Event } from '../../../../server/contract/event.ts'
import type { BulkResult } from '../../../../server/contract/machine-bulk.ts'
import type { MachinePage } from '../../../../server/contract/machine.ts'
import type { Overview } from '../../../../server/contract/overview.ts'
import type { Webhook } from '../../../../server/contract/webhook.ts'
import type { Problem } from '../../../../server/contract/system.ts'
import { REACHES } from '../../../../server/http/middleware/admission.ts'
import type { Reach } from '../../../../server/http/middleware/admission.ts'
import { problemOf, testServer } from '../support.ts'
import type { TestServer } from '../support.ts'

interface Operation {
  method: string
  path: string
  /** Undefined: needs no login. */
  role: Role | undefined
  reach: Reach | undefined
}

interface Document {
  paths: Record<string, Record<string, { security?: Record<string, string[]>[]; 'x-reach'?: Reach }>>
}

const ROLES = ['join', 'viewer', 'operator', 'admin'] as const
const SCOPE: Scope = { rack: 'r1' }
const operations = declaredOperations()

/** Those of the committed document, which openapi.test.ts compares with the server's. */
function declaredOperations(): Operation[] {
  const { paths } = JSON.parse(readFileSync('docs/reference/openapi.json', 'utf8')) as Document
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security, 'x-reach': reach }]) => ({
      method: method.toUpperCase(),
      path,
      role: security?.[0]?.['token']?.[0] as Role | undefined,
      reach,
    })),
  )
}

/** A server with a machine within the scope and one outside, each with an install that was cancelled, as a webhook is being told, and one that waits. */
async function rackServer() {
  const server = await testServer()
  const machines: string[] = []
  for (const rack of ['r1', 'r2']) {
    const macs = [`52:54:00:00:00:0${machines.length}`]
    const { id } = server.inventory.create({ macs, name: `in-${rack}`, labels: { rack } }, 'a')
    const hooks = { webhook: { url: `https://hooks.example/${rack}`, secret: 'a secret of the site' } }
    const [ended] = await server.installs.assign({ machines: [id], image: 'os/web:stable', spec: { hooks } }, 'a')
    server.installs.cancel(ended!.installId!, 'a')
    await server.installs.assign({ machines: [id], image: 'os/web:stable' }, 'a')
    machines.push(id)
  }
  server.webhooks.replay({ after: 0 }, { actor: 'a', scope: null })
  const waiting = machines.map((id) => server.installs.listFor(id)[0]!.id)
  return { ...server, machines, waiting }
}

type RackServer = Awaited<ReturnType<typeof rackServer>>

function tokenOf({ tokens }: TestServer, role: Role, scope: Scope | undefined): string {
  const name = `${role} ${JSON.stringify(scope ?? null)} ${tokens.listApiTokens().length}`
  return tokens.createApiToken({ name, role, ...(scope && { scope }) }, 'system').secret
}

/** Calls the operation for the first (within the scope) or second machine. */
async function attempt(server: RackServer, { method, path, reach }: Operation, as: string, which: 0 | 1) {
  const id = reach === 'install' ? server.waiting[which]! : server.machines[which]!
  const url = path
    .replace('{id}', id)
    .replace('{reference}', 'os%2Fweb%3Astable')
    .replace('{client}', '52:54:00:12:34:56')
  // A body that fits no schema: what is asked here is only who gets as far as that.
  const body = ['POST', 'PATCH'].includes(method) ? { json: { nonsense: true } } : {}
  const leave = new AbortController()
  const response = await server.call(method, `/api/v1${url}`, { as, ...body, init: { signal: leave.signal } })
  const isProblem = response.headers.get('content-type') === 'application/problem+json'
  const { code } = isProblem ? ((await response.json()) as Problem) : { code: undefined }
  leave.abort()
  if (!isProblem) await response.body?.cancel()
  return { status: response.status, code }
}

describe('declarations', () => {
  it('say of every operation who may call it and what it concerns', () => {
    const open = operations.filter(({ role }) => role === undefined)
    expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /login',
      'POST /logout',
      'GET /login/options',
      'GET /login/oidc',
      'GET /login/oidc/callback',
    ])
    for (const { role, reach, path } of operations.filter((one) => !open.includes(one))) {
      expect(ROLES, path).toContain(role)
      expect(REACHES, path).toContain(reach)
    }
  })

  it('concern the machine or install that the path names', () => {
    for (const { path, reach, method } of operations) {
      if (path.startsWith('/machines/{id}')) expect(reach, `${method} ${path}`).toBe('machine')
      if (path.startsWith('/installs/{id}')) expect(reach, `${method} ${path}`).toBe('install')
    }
  })

  it('let nobody change anything as a viewer but themselves', () => {
    for (const { path, role, reach, method } of operations) {
      if (role === 'viewer' && reach !== 'own') expect(method, path).toBe('GET')
    }
  })
})

/** What the declaration says of a call by this caller, for the machine within the scope (0) or outside (1): a refusal, or none. */
function declaredRefusal({ role, reach }: Operation, caller: Caller, which: 0 | 1): string | undefined {
  if (role === undefined) return undefined
  if (caller === 'nobody') return 'UNAUTHENTICATED'
  if (ROLES.indexOf(caller.role) < ROLES.indexOf(role)) return 'FORBIDDEN'
  if (caller.scope === undefined) return undefined
  if (reach === 'site') return 'FORBIDDEN'
  if (which === 0) return undefined
  return reach === 'machine' ? 'MACHINE_NOT_FOUND' : reach === 'install' ? 'INSTALL_NOT_FOUND' : undefined
}

const REFUSALS = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'MACHINE_NOT_FOUND',
  'INSTALL_NOT_FOUND',
  'CROSS_ORIGIN',
  'OUT_OF_SCOPE',
]

type Caller = 'nobody' | { role: Role; scope: Scope | undefined }

const callers: Caller[] = ['nobody', ...ROLES.flatMap((role) => [undefined, SCOPE].map((scope) => ({ role, scope })))]

it.each(callers.map((caller) => [JSON.stringify(caller), caller] as const))(
  'every operation answers %s as it declares',
  { timeout: 120_000 },
  async (_, caller) => {
    const server = await rackServer()
    const as = caller === 'nobody' ? caller : tokenOf(server, caller.role, caller.scope)
    for (const operation of operations) {
      for (const which of [0, 1] as const) {
        const { status, code } = await attempt(server, operation, as, which)
        const what = `${operation.method} ${operation.path} for machine ${which}: ${status} ${code}`
        expect(
          REFUSALS.find((refusal) => refusal === code),
          what,
        ).toBe(declaredRefusal(operation, caller, which))
        expect(status, what).not.toBe(500)
      }
    }
  },
)

/** What an operation that chooses machines shows or changes when somebody with the scope asks for all there are: their ids. */
const CHOSEN: Record<string, (server: RackServer, as: string) => Promise<(string | null)[]>> = {
  'GET /machines': async ({ call }, as) => {
    const page = (await (await call('GET', '/api/v1/machines', { as })).json()) as MachinePage
    expect(page.total).toBe(page.items.length)
    return page.items.map(({ id }) => id)
  },
  'POST /machines': async ({ call, inventory, machines }, as) => {
    for (const labels of [undefined, { rack: 'r2' }]) {
      const json = { macs: ['52:54:00:00:00:99'], ...(labels && { labels }) }
      expect((await problemOf(call('POST', '/api/v1/machines', { as, json }))).code).toBe('OUT_OF_SCOPE')
    }
    expect(inventory.list()).toHaveLength(machines.length)
    const json = { macs: ['52:54:00:00:00:98'], labels: { rack: 'r1', row: '1' } }
    expect((await call('POST', '/api/v1/machines', { as, json })).status).toBe(201)
    return [machines[0]!]
  },
  'POST /machines/bulk': async ({ call, machines }, as) => {
    const json = { machines, action: { type: 'label', set: { row: '1' } } }
    return changed((await (await call('POST', '/api/v1/machines/bulk', { as, json })).json()) as BulkResult)
  },
  'POST /machines/claim': async ({ call }, as) => {
    const claim = (json: object) =>
      call('POST', '/api/v1/machines/claim', { as, json: { set: { owner: 'a' }, ...json } })
    expect((await problemOf(claim({ set: { rack: 'r2' } }))).code).toBe('OUT_OF_SCOPE')
    expect((await problemOf(claim({ count: 2 }))).detail).toBe('1 machines are free, and 2 are wanted')
    return ((await (await claim({})).json()) as { machines: { id: string }[] }).machines.map(({ id }) => id)
  },
  'POST /apply': async ({ call }, as) => {
    const documents = ['in-r1', 'in-r2'].map((name) => ({ kind: 'machine', name, spec: { finish: 'poweroff' } }))
    const json = { documents, dryRun: true }
    return followed((await (await call('POST', '/api/v1/apply', { as, json })).json()) as ApplyResult)
  },
  'POST /machines/import': async ({ call }, as) => {
    const json = { format: 'csv', text: 'name,label:row\nin-r1,2\nin-r2,2', skipRefused: true }
    return followed((await (await call('POST', '/api/v1/machines/import', { as, json })).json()) as ImportResult)
  },
  'GET /machines/export': async ({ call, machines }, as) => {
    const text = await (await call('GET', '/api/v1/machines/export', { as })).text()
    return machines.filter((id) => text.includes(id))
  },
  'GET /overview': async (server, as) => {
    const response = await server.call('GET', '/api/v1/overview?by=rack&since=2026-01-31T12:00:00.000Z', { as })
    const overview = (await response.clone().json()) as Overview
    expect(overview).toMatchObject({
      total: 1,
      states: { assigned: 1 },
      changed: { discovered: 1, assigned: 2, failed: 1 },
    })
    return machinesIn(server, response)
  },
  'GET /webhooks': async ({ call, machines }, as) => {
    const { items } = (await (await call('GET', '/api/v1/webhooks', { as })).json()) as { items: Webhook[] }
    expect(items).toMatchObject([{ pending: 1 }])
    return [machines[0]!]
  },
  'GET /webhooks/deliveries': async (server, as) =>
    machinesIn(server, await server.call('GET', '/api/v1/webhooks/deliveries', { as })),
  'POST /webhooks/replay': async (server, as) => {
    const { call, webhooks } = server
    const replay = (json: object) => call('POST', '/api/v1/webhooks/replay', { as, json })
    const all = webhooks.list({ scope: null, limit: 10 })
    const beyond = all.find(({ machineId }) => machineId === server.machines[1])!
    expect((await problemOf(replay({ delivery: beyond.seq }))).code).toBe('DELIVERY_NOT_FOUND')
    expect(webhooks.list({ scope: null, limit: 10 })).toHaveLength(all.length)
    return machinesIn(server, await replay({ after: 0 }))
  },
  'GET /events': async ({ call, events }, as) => {
    const response = await call('GET', '/api/v1/events?after=0', { as })
    expect(events.since(0).some(({ machineId }) => machineId === null)).toBe(true)
    const reader = response.body!.getReader()
    await reader.read() // the greeting
    const seen = Buffer.from((await reader.read()).value ?? [])
      .toString()
      .matchAll(/^data: (.+)$/gm)
    await reader.cancel()
    return [...new Set([...seen].map(([, data]) => (JSON.parse(data!) as Event).machineId))]
  },
}

/** Everything in an answer that looks like an id of a machine of the server. */
async function machinesIn({ machines }: RackServer, response: Response): Promise<string[]> {
  const text = await response.text()
  return machines.filter((id) => text.includes(id))
}

function changed({ results }: BulkResult): string[] {
  return results.filter(({ error }) => error === null).map(({ machineId }) => machineId)
}

function followed({ results }: ApplyResult): (string | null)[] {
  return results.filter(({ outcome }) => outcome === 'changed').map(({ id }) => id)
}

describe('operations that choose machines', () => {
  it('are all tried', () => {
    const declared = operations.filter(({ reach }) => reach === 'chosen').map(({ method, path }) => `${method} ${path}`)
    expect(Object.keys(CHOSEN).toSorted()).toEqual(declared.toSorted())
  })

  it.each(Object.entries(CHOSEN))('%s leaves out machines beyond the scope', async (_, reached) => {
    const server = await rackServer()
    expect(await reached(server, tokenOf(server, 'operator', SCOPE))).toEqual([server.machines[0]])
  })

  it('let no machine out of the scope by its labels', async () => {
    const server = await rackServer()
    const { call, inventory, machines } = server
    const as = tokenOf(server, 'operator', SCOPE)
    const change = (labels: object) => call('PATCH', `/api/v1/machines/${machines[0]!}`, { as, json: { labels } })
    expect((await problemOf(change({ rack: 'r2' }))).code).toBe('OUT_OF_SCOPE')
    expect((await problemOf(change({}))).code).toBe('OUT_OF_SCOPE')
    expect((await change({ rack: 'r1', row: '1' })).status).toBe(200)
    expect(inventory.get(machines[0]!).labels).toEqual({ rack: 'r1', row: '1' })
  })
})

describe('a scope', () => {
  it('of a user counts at once, in a session that is open', async () => {
    const server = await rackServer()
    const { users, logins, call, machines } = server
    const by = { actor: 'a', userId: undefined }
    const { id } = await users.create({ name: 'ann', password: 'correct horse', role: 'operator' }, by)
    const { secret } = await logins.byPassword('ann', 'correct horse', { address: '192.0.2.7' })
    const status = async () => (await call('GET', `/api/v1/machines/${machines[1]!}`, { as: secret })).status
    expect(await status()).toBe(200)
    await users.update(id, { scope: SCOPE }, by)
    expect(await status()).toBe(404)
    await users.update(id, { scope: null }, by)
    expect(await status()).toBe(200)
    await users.update(id, { disabled: true }, by)
    expect(await status()).toBe(401)
  })

  it('that changes ends event streams: they come again with the new one', async () => {
    const server = await rackServer()
    const { users, logins, call, events } = server
    const by = { actor: 'a', userId: undefined }
    const { id } = await users.create({ name: 'ann', password: 'correct horse', role: 'viewer' }, by)
    const { secret } = await logins.byPassword('ann', 'correct horse', { address: '192.0.2.7' })
    const response = await call('GET', '/api/v1/events', { as: secret })
    await users.update(id, { disabled: true }, by)
    events.append({ type: 'server.warning', message: 'secret' })
    expect(await response.text()).not.toContain('secret')
  })
})

describe('roles', () => {
  it('cover everything else below /api and the metrics', async () => {
    const server = await testServer()
    const { call } = server
    expect((await call('GET', '/metrics', { as: 'nobody' })).status).toBe(401)
    expect((await call('GET', '/metrics', { as: 'viewer' })).status).toBe(200)
    expect((await call('GET', '/metrics', { as: tokenOf(server, 'admin', SCOPE) })).status).toBe(403)
    expect((await call('GET', '/api/v1/secrets', { as: 'nobody' })).status).toBe(401)
    expect(await problemOf(call('GET', '/api/v1/secrets'))).toMatchObject({ status: 404, code: 'NOT_FOUND' })
  })

  it('do not count for a token that is wrong, of another kind, revoked or expired', async () => {
    const { call, tokens, inventory, clock } = await testServer()
    const machine = inventory.discover({ mac: '52:54:00:00:00:01' })
    const install = tokens.issueInstallToken(machine.id, 0)
    const revoked = tokens.createApiToken({ name: 'r', role: 'admin' }, 'system')
    tokens.revoke(revoked.id, 'system')
    const expired = tokens.createApiToken({ name: 'e', role: 'admin', expiresAt: '2026-01-31T13:00:00.000Z' }, 'system')
    expect((await call('GET', '/api/v1/system', { as: expired.secret })).status).toBe(200)
    clock.advance(3_600_000)
    for (const token of ['lfa_wrong', install, revoked.secret, expired.secret]) {
      expect(await problemOf(call('GET', '/api/v1/system', { as: token }))).toMatchObject({
        status: 401,
        code: 'UNAUTHENTICATED',
      })
    }
  })
})
