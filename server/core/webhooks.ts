// Tells others that an install has ended, or that nothing is heard of it: signed, and repeated until it was heard. Each delivery is kept, so that a restart of the server
// forgets nothing, and can be sent once more.
import { createHmac } from 'node:crypto'
import type { Scope } from '../contract/access.ts'
import type { Event, EventType } from '../contract/event.ts'
import { WebhookEvent } from '../contract/webhook.ts'
import type { DeliveryFilter, ReplayRequest, ReplayResult, Webhook, WebhookDelivery } from '../contract/webhook.ts'
import { timestamp } from './clock.ts'
import type { Clock } from './clock.ts'
import type { DeliveryStore } from './delivery-store.ts'
import { CoreError, unlessStoreFails } from './errors.ts'
import type { EventLog } from './events.ts'
import type { InstallRecord, InstallStore } from './install-store.ts'
import type { Inventory } from './inventory.ts'
import { isWithin } from './scope.ts'
import type { Transactions } from './transactions.ts'

/** Resolves with the status of the answer, whatever it is; rejects when there was none. */
export type WebhookSender = (
  url: string,
  request: { headers: Record<string, string>; body: string; signal: AbortSignal },
) => Promise<number>

export interface WebhooksPorts {
  events: EventLog
  deliveries: DeliveryStore
  installs: Pick<InstallStore, 'get'>
  inventory: Pick<Inventory, 'toSummary' | 'labelsOf'>
  transactions: Transactions
  clock: Clock
  send: WebhookSender
  /** Waits; the signal ends it early. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

const TOLD: readonly EventType[] = WebhookEvent.options
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
/** Deliveries kept of one receiver. */
const KEPT = 500
/** Events that one request looks at to tell them again. */
const REPLAYED = 500
/** A receiver that is away shall not have the server remember without end. */
const MAX_PENDING = 5000
/** Receivers that are listed. */
const RECEIVERS = 100

/** Whoever asks for something to be sent again. */
interface Replayer {
  actor: string
  scope: Scope | null
}

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
    const { events, deliveries } = this.#ports
    for (const delivery of deliveries.pending()) void this.#deliver(delivery, this.#eventOf(delivery))
    for (const event of this.#owed()) this.#begin(event)
    const unsubscribe = events.subscribe((event) => {
      // What cannot be kept now is owed after the next start.
      if (TOLD.includes(event.type)) unlessStoreFails(() => this.#begin(event))
    })
    return () => {
      unsubscribe()
      this.#stopping.abort()
    }
  }

  receivers(scope: Scope | null): Webhook[] {
    return this.#ports.deliveries.receivers(scope, RECEIVERS)
  }

  /** Newest first. */
  list(request: DeliveryFilter & { scope: Scope | null; before?: number | undefined; limit: number }) {
    const { before = Number.MAX_SAFE_INTEGER, ...rest } = request
    return this.#ports.deliveries.list({ ...rest, before })
  }

  /**
   * Sends again what was sent, or what happened after an event, as far as the caller may see it: to the receiver, and signed with the secret,
   * that the install had. Throws DELIVERY_NOT_FOUND, and CONFLICT while too many wait.
   */
  replay(request: ReplayRequest, { actor, scope }: Replayer): ReplayResult {
    const { events, deliveries, transactions } = this.#ports
    if (deliveries.countPending() >= MAX_PENDING) {
      const hint = 'see `landfall webhook deliveries --state pending`, and try again once their receivers answer'
      throw new CoreError('CONFLICT', `${MAX_PENDING} deliveries wait to be taken already`, { hint })
    }
    if ('delivery' in request) {
      const event = this.#replayable(request.delivery, scope)
      const made = this.#begin(event, actor)
      return { deliveries: made ? [made] : [], lastEvent: event.seq, more: false }
    }
    const { after, url } = request
    // Whom they concern is looked at one by one, so that a request costs the same whoever asks, however long the log is.
    const found = events.since(after, { types: TOLD, limit: REPLAYED + 1 })
    const walked = found.slice(0, REPLAYED)
    const told = walked.filter(({ machineId }) => machineId !== null && this.#isWithin(machineId, scope))
    const made = transactions.transaction(() => told.flatMap((event) => this.#begin(event, actor, url) ?? []))
    return { deliveries: made, lastEvent: walked.at(-1)?.seq ?? after, more: found.length > walked.length }
  }

  #isWithin(machineId: string, scope: Scope | null): boolean {
    return scope === null || isWithin(this.#ports.inventory.labelsOf(machineId) ?? {}, scope)
  }

  /** The event that was told. */
  #replayable(seq: number, scope: Scope | null): Event {
    const delivery = this.#ports.deliveries.get(seq)
    const event = delivery && this.#isWithin(delivery.machineId, scope) ? this.#eventOf(delivery) : undefined
    if (event) return event
    const hint = 'see `landfall webhook deliveries`; of each receiver the newest are kept'
    throw new CoreError('DELIVERY_NOT_FOUND', `there is no delivery ${seq}`, { hint })
  }

  #eventOf({ eventSeq, installId }: WebhookDelivery): Event | undefined {
    const [event] = this.#ports.events.since(eventSeq - 1, { installId, types: TOLD, limit: 1 })
    return event?.seq === eventSeq ? event : undefined
  }

  #owed(): Event[] {
    const { events, deliveries, clock } = this.#ports
    const recent = events.recent({ types: [...TOLD, ...OUTCOMES], limit: LOOK_BACK })
    const settled = new Set(recent.filter(({ type }) => OUTCOMES.includes(type)).map(({ data }) => data['of']))
    const since = clock.now().getTime() - MAX_AGE
    return recent
      .filter(({ type, seq, at }) => TOLD.includes(type) && !settled.has(seq) && Date.parse(at) > since)
      .filter(({ seq }) => !deliveries.knows(seq))
      .toReversed()
  }

  /** Tells whom the install names, if that is anybody, or only if it is at this URL. */
  #begin(event: Event, replayedBy: string | null = null, url?: string): WebhookDelivery | undefined {
    const { installs, deliveries, transactions, clock } = this.#ports
    const install = event.installId === null ? undefined : installs.get(event.installId)
    const webhook = install?.spec.hooks.webhook
    if (!install || !webhook || (url !== undefined && url !== webhook.url)) return undefined
    const delivery = deliveries.add(
      {
        eventSeq: event.seq,
        event: WebhookEvent.parse(event.type),
        machineId: install.machineId,
        installId: install.id,
        url: webhook.url,
        state: 'pending',
        attempts: 0,
        status: null,
        trouble: null,
        replayedBy,
        createdAt: timestamp(clock),
        settledAt: null,
      },
      KEPT,
    )
    transactions.afterCommit(() => void this.#deliver(delivery, event))
    return delivery
  }

  async #deliver(delivery: WebhookDelivery, event: Event | undefined): Promise<void> {
    const { installs, deliveries, clock } = this.#ports
    const install = installs.get(delivery.installId)
    const webhook = install?.spec.hooks.webhook
    if (!event || !webhook) return this.#settle(delivery, 'failed', { trouble: 'the install is no longer known' })
    if (clock.now().getTime() - Date.parse(delivery.createdAt) > MAX_AGE) {
      return this.#settle(delivery, 'failed', { trouble: 'the server was away for too long' })
    }
    let { trouble } = delivery
    for (let attempt = delivery.attempts + 1; attempt <= PAUSES.length + 1; attempt++) {
      let status: number | null = null
      try {
        status = await this.#inTurn(() => this.#post(event, install, webhook, delivery))
        if (status >= 200 && status < 300) return this.#settle(delivery, 'delivered', { attempt, status })
        trouble = `the receiver answered with status ${status}`
      } catch (error) {
        trouble = (error as Error).message
      }
      if (this.#stopping.signal.aborted) return
      unlessStoreFails(() => deliveries.update(delivery.seq, { attempts: attempt, status, trouble }))
      // Gone is the one answer that asks for no more.
      if (status === 410) break
      const pause = PAUSES[attempt - 1]
      if (pause !== undefined) await this.#ports.sleep(pause, this.#stopping.signal).catch(() => {})
      if (this.#stopping.signal.aborted) return
    }
    this.#settle(delivery, 'failed', { trouble: trouble ?? 'it was never sent' })
  }

  #post(
    event: Event,
    install: InstallRecord,
    { url, secret }: { url: string; secret: string },
    { seq, replayedBy }: WebhookDelivery,
  ): Promise<number> {
    const body = JSON.stringify(webhookBody(event, install, this.#ports.inventory.toSummary(install.machineId)))
    const timestamp = Math.floor(this.#ports.clock.now().getTime() / SECOND)
    return this.#ports.send(url, {
      headers: {
        'content-type': 'application/json',
        'landfall-event': event.type,
        'landfall-delivery': String(event.seq),
        ...(replayedBy !== null && { 'landfall-replay': String(seq) }),
        'landfall-timestamp': String(timestamp),
        'landfall-signature': `sha256=${signWebhook(secret, timestamp, body)}`,
      },
      body,
      signal: this.#stopping.signal,
    })
  }

  #settle(
    { seq, eventSeq, event, machineId, installId, replayedBy }: WebhookDelivery,
    state: 'delivered' | 'failed',
    { attempt, status, trouble }: { attempt?: number; status?: number; trouble?: string },
  ): void {
    const { deliveries, events, transactions, clock } = this.#ports
    const again = replayedBy === null ? '' : `, sent again by ${replayedBy}`
    const message =
      state === 'delivered'
        ? `the webhook has heard of ${event}${again}`
        : `the webhook has not heard of ${event}${again}: ${trouble}`
    const settle = () => {
      const news = { ...(attempt !== undefined && { attempts: attempt }), ...(status !== undefined && { status }) }
      deliveries.update(seq, { state, trouble: trouble ?? null, settledAt: timestamp(clock), ...news })
      const data = { of: eventSeq, delivery: seq, attempt, status, trouble }
      events.append({ type: `webhook.${state}`, machineId, installId, message, data })
    }
    unlessStoreFails(() => transactions.transaction(settle))
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
