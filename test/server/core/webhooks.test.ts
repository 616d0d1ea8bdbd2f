import { createHmac } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { ReplayResult, WebhookDelivery } from '../../../server/contract/webhook.ts'
import { CoreError } from '../../../server/core/errors.ts'
import { Webhooks } from '../../../server/core/webhooks.ts'
import type { WebhookSender } from '../../../server/core/webhooks.ts'
import { MAC, testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const SECRET = 'a secret of the site'
const WEBHOOK = { url: 'https://hooks.example/landfall', secret: SECRET }

let core: TestCore
let machineId: string
let sent: { url: string; headers: Record<string, string>; body: string }[]
let pauses: number[]
beforeEach(() => {
  core = testCore()
  machineId = core.inventory.discover({ mac: MAC }).id
  sent = []
  pauses = []
})

/** `answers` one after the other, the last one again and again. */
function webhooks(...answers: (number | Error)[]): Webhooks {
  const send: WebhookSender = async (url, { headers, body }) => {
    sent.push({ url, headers, body })
    const answer = answers[Math.min(sent.length, answers.length) - 1]!
    if (answer instanceof Error) throw answer
    return answer
  }
  const sleep = async (ms: number) => void pauses.push(ms)
  return new Webhooks({ ...core.store, ...core, installs: core.store.installs, send, sleep })
}

async function endedInstall(): Promise<string> {
  const spec = { hooks: { webhook: WEBHOOK } }
  const results = await core.installs.assign({ machines: [machineId], image: 'os/web:stable', spec }, 'token:ann')
  const id = results[0]!.installId!
  core.installs.cancel(id, 'ann')
  return id
}

const outcomes = () => core.events.recent({ types: ['webhook.delivered', 'webhook.failed'] })
const settled = async (count = 1) => {
  while (outcomes().length < count) await new Promise((resolve) => setImmediate(resolve))
}

describe('a webhook', () => {
  it('hears of the end of an install, with a signature over time and body', async () => {
    webhooks(204).start()
    const installId = await endedInstall()
    await settled()
    const [{ url, headers, body }] = sent as [(typeof sent)[0]]
    expect(url).toBe(WEBHOOK.url)
    expect(JSON.parse(body)).toMatchObject({
      event: 'install.failed',
      machine: { id: machineId, macs: [MAC] },
      install: { id: installId, generation: 1, state: 'failed', failure: { code: 'CANCELLED' } },
    })
    const expected = createHmac('sha256', SECRET).update(`${headers['landfall-timestamp']}.${body}`).digest('hex')
    expect(headers['landfall-signature']).toBe(`sha256=${expected}`)
    expect(body + JSON.stringify(headers) + JSON.stringify(outcomes())).not.toContain(SECRET)
  })

  it('is told again until it answers well', async () => {
    webhooks(new Error('connect ECONNREFUSED'), 500, 200).start()
    await endedInstall()
    await settled()
    expect(sent).toHaveLength(3)
    expect(new Set(sent.map(({ headers }) => headers['landfall-delivery'])).size).toBe(1)
    expect(pauses).toEqual([5000, 30_000])
    expect(outcomes()[0]).toMatchObject({ type: 'webhook.delivered', data: { attempt: 3, status: 200 } })
  })

  it('is given up at last, and the reason kept', async () => {
    webhooks(404).start()
    const installId = await endedInstall()
    await settled()
    expect(sent).toHaveLength(8)
    expect(outcomes()[0]).toMatchObject({
      type: 'webhook.failed',
      installId,
      message: 'the webhook has not heard of install.failed: the receiver answered with status 404',
    })
  })

  it('is not bothered again once it said that it is gone', async () => {
    webhooks(410).start()
    await endedInstall()
    await settled()
    expect(sent).toHaveLength(1)
  })

  it('hears after a restart of the server what it missed, but no old news', async () => {
    await endedInstall()
    core.clock.advance(25 * 3600_000)
    await endedInstall()
    const stop = webhooks(200).start()
    await settled()
    expect(sent).toHaveLength(1)
    stop()
    webhooks(200).start()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(sent).toHaveLength(1)
  })

  it('is for those installs alone that name one', async () => {
    webhooks(200).start()
    await core.installs.assign({ machines: [machineId], image: 'os/web:stable' }, 'token:ann')
    const [install] = core.installs.listFor(machineId)
    core.installs.cancel(install!.id, 'ann')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(sent).toEqual([])
  })
})

const ANN = { actor: 'user:ann', scope: null }
const list = (hooks: Webhooks) => hooks.list({ scope: null, limit: 100 })

describe('deliveries', () => {
  it('are kept with what came of them', async () => {
    const hooks = webhooks(500, 204)
    hooks.start()
    const installId = await endedInstall()
    await settled()
    expect(list(hooks).map((one) => WebhookDelivery.parse(one))).toMatchObject([
      { seq: 1, event: 'install.failed', installId, url: WEBHOOK.url, state: 'delivered', attempts: 2, status: 204 },
    ])
    expect(hooks.receivers(null)).toMatchObject([{ url: WEBHOOK.url, delivered: 1, pending: 0, failed: 0 }])
    expect(JSON.stringify(list(hooks))).not.toContain(SECRET)
  })

  it('say why nobody has heard, and are sent again when somebody asks', async () => {
    const hooks = webhooks(410, 200)
    hooks.start()
    await endedInstall()
    await settled()
    expect(list(hooks)).toMatchObject([{ state: 'failed', trouble: 'the receiver answered with status 410' }])
    const { deliveries } = hooks.replay({ delivery: 1 }, ANN)
    expect(deliveries).toMatchObject([{ seq: 2, state: 'pending', replayedBy: 'user:ann' }])
    await settled(2)
    expect(list(hooks)).toMatchObject([{ seq: 2, state: 'delivered', trouble: null }, { seq: 1 }])
    const [first, again] = sent.map(({ headers }) => headers)
    expect(again!['landfall-delivery']).toBe(first!['landfall-delivery'])
    expect([first!['landfall-replay'], again!['landfall-replay']]).toEqual([undefined, '2'])
    expect(outcomes()[0]!.message).toBe('the webhook has heard of install.failed, sent again by user:ann')
  })

  it('are made for all that ended after an event, to one receiver or all', async () => {
    const hooks = webhooks(200)
    await endedInstall()
    const between = core.events.last()
    await endedInstall()
    const numbers = ({ deliveries }: ReplayResult) => deliveries.map(({ eventSeq }) => eventSeq)
    expect(numbers(hooks.replay({ after: 0 }, ANN))).toHaveLength(2)
    const late = hooks.replay({ after: between, url: WEBHOOK.url }, ANN)
    expect(ReplayResult.parse(late)).toEqual(late)
    expect(numbers(late)).toEqual([late.lastEvent])
    expect(late.lastEvent).toBeGreaterThan(between)
    expect(hooks.replay({ after: 0, url: 'https://other.example/' }, ANN).deliveries).toEqual([])
    expect(hooks.replay({ after: late.lastEvent }, ANN)).toEqual({
      deliveries: [],
      lastEvent: late.lastEvent,
      more: false,
    })
  })

  it('are made of a long history in steps, each of which says where the next goes on', async () => {
    const hooks = webhooks(200)
    const installId = await endedInstall()
    const before = core.events.last()
    const type = 'install.failed'
    for (let i = 0; i < 501; i++) core.events.append({ type, machineId, installId, message: 'failed' })
    const scoped = { actor: 'user:bob', scope: { rack: 'r1' } }
    expect(hooks.replay({ after: before }, scoped)).toEqual({ deliveries: [], lastEvent: before + 500, more: true })
    const first = hooks.replay({ after: before }, ANN)
    expect([first.deliveries.length, first.lastEvent, first.more]).toEqual([500, before + 500, true])
    const rest = hooks.replay({ after: first.lastEvent }, ANN)
    expect([rest.deliveries.length, rest.more]).toEqual([1, false])
  })

  it('that are not there, or beyond the scope, are neither shown nor sent', async () => {
    const hooks = webhooks(200)
    hooks.start()
    await endedInstall()
    await settled()
    const scoped = { actor: 'user:bob', scope: { rack: 'r1' } }
    expect(() => hooks.replay({ delivery: 1 }, scoped)).toThrowWithCode(CoreError, 'DELIVERY_NOT_FOUND')
    expect(() => hooks.replay({ delivery: 99 }, ANN)).toThrowWithCode(CoreError, 'DELIVERY_NOT_FOUND')
    expect(hooks.replay({ after: 0 }, scoped).deliveries).toEqual([])
    expect([hooks.list({ scope: scoped.scope, limit: 9 }), hooks.receivers(scoped.scope)]).toEqual([[], []])
    core.inventory.update(machineId, { labels: { rack: 'r1' } }, 'a')
    expect(hooks.list({ scope: scoped.scope, limit: 9 })).toHaveLength(1)
    expect(hooks.replay({ delivery: 1 }, scoped).deliveries).toHaveLength(1)
  })

  it('go on where they were after a restart, and are given up when they are too old', async () => {
    const never = webhooks(new Error('stopped'))
    const stop = never.start()
    await endedInstall()
    stop()
    await new Promise((resolve) => setImmediate(resolve))
    expect(list(never)).toMatchObject([{ state: 'pending', attempts: 0 }])
    const hooks = webhooks(200)
    const stopAgain = hooks.start()
    await settled()
    expect(list(hooks)).toMatchObject([{ seq: 1, state: 'delivered' }])
    stopAgain()
    core.store.deliveries.update(1, { state: 'pending' })
    core.clock.advance(25 * 3600_000)
    webhooks(200).start()
    await settled(2)
    expect(list(hooks)).toMatchObject([{ state: 'failed', trouble: 'the server was away for too long' }])
  })

  it('are kept to a number for each receiver, but for those that wait', async () => {
    const { deliveries } = core.store
    const installId = await endedInstall()
    const one = { eventSeq: 1, event: 'install.failed', machineId, url: 'u', attempts: 0, status: null } as const
    const rest = { trouble: null, replayedBy: null, createdAt: core.clock.now().toISOString(), settledAt: null }
    const states = ['pending', ...Array.from({ length: 9 }, () => 'delivered')] as WebhookDelivery['state'][]
    for (const state of states) deliveries.add({ ...one, ...rest, installId, state }, 5)
    const kept = deliveries.list({ url: 'u', scope: null, before: 1e9, limit: 100 })
    expect(kept.map(({ seq }) => seq)).toEqual([10, 9, 8, 7, 6, 1])
  })

  it('are refused while very many wait', async () => {
    const hooks = webhooks(200)
    await endedInstall()
    core.store.deliveries.countPending = () => 5000
    expect(() => hooks.replay({ after: 0 }, ANN)).toThrowWithCode(CoreError, 'CONFLICT')
  })
})
