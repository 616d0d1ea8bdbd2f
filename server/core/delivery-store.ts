// What webhooks ask of the database.
import type { Scope } from '../contract/access.ts'
import type { DeliveryFilter, Webhook, WebhookDelivery } from '../contract/webhook.ts'

export interface DeliveryStore {
  /** Returns it with its number. Of each receiver the newest `kept` are kept, and those that are not settled. */
  add(delivery: Omit<WebhookDelivery, 'seq'>, kept: number): WebhookDelivery
  update(
    seq: number,
    change: Partial<Pick<WebhookDelivery, 'state' | 'attempts' | 'status' | 'trouble' | 'settledAt'>>,
  ): void
  get(seq: number): WebhookDelivery | undefined
  /** Whether the event was told to anybody, or is being told. */
  knows(eventSeq: number): boolean
  /** Not settled, oldest first. */
  pending(): WebhookDelivery[]
  countPending(): number
  /** Those with a number below `before`, newest first, of machines within the scope. */
  list(request: DeliveryFilter & { scope: Scope | null; before: number; limit: number }): WebhookDelivery[]
  /** Receivers of what is kept of machines within the scope, the last one that was told first. */
  receivers(scope: Scope | null, limit: number): Webhook[]
}
