import { createHmac } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
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
  return new Webhooks({ ...core, installs: core.store.installs, send, sleep })
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
