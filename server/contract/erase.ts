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

/** One attempt to erase one disk, kept with its install. */
export const EraseReport = z
  .object({
    /** Kernel name at that moment. */
    name: z.string(),
    serial: z.string().nullable(),
    model: z.string().nullable(),
    wwn: z.string().nullable(),
    /** Bytes. */
    size: z.number().int().nonnegative(),
    method: EraseMethod,
    startedAt: Timestamp,
    endedAt: Timestamp,
    result: z.enum(['erased', 'failed']),
    /** What was done, or what the disk said. */
    detail: z.string().max(4000),
  })
  .meta({ id: 'EraseReport' })
export type EraseReport = z.infer<typeof EraseReport>
