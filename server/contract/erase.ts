// How the old content of a disk goes, what a disk offers for it, and the report that it has gone.
import { z } from 'zod'
import { Timestamp } from './common.ts'

/** Ways to make all of the old content unreadable. Those whose names begin with a kind of disk are carried out by the disk itself. */
export const EraseMethod = z.enum([
  'nvme-sanitize',
  'nvme-sanitize-crypto',
  'nvme-sanitize-overwrite',
  'nvme-format',
  'nvme-format-crypto',
  'ata-erase',
  'ata-erase-enhanced',
  'discard',
  'overwrite',
])
export type EraseMethod = z.infer<typeof EraseMethod>

/** A method that a disk has. */
export const EraseAbility = z.object({
  method: EraseMethod,
  /** How long it takes, by the disk's own estimate. */
  seconds: z.number().int().nonnegative().optional(),
  /** Why it cannot be used now, as a clause for people. */
  unable: z.string().optional(),
})
export type EraseAbility = z.infer<typeof EraseAbility>

/** One attempt to erase one disk, as it begins. */
export const EraseBegin = z.object({
  /** Kernel name at that moment. */
  name: z.string(),
  serial: z.string().nullable(),
  model: z.string().nullable(),
  wwn: z.string().nullable(),
  /** Bytes. */
  size: z.number().int().nonnegative(),
  method: EraseMethod,
  startedAt: Timestamp,
})
export type EraseBegin = z.infer<typeof EraseBegin>

/** What was done, or what the disk said. */
const detail = z.string().max(4000)

/** How such an attempt ended, told by the agent that made it. */
export const EraseEnd = EraseBegin.extend({ endedAt: Timestamp, result: z.enum(['erased', 'failed']), detail })
export type EraseEnd = z.infer<typeof EraseEnd>

/** One attempt, kept with its install. */
export const EraseReport = EraseBegin.extend({
  /** Null while it lasts, and for one whose end nobody told. */
  endedAt: Timestamp.nullable(),
  /** `cut-off` began, and the machine started anew, or the install was over, before an end was told: whether the disk ended it is unknown. */
  result: z.enum(['running', 'erased', 'failed', 'cut-off']),
  detail,
}).meta({ id: 'EraseReport' })
export type EraseReport = z.infer<typeof EraseReport>
