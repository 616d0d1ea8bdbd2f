import { describe, expect, it } from 'vitest'
import type { EventsResponse, RegisterResponse, Task } from '../../../../server/contract/agent.ts'
import { facts, MAC } from '../../../helpers/store-fakes.ts'
import { problemOf, testServer } from '../support.ts'
import type { TestServer } from '../support.ts'

const BOOT_ID = '11111111-2222-4333-8444-555555555555'
const DIGEST = `sha256:${'a'.repeat(64)}`
const register = { bootMac: MAC, facts: facts(), agentVersion: '0.1.0', bootId: BOOT_ID }

/** A machine whose agent has registered; `agent` calls as it does. */
async function registered() {
  const server = await testServer()
  const { id } = server.inventory.discover({ mac: MAC })
  const token = server.tokens.issueInstallToken(id, 0)
  const answer = await server.call('POST', '/agent/v1/register', { as: token, json: register })
  const { session, ...rest } = (await answer.json()) as RegisterResponse
  expect(rest).toEqual({ machineId: id, machineName: server.inventory.get(id).name, serverName: 'landfall.test' })
  const agent = (method: string, path: string, json?: unknown) =>
    server.call(method, `/agent/v1${path}`, { as: session, ...(json !== undefined && { json }) })
  return { server, id, token, agent }
}

async function assign({ installs }: TestServer, id: string): Promise<string> {
  const results = await installs.assign({ machines: [id], image: 'os/web:stable' }, 'token:test')
  return results[0]!.installId!
}

describe('the agent protocol', () => {
  it('goes from registration by plan and events to confirmation', async () => {
    const { server, id, agent } = await registered()
    expect(await (await agent('GET', '/task')).json()).toEqual({
      type: 'wait',
      message: 'Waiting for an image to be assigned.',
    })

    const waiting = agent('GET', '/task?wait=50')
    const installId = await assign(server, id)
    const task = (await (await waiting).json()) as Extract<Task, { type: 'install' }>
    expect(task).toMatchObject({
      type: 'install',
      installId,
      generation: 1,
      nextEvent: 1,
      image: { repository: 'os/web', digest: DIGEST },
    })

    const disk = {
      name: 'vda',
      size: 1,
      transport: 'virtio',
      rotational: false,
      removable: false,
      logicalBlockSize: 512,
      physicalBlockSize: 512,
    }
    const uuid = '0a1b2c3d-0000-8000-8000-000000000001'
    const plan = {
      firmware: 'uefi',
      disks: [{ id: 'disk1', disk, device: '/dev/vda', uuid, partitions: [] }],
      layers: [],
      filesystems: [],
      warnings: [],
    }
    expect(await (await agent('PUT', `/installs/${installId}/plan`, plan)).json()).toEqual({ go: true })
    const key = 'cbdefghi-'.repeat(8).slice(0, -1)
    expect(await (await agent('PUT', `/installs/${installId}/recovery-key`, { key })).json()).toEqual({ kept: true })
    const shown = () => server.call('POST', `/api/v1/installs/${installId}/recovery-key`)
    expect(await (await shown()).json()).toEqual({ key })
    expect(await problemOf(shown())).toMatchObject({ status: 409 })

    const at = '2026-01-31T12:00:01.000Z'
    const events = [
      { seq: 1, at, event: { type: 'step-started', step: 'fetch', totalBytes: 10 } },
      { seq: 2, at, event: { type: 'log', level: 'info', text: 'hello' } },
      { seq: 3, at, event: { type: 'installed', mergeCommit: 'c', agentPeakRss: 1 } },
    ]
    for (let sent = 0; sent < 2; sent++) {
      const answer = (await (await agent('POST', `/installs/${installId}/events`, { events })).json()) as EventsResponse
      expect(answer).toEqual({ acknowledged: 3, cancelled: false })
    }
    expect(server.installs.get(installId).state).toBe('rebooting')

    const confirmed = await server.call('POST', '/agent/v1/confirm', {
      as: task.confirmToken,
      json: { installId, digest: DIGEST },
    })
    expect([confirmed.status, await confirmed.text()]).toEqual([204, ''])
    expect(server.inventory.get(id).state).toBe('deployed')
  })

  it('answers another digest than the installed one with 409', async () => {
    const { server, id, agent } = await registered()
    const installId = await assign(server, id)
    const { confirmToken } = (await (await agent('GET', '/task')).json()) as Extract<Task, { type: 'install' }>
    const json = { installId, digest: `sha256:${'f'.repeat(64)}` }
    expect(await problemOf(server.call('POST', '/agent/v1/confirm', { as: confirmToken, json }))).toMatchObject({
      status: 409,
      code: 'WRONG_DIGEST',
    })
  })

  it('ends a long poll when the server stops', async () => {
    const { server, agent } = await registered()
    const waiting = agent('GET', '/task?wait=50')
    server.stopping.abort()
    expect(await (await waiting).json()).toMatchObject({ type: 'wait' })
  })

  it('ends the session of a former registration', async () => {
    const { server, token, agent } = await registered()
    await server.call('POST', '/agent/v1/register', {
      as: token,
      json: { ...register, bootId: BOOT_ID.replace('1', '9') },
    })
    expect(await problemOf(agent('GET', '/task'))).toMatchObject({
      status: 401,
      code: 'TOKEN_INVALID',
      hint: 'register again',
    })
  })

  it('shows an agent the installs of its own machine only', async () => {
    const { server, agent } = await registered()
    const other = server.inventory.discover({ mac: '52:54:00:00:00:99' })
    const installId = await assign(server, other.id)
    const events = [{ seq: 1, at: '2026-01-31T12:00:01.000Z', event: { type: 'log', level: 'info', text: 'x' } }]
    expect(await problemOf(agent('POST', `/installs/${installId}/events`, { events }))).toMatchObject({
      status: 404,
      code: 'INSTALL_NOT_FOUND',
    })
  })
})

describe('refusals', () => {
  it('tell a wrong, an expired and a missing token apart, and are noted once per client', async () => {
    const server = await testServer()
    const { id } = server.inventory.discover({ mac: MAC })
    const token = server.tokens.issueInstallToken(id, 0)
    server.clock.advance(25 * 3_600_000)
    const knock = (as: string) => problemOf(server.call('POST', '/agent/v1/register', { as, json: register }))
    expect(await knock('lfi_wrong')).toMatchObject({
      status: 401,
      code: 'TOKEN_INVALID',
      hint: expect.stringContaining('reboot'),
    })
    expect(await knock(token)).toMatchObject({ status: 401, code: 'TOKEN_EXPIRED' })
    expect(await knock('nobody')).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
    expect(await knock(server.secrets.admin)).toMatchObject({ status: 401, code: 'TOKEN_INVALID' })
    expect(server.events.recent({ types: ['agent.refused'] })).toMatchObject([
      { message: expect.stringContaining('was refused'), data: { code: 'TOKEN_INVALID' } },
    ])
    expect(await server.metrics.text()).toContain('landfall_agent_refusals_total{code="TOKEN_INVALID"} 2')
  })

  it.each([
    ['POST', '/register', '{'],
    ['POST', '/register', '[]'],
    ['POST', '/register', '{"facts":null}'],
    ['POST', '/register', '"x"'],
    ['GET', '/task?wait=soon', undefined],
    ['GET', '/task?wait=51', undefined],
    ['PUT', '/installs/nonsense/plan', '{}'],
    ['PUT', '/installs/01890000-0000-7000-8000-000000000001/plan', 'null'],
    ['POST', '/installs/01890000-0000-7000-8000-000000000001/events', '{"events":[]}'],
    ['POST', '/installs/01890000-0000-7000-8000-000000000001/events', '{"events":[{"seq":0}]}'],
  ])('answer garbage with 400: %s %s %s', async (method, path, body) => {
    const { server, token } = await registered()
    const { session } = (await (
      await server.call('POST', '/agent/v1/register', { as: token, json: register })
    ).json()) as RegisterResponse
    const problem = await problemOf(
      server.call(method, `/agent/v1${path}`, {
        as: path === '/register' ? token : session,
        headers: { 'content-type': 'application/json' },
        ...(body !== undefined && { init: { body } }),
      }),
    )
    expect(problem.status).toBe(400)
    expect(['VALIDATION', 'BODY_INVALID']).toContain(problem.code)
  })

  it('know no other path', async () => {
    const { agent } = await registered()
    expect(await problemOf(agent('GET', '/shell'))).toMatchObject({ status: 404, code: 'NOT_FOUND' })
  })
})
