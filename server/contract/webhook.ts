// What is sent to webhooks, what came of it, and sending it once more.
import { z } from 'zod'
import { Timestamp, Uuid } from './common.ts'

export const WebhookEvent = z.enum(['install.succeeded', 'install.failed', 'install.silent', 'install.heard'])
export type WebhookEvent = z.infer<typeof WebhookEvent>

export const WebhookDelivery = z
  .object({
    /** Rising; what a replay names. */
    seq: z.number().int().positive(),
    /** Number of the event it tells of: the same for all replays, and in the header `Landfall-Delivery`. */
    eventSeq: z.number().int().positive(),
    event: WebhookEvent,
    machineId: Uuid,
    installId: Uuid,
    url: z.string(),
    state: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.number().int().nonnegative(),
    /** Of the last answer; null when nobody has answered. */
    status: z.number().int().nullable(),
    /** What was wrong with the last attempt. */
    trouble: z.string().nullable(),
    /** Who had it sent again; null for what the event itself caused. */
    replayedBy: z.string().nullable(),
    createdAt: Timestamp,
    settledAt: Timestamp.nullable(),
  })
  .meta({ id: 'WebhookDelivery' })
export type WebhookDelivery = z.infer<typeof WebhookDelivery>

/** One receiver, as specs name it. */
export const Webhook = z
  .object({
    url: z.string(),
    /** Deliveries that are kept, by what came of them. */
    pending: z.number().int().nonnegative(),
    delivered: z.number().int().nonnegative(),
    failed: z.number().int().nonnegative(),
    lastAt: Timestamp,
  })
  .meta({ id: 'Webhook' })
export type Webhook = z.infer<typeof Webhook>

export const DeliveryFilter = z.strictObject({
  url: z.string().max(2048).optional().describe('only to this receiver'),
  state: WebhookDelivery.shape.state.optional(),
})
export type DeliveryFilter = z.infer<typeof DeliveryFilter>

/** One delivery, or everything after an event. */
export const ReplayRequest = z
  .union([
    z.strictObject({ delivery: z.number().int().positive() }),
    z.strictObject({
      /** Number of an event: all ends of installs after it are told again, the oldest first. */
      after: z.number().int().nonnegative(),
      url: z.string().max(2048).optional(),
    }),
  ])
  .meta({ id: 'ReplayRequest' })
export type ReplayRequest = z.infer<typeof ReplayRequest>

export const ReplayResult = z
  .object({
    deliveries: z.array(WebhookDelivery),
    /** Number of the last event that was looked at: go on after it when `more`. */
    lastEvent: z.number().int().nonnegative(),
    /** There are more events after it than one request looks at, some of which may concern the caller. */
    more: z.boolean(),
  })
  .meta({ id: 'ReplayResult' })
export type ReplayResult = z.infer<typeof ReplayResult>
