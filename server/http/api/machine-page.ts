// Pages of the machine list: what is asked for, and a cursor that survives changes in between.
import { z } from 'zod'
import type { Scope } from '../../contract/access.ts'
import { MachineFilter, MachineSort, SortOrder } from '../../contract/machine-filter.ts'
import { MachinePage } from '../../contract/machine.ts'
import type { Inventory } from '../../core/inventory.ts'
import type { MachinePlace } from '../../core/machine-store.ts'
import { HttpProblem } from '../problem.ts'
import { Limit } from './operation.ts'

export const MachineQuery = MachineFilter.extend({
  sort: MachineSort.default('createdAt').describe('machines without a value come first'),
  order: SortOrder.default('asc'),
  limit: Limit.default(100),
  cursor: z
    .string()
    .max(4000)
    .optional()
    .describe('`nextCursor` of the page before, with the same filter, sort and order'),
})
export type MachineQuery = z.infer<typeof MachineQuery>

/** Throws VALIDATION for a foreign cursor. */
export function machinePage(inventory: Pick<Inventory, 'page'>, query: MachineQuery, scope: Scope | null): MachinePage {
  const { sort, order, limit, cursor, ...filter } = query
  const after = cursor === undefined ? undefined : parseCursor(cursor)
  const { items, next, total } = inventory.page({ filter, scope, sort, order, limit, after })
  return { items, nextCursor: next ? formatCursor(next) : null, total }
}

const CursorText = z.tuple([z.string(), z.string()])

function formatCursor(place: MachinePlace): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

function parseCursor(cursor: string): MachinePlace {
  try {
    return CursorText.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch (cause) {
    throw new HttpProblem(400, 'VALIDATION', 'cursor: not one that this server gave out', { cause })
  }
}
