// Taking machines for a program's use, so that no other gets them.
import { z } from 'zod'
import { Labels } from './common.ts'
import { MachineFilter } from './machine-filter.ts'
import { MachineSummary } from './machine.ts'

export const MAX_CLAIM = 1000

export const ClaimRequest = z
  .strictObject({
    filter: MachineFilter.default({}),
    count: z.number().int().min(1).max(MAX_CLAIM).default(1),
    /** Machines that have one of these keys, whatever its value, are taken; removing them gives a machine back. */
    set: Labels.refine((labels) => Object.keys(labels).length > 0, 'must name a label: it marks what is taken'),
  })
  .meta({ id: 'ClaimRequest' })
export type ClaimRequest = z.infer<typeof ClaimRequest>

export const ClaimResult = z.object({ machines: z.array(MachineSummary) }).meta({ id: 'ClaimResult' })
export type ClaimResult = z.infer<typeof ClaimResult>
