// Tells others that an install has ended: signed, and repeated until it was heard. What is owed is read from the event log, so that a
// restart of the server forgets nothing.
import { createHmac } from 'node:crypto'
import type { Event, EventType } from '../contract/event.ts'
import type { Clock } from './clock.ts'
import type { EventLog } from './events.ts'
import type { InstallRecord, InstallStore } from './install-store.ts'
import type { Inventory } from './inventory.ts'

/** Resolves with the status of the answer, whatever it is; rejects when there was none. */
export type WebhookSender = (
  url: string,
  request: { headers: Record<string, string>; body: string; signal: AbortSignal },
) => Promise<number>

export interface WebhooksPorts {
  events: EventLog
  installs: Pick<InstallStore, 'get'>
  inventory: Pick<Inventory, 'toSummary'>
  clock: Clock
  send: WebhookSender
  /** Waits; the signal ends it early. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

const ENDS: readonly EventType[] = ['install.succeeded', 'install.failed']
const OUTCOMES: readonly EventType[] = ['webhook.delivered', 'webhook.failed']

const SECOND = 1000
const MINUTE = 60 * SECOND
/** Before each further attempt; together about four hours. */
const PAUSES = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 60 * MINUTE, 120 * MINUTE]
/** What ended before is old news. */
const MAX_AGE = 24 * 60 * MINUTE
/** A fleet that ends at once shall not be a flood for who hears of it. */
const MAX_AT_ONCE = 8
/** Looked through after a start. */
const LOOK_BACK = 2000

export class Webhooks {
  readonly #ports: WebhooksPorts
  readonly #stopping = new AbortController()
  readonly #waiting: (() => void)[] = []
  #sending = 0

  constructor(ports: WebhooksPorts) {
    this.#ports = ports
  }

  /** Takes up what is still owed and listens for more, until the returned function is called. */
  start(): () => void {
    const { events } = this.#ports
    for (const event of this.#owed()) void this.#deliver(event)
    const unsubscribe = events.subscribe((event) => {
      if (ENDS.includes(event.type)) void this.#deliver(event)
    })
    return () => {
      unsubscribe()
      this.#stopping.abort()
    }
  }

  #owed(): Event[] {
    const { events, clock } = this.#ports
    const recent = events.recent({ types: [...ENDS, ...OUTCOMES], limit: LOOK_BACK })
    const settled = new Set(recent.filter(({ type }) => OUTCOMES.includes(type)).map(({ data }) => data['of']))
    const since = clock.now().getTime() - MAX_AGE
    return recent
      .filter(({ type, seq, at }) => ENDS.includes(type) && !settled.has(seq) && Date.parse(at) > since)
      .toReversed()
  }

  async #deliver(event: Event): Promise<void> {
    const install = event.installId === null ? undefined : this.#ports.installs.get(event.installId)
    const webhook = install?.spec.hooks.webhook
    if (!install || !webhook) return
    let trouble = ''
    for (let attempt = 1; attempt <= PAUSES.length + 1 && !this.#stopping.signal.aborted; attempt++) {
      try {
        const status = await this.#inTurn(() => this.#post(event, install, webhook))
        if (status >= 200 && status < 300) return this.#settle(event, 'webhook.delivered', { attempt, status })
        trouble = `the receiver answered with status ${status}`
        // Gone is the one answer that asks for no more.
        if (status === 410) break
      } catch (error) {
        trouble = (error as Error).message
      }
      const pause = PAUSES[attempt - 1]
      if (pause !== undefined) await this.#ports.sleep(pause, this.#stopping.signal).catch(() => {})
    }
    if (!this.#stopping.signal.aborted) this.#settle(event, 'webhook.failed', { trouble })
  }

  #post(event: Event, install: InstallRecord, { url, secret }: { url: string; secret: string }): Promise<number> {
    const body = JSON.stringify(webhookBody(event, install, this.#ports.inventory.toSummary(install.machineId)))
    const timestamp = Math.floor(this.#ports.clock.now().getTime() / SECOND)
    return this.#ports.send(url, {
      headers: {
        'content-type': 'application/json',
        'landfall-event': event.type,
        'landfall-delivery': String(event.seq),
        'landfall-timestamp': String(timestamp),
        'landfall-signature': `sha256=${signWebhook(secret, timestamp, body)}`,
      },
      body,
      signal: this.#stopping.signal,
    })
  }

  #settle(of: Event, type: 'webhook.delivered' | 'webhook.failed', data: Record<string, unknown>): void {
    const { machineId, installId, seq } = of
    const message =
      type === 'webhook.delivered'
        ? `the webhook has heard of ${of.type}`
        : `the webhook has not heard of ${of.type}: ${String(data['trouble'])}`
    this.#ports.events.append({
      type,
      machineId: machineId ?? undefined,
      installId: installId ?? undefined,
      message,
      data: { ...data, of: seq },
    })
  }

  async #inTurn<T>(send: () => Promise<T>): Promise<T> {
    if (this.#sending >= MAX_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#sending++
    try {
      return await send()
    } finally {
      this.#sending--
      this.#waiting.shift()?.()
    }
  }
}

/** HMAC-SHA256 over time and body: neither can be changed, and an old message is known as one. */
function signWebhook(secret: string, timestamp: number, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
}

function webhookBody(event: Event, install: InstallRecord, machine: ReturnType<Inventory['toSummary']>) {
  const { id, generation, image, digest, state, failure, confirmedDigest, createdAt, startedAt, endedAt } = install
  const { name, labels, macs, serial } = machine
  return {
    event: event.type,
    delivery: event.seq,
    at: event.at,
    machine: { id: machine.id, name, labels, macs, serial },
    install: { id, generation, image, digest, state, failure, confirmedDigest, createdAt, startedAt, endedAt },
  }
}
