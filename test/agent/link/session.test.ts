import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkCa, Server, ServerError } from '../../../boot-assets/agent/link/server.ts'
import { Session } from '../../../boot-assets/agent/link/session.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { fingerprintOf } from '../../../server/pki/authority.ts'
import { facts, plan } from '../examples.ts'
import { FakeLandfall } from '../fake-landfall.ts'

const INSTALL = '01890000-0000-7000-8000-000000000003'
const BOOT = '01890000-0000-7000-8000-000000000002'

let fake: FakeLandfall
let server: Server

beforeAll(async () => {
  fake = await FakeLandfall.start()
  server = new Server(fake.url, fake.ca)
})
afterAll(async () => {
  server.close()
  await fake[Symbol.asyncDispose]()
})
beforeEach(() => {
  fake.misbehave = () => 'none'
  fake.session = undefined
  fake.registrations.length = 0
  fake.events.clear()
})

function session(installToken = 'install-token') {
  const trouble: string[] = []
  const made = new Session({
    server,
    installToken,
    describe: async () => ({ bootMac: '52:54:00:12:34:56', facts, agentVersion: '0', bootId: BOOT }),
    onTrouble: (message) => trouble.push(message),
    firstPause: 1,
  })
  return { session: made, trouble }
}

/** Misbehaves for the first `times` requests to paths that end so. */
function first(times: number, ending: string, how: ReturnType<FakeLandfall['misbehave']>): void {
  let left = times
  fake.misbehave = (path) => (path.endsWith(ending) && left-- > 0 ? how : 'none')
}

describe('Session', () => {
  it('registers and asks for a task', async () => {
    const { session: one } = session()
    expect(await one.register()).toMatchObject({ machineName: 'web1' })
    expect(await one.nextTask(0)).toMatchObject({ type: 'wait' })
    expect(fake.registrations[0]).toMatchObject({ bootId: BOOT, bootMac: '52:54:00:12:34:56' })
  })

  it('waits out a server that is away or broken', async () => {
    first(3, '/register', 'cut')
    const { session: one, trouble } = session()
    await one.register()
    expect(trouble).toHaveLength(3)
    first(2, '/task', { status: 503 })
    expect(await one.nextTask(0)).toMatchObject({ type: 'wait' })
    expect(trouble).toHaveLength(5)
  })

  it('registers again, with the same boot, when the server no longer knows the session', async () => {
    const { session: one } = session()
    await one.register()
    fake.session = 'of another life'
    const answer = await one.sendPlan(INSTALL, plan())
    expect(answer.go).toBe(true)
    expect(fake.registrations.map(({ bootId }) => bootId)).toEqual([BOOT, BOOT])
  })

  it('registers once for calls that lose the session together', async () => {
    const { session: one } = session()
    await one.register()
    fake.session = 'of another life'
    await Promise.all([one.nextTask(0), one.nextTask(0), one.nextTask(0)])
    expect(fake.registrations.length).toBe(2)
  })

  it('repeats an answer that got lost: the server stores each event once', async () => {
    const { session: one } = session()
    await one.register()
    first(1, '/events', 'cut-after')
    const event = { type: 'log', level: 'info', text: 'x' } as const
    const events = [{ seq: 1, at: '2026-01-31T12:00:00.000Z', event }]
    expect(await one.sendEvents(INSTALL, { events })).toEqual({ acknowledged: 1, cancelled: false })
    expect(fake.events.size).toBe(1)
  })

  it('gives up on a token the server does not take', async () => {
    await expect(session('wrong').session.register()).rejects.toThrowWithCode(ServerError, 'UNAUTHORIZED')
  })

  it('passes on what the server refuses for good, with its own words', async () => {
    const { session: one } = session()
    await one.register()
    first(1, '/plan', { status: 409, code: 'CONFLICT' })
    const error = await one.sendPlan(INSTALL, plan()).catch((cause: ServerError) => cause)
    expect(error).toMatchObject({ code: 'REFUSED', status: 409, problem: 'CONFLICT' })
    expect((error as Error).message).toMatch(/as the test wants/)
  })

  it('does not take an answer that is not the protocol', async () => {
    const { session: one } = session()
    await one.register()
    fake.tasks = [{ type: 'dance' } as never]
    await expect(one.nextTask(0)).rejects.toThrowWithCode(ServerError, 'MALFORMED')
  })
})

describe('trust', () => {
  it('talks to no server of another CA', async () => {
    const other = await FakeLandfall.start()
    const distrustful = new Server(other.url, fake.ca)
    await expect(distrustful.json('GET', '/agent/v1/task')).rejects.toThrowWithCode(ServerError, 'UNREACHABLE')
    distrustful.close()
    await other[Symbol.asyncDispose]()
  })

  it('takes a CA by its fingerprint only', () => {
    expect(checkCa(fake.ca, fingerprintOf(fake.ca))).toContain('BEGIN CERTIFICATE')
    expect(() => checkCa(fake.ca, 'ab'.repeat(32))).toThrowWithCode(AgentError, 'NETWORK')
    expect(() => checkCa('<html>', 'ab'.repeat(32))).toThrowWithCode(AgentError, 'NETWORK')
  })

  it('drops further certificates that came along', () => {
    const pair = checkCa(`${fake.ca}\n${fake.ca}`, fingerprintOf(fake.ca))
    expect(pair.match(/BEGIN/g)).toHaveLength(1)
  })
})
