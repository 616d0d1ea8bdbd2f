// Events: append-only, numbered by the server. Audit trail, machine history and SSE replay are views of them.
import { z } from 'zod'
import { Timestamp, Uuid } from './common.ts'

export const EventType = z.enum([
  'machine.discovered',
  'machine.updated',
  'machine.state',
  'machine.facts',
  'machine.hardware',
  'machine.merged',
  'boot.dhcp',
  'boot.tftp',
  'boot.script',
  'boot.asset',
  'boot.refused',
  'boot.loop',
  'boot.loader',
  'install.created',
  'install.plan',
  'install.recovery-key',
  'install.erasing',
  'install.erased',
  'install.step',
  'install.progress',
  'install.log',
  'install.silent',
  'install.heard',
  'install.failed',
  'install.succeeded',
  'image.added',
  'image.removed',
  'image.evicted',
  'image.judged',
  'image.refused',
  'image.track',
  'media.imported',
  'media.removed',
  'profile.changed',
  'token.created',
  'token.revoked',
  'user.created',
  'user.changed',
  'user.removed',
  'login',
  'login.refused',
  'agent.refused',
  'dhcp.pool-exhausted',
  'dhcp.foreign-server',
  'dhcp.declined',
  'dhcp.mode',
  'dhcp.port-busy',
  'server.started',
  'server.restored',
  'server.warning',
  'webhook.delivered',
  'webhook.failed',
])
export type EventType = z.infer<typeof EventType>

export const Event = z
  .object({
    /** Strictly rising, without gaps visible to one reader; the SSE id. */
    seq: z.number().int().positive(),
    at: Timestamp,
    type: EventType,
    machineId: Uuid.nullable(),
    installId: Uuid.nullable(),
    /** Who caused it: `user:<name>`, `token:<name>`, `machine`, `system`. */
    actor: z.string(),
    /** One sentence for people. */
    message: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' })
export type Event = z.infer<typeof Event>
