// One change to many machines: which, what, and what came of it for each.
import { z } from 'zod'
import { Labels, Uuid } from './common.ts'
import { MachineFilter } from './machine-filter.ts'
import { PartialSpec } from './spec.ts'

/** At a time. */
export const MAX_BULK_MACHINES = 10_000

export const BulkAction = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('assign'), image: z.string().min(1), spec: PartialSpec.optional() }),
  z.strictObject({ type: z.literal('reinstall') }),
  z.strictObject({
    type: z.literal('label'),
    set: Labels.default({}),
    remove: z.array(z.string().max(63)).max(100).default([]).describe('keys'),
  }),
  z.strictObject({ type: z.literal('retire') }),
])
export type BulkAction = z.infer<typeof BulkAction>

export const BulkRequest = z
  .strictObject({
    machines: z.array(Uuid).min(1).max(MAX_BULK_MACHINES).optional().describe('their ids'),
    filter: MachineFilter.optional().describe('instead of ids: all that it means'),
    expected: z
      .number()
      .int()
      .positive()
      .max(MAX_BULK_MACHINES)
      .optional()
      .describe(
        'with `filter`: how many it meant when a person looked; nothing is done if it means another number now',
      ),
    action: BulkAction,
  })
  .refine(({ machines, filter }) => (machines === undefined) !== (filter === undefined), {
    message: 'give either machines or filter',
  })
  .refine(({ filter, expected }) => (filter === undefined) === (expected === undefined), {
    message: 'belongs to filter, which cannot do without',
    path: ['expected'],
  })
  .meta({ id: 'BulkRequest' })
export type BulkRequest = z.infer<typeof BulkRequest>

export const BulkResult = z
  .object({
    results: z.array(
      z.object({
        machineId: Uuid,
        /** Null where there is no such machine. */
        name: z.string().nullable(),
        /** Of the install that was made, if any. */
        installId: Uuid.nullable(),
        error: z.object({ code: z.string(), message: z.string() }).nullable(),
      }),
    ),
  })
  .meta({ id: 'BulkResult' })
export type BulkResult = z.infer<typeof BulkResult>
