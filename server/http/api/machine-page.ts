// Pages of the machine list in any order, with a cursor that survives changes in between.
import { z } from 'zod'
import { Labels } from '../../contract/common.ts'
import { MachineState } from '../../contract/machine.ts'
import type { MachineSummary } from '../../contract/machine.ts'
import type { MachineFilter } from '../../core/machine-store.ts'
import { HttpProblem } from '../problem.ts'
import { Limit } from './operation.ts'

const SortKey = z.enum(['createdAt', 'name', 'state', 'lastSeenAt', 'image', 'product', 'serial'])
type SortKey = z.infer<typeof SortKey>

/** `?label=rack=r12`, repeatable; all must hold. */
const LabelQuery = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat())
  .pipe(z.array(z.string().regex(/^[^=]+=/, 'must be key=value')).max(20))

export const MachineQuery = z.strictObject({
  state: MachineState.optional(),
  /** Part of name, MAC, serial or product. */
  search: z.string().max(200).optional(),
  label: LabelQuery.optional(),
  /** Image reference wanted. */
  image: z.string().max(1000).optional(),
  sort: SortKey.default('createdAt'),
  order: z.enum(['asc', 'desc']).default('asc'),
  limit: Limit.default(100),
  /** `nextCursor` of the page before, with the same sort and order. */
  cursor: z.string().max(1000).optional(),
})
export type MachineQuery = z.infer<typeof MachineQuery>

export interface MachinePage {
  items: MachineSummary[]
  /** Null on the last page. */
  nextCursor: string | null
}

/** Where a page ended: the last machine's sort value, then its id, which orders equal values. */
type Position = [value: string, id: string]

/**
 * One page of what `list` finds. In the order of creation the store itself reads on from the cursor; other orders need all rows.
 * Machines added or removed between two pages neither repeat nor hide others. Throws VALIDATION for a foreign cursor.
 */
export function machinePage(list: (filter: MachineFilter) => MachineSummary[], query: MachineQuery): MachinePage {
  const { state, search, label, image, sort, order, limit, cursor } = query
  const labels = label && Labels.parse(Object.fromEntries(label.map(splitLabel)))
  const filter = { state, search: search === '' ? undefined : search, labels }
  const from = cursor === undefined ? undefined : parseCursor(cursor)

  if (sort === 'createdAt' && order === 'asc' && image === undefined) {
    return cut(list({ ...filter, after: from?.[1], limit: limit + 1 }), limit, sort)
  }
  const direction = order === 'asc' ? 1 : -1
  const compare = (a: Position, b: Position) => direction * (compareText(a[0], b[0]) || compareText(a[1], b[1]))
  const found = list(filter)
    .filter((machine) => image === undefined || machine.image === image)
    .sort((a, b) => compare(positionOf(a, sort), positionOf(b, sort)))
  const start = from ? found.findIndex((machine) => compare(positionOf(machine, sort), from) > 0) : 0
  return cut(start < 0 ? [] : found.slice(start, start + limit + 1), limit, sort)
}

function cut(found: MachineSummary[], limit: number, sort: SortKey): MachinePage {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: last && found.length > limit ? formatCursor(positionOf(last, sort)) : null }
}

/** Machines without a value come first. */
function positionOf(machine: MachineSummary, sort: SortKey): Position {
  return [machine[sort]?.toLowerCase() ?? '', machine.id]
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function splitLabel(text: string): [string, string] {
  const equals = text.indexOf('=')
  return [text.slice(0, equals), text.slice(equals + 1)]
}

const CursorText = z.tuple([z.string(), z.string()])

function formatCursor(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

function parseCursor(cursor: string): Position {
  try {
    return CursorText.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch (cause) {
    throw new HttpProblem(400, 'VALIDATION', 'cursor: not one that this server gave out', { cause })
  }
}
