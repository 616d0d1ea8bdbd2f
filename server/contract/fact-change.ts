// What changed of the facts of a machine between two of its starts.
import { z } from 'zod'
import { Timestamp } from './common.ts'

export const FactSubject = z.enum([
  'disk',
  'nic',
  'memory',
  'cpu',
  'firmware',
  'secure-boot',
  'tpm',
  'architecture',
  'system',
])
export type FactSubject = z.infer<typeof FactSubject>

export const FactDifference = z.object({
  subject: FactSubject,
  /** `appeared` and `vanished` are for what there may be several of. */
  change: z.enum(['appeared', 'vanished', 'changed']),
  /** Which one, or which value of it: `serial S64GNX0R`, `52:54:00:12:34:56`, `version`; empty where there is but one. */
  which: z.string(),
  before: z.string().nullable(),
  after: z.string().nullable(),
  /** One sentence for people. */
  message: z.string(),
})
export type FactDifference = z.infer<typeof FactDifference>

export const FactChange = FactDifference.extend({
  /** Rising with time. */
  seq: z.number().int().positive(),
  /** When the machine told. */
  at: Timestamp,
}).meta({ id: 'FactChange' })
export type FactChange = z.infer<typeof FactChange>
