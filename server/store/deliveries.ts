// Deliveries to webhooks.
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Scope } from '../contract/access.ts'
import type { DeliveryFilter, Webhook, WebhookDelivery } from '../contract/webhook.ts'
import type { DeliveryStore } from '../core/delivery-store.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { withinScope } from './within-scope.ts'

type Row = Selectable<Schema['webhook_deliveries']>

export class SqliteDeliveries implements DeliveryStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  add(delivery: Omit<WebhookDelivery, 'seq'>, kept: number): WebhookDelivery {
    const { query } = this.#db
    return this.#db.transaction(() => {
      const { lastId } = this.#db.run(query.insertInto('webhook_deliveries').values(toRow(delivery)))
      const ofReceiver = query.selectFrom('webhook_deliveries').select('seq').where('url', '=', delivery.url)
      const oldest = ofReceiver.orderBy('seq', 'desc').limit(1).offset(kept)
      const others = query.deleteFrom('webhook_deliveries').where('url', '=', delivery.url)
      this.#db.run(others.where('state', '<>', 'pending').where('seq', '<=', oldest))
      return { seq: lastId, ...delivery }
    })
  }

  update(seq: number, { settledAt, ...same }: Parameters<DeliveryStore['update']>[1]): void {
    const values = { ...same, ...(settledAt !== undefined && { settled_at: settledAt }) }
    this.#db.run(this.#db.query.updateTable('webhook_deliveries').set(values).where('seq', '=', seq))
  }

  get(seq: number): WebhookDelivery | undefined {
    const row = this.#db.first(this.#all().where('seq', '=', seq))
    return row && fromRow(row)
  }

  knows(eventSeq: number): boolean {
    return this.#db.first(this.#all().where('event_seq', '=', eventSeq).limit(1)) !== undefined
  }

  pending(): WebhookDelivery[] {
    return this.#db.all(this.#all().where('state', '=', 'pending').orderBy('seq')).map(fromRow)
  }

  countPending(): number {
    const count = sql<number>`count(*)`.as('count')
    const query = this.#db.query.selectFrom('webhook_deliveries').select(count)
    return this.#db.first(query.where('state', '=', 'pending'))!.count
  }

  list({
    url,
    state,
    scope,
    before,
    limit,
  }: DeliveryFilter & { scope: Scope | null; before: number; limit: number }): WebhookDelivery[] {
    let query = this.#all().where('seq', '<', before).where(withinScope(scope, 'machine_id'))
    if (url !== undefined) query = query.where('url', '=', url)
    if (state !== undefined) query = query.where('state', '=', state)
    return this.#db.all(query.orderBy('seq', 'desc').limit(limit)).map(fromRow)
  }

  receivers(scope: Scope | null, limit: number): Webhook[] {
    const count = (state: WebhookDelivery['state']) => sql<number>`sum(state = ${state})`.as(state)
    const query = this.#db.query
      .selectFrom('webhook_deliveries')
      .select(({ fn }) => [
        'url',
        count('pending'),
        count('delivered'),
        count('failed'),
        fn.max('created_at').as('lastAt'),
      ])
      .where(withinScope(scope, 'machine_id'))
    return this.#db.all(query.groupBy('url').orderBy('lastAt', 'desc').limit(limit))
  }

  #all() {
    return this.#db.query.selectFrom('webhook_deliveries').selectAll()
  }
}

function toRow({ eventSeq, event, machineId, installId, replayedBy, createdAt, settledAt, ...same }: Fields) {
  return {
    ...same,
    event_seq: eventSeq,
    event_type: event,
    machine_id: machineId,
    install_id: installId,
    replayed_by: replayedBy,
    created_at: createdAt,
    settled_at: settledAt,
  } satisfies Omit<Row, 'seq'>
}

type Fields = Omit<WebhookDelivery, 'seq'>

function fromRow({
  event_seq: eventSeq,
  event_type: event,
  machine_id: machineId,
  install_id: installId,
  replayed_by: replayedBy,
  created_at: createdAt,
  settled_at: settledAt,
  ...same
}: Row): WebhookDelivery {
  return { ...same, eventSeq, event, machineId, installId, replayedBy, createdAt, settledAt }
}
