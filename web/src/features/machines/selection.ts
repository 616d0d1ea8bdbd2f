// Which machines are chosen: some, on whatever pages, or all that the filter means.

import type { BulkRequest } from '../../../../server/contract/machine-bulk.ts'
import type { MachineFilter } from '../../../../server/contract/machine-filter.ts'
import type { MachineSummary } from '../../../../server/contract/machine.ts'

/** What is remembered of a chosen machine. */
export type Chosen = Pick<MachineSummary, 'id' | 'name' | 'state'>

/** `all` means every machine of the filter, also those on pages that nobody looked at. */
export type Selection = 'all' | ReadonlyMap<string, Chosen>

export const NOTHING: Selection = new Map()

/** The machines that a change is for, as the API is asked and as people read it. */
export interface Target {
  request: Pick<BulkRequest, 'machines' | 'filter' | 'expected'>
  count: number
  /** The machines, where they are known one by one. */
  machines: readonly Chosen[]
}

export function isChosen(selection: Selection, id: string): boolean {
  return selection === 'all' || selection.has(id)
}

/** With some machines put in or taken out. Taking one out of all leaves those of the rows that one sees. */
export function withChosen(
  selection: Selection,
  machines: readonly Chosen[],
  isSelected: boolean,
  rows: readonly Chosen[],
): Selection {
  const next = new Map(selection === 'all' ? byId(rows) : selection)
  for (const machine of machines) {
    if (isSelected) next.set(machine.id, chosenOf(machine))
    else next.delete(machine.id)
  }
  return next
}

/** `total` is how many the filter means as the person sees it: the server does nothing if it means another number. */
export function targetOf(selection: Selection, filter: MachineFilter, total: number): Target {
  if (selection === 'all') return { request: { filter, expected: total }, count: total, machines: [] }
  return targetOfMachines([...selection.values()])
}

export function targetOfMachines(machines: readonly Chosen[]): Target {
  return { request: { machines: machines.map(({ id }) => id) }, count: machines.length, machines }
}

/** `3 machines` */
export function countText(count: number): string {
  return `${count} ${count === 1 ? 'machine' : 'machines'}`
}

function byId(machines: readonly Chosen[]): Map<string, Chosen> {
  return new Map(machines.map((machine) => [machine.id, chosenOf(machine)]))
}

function chosenOf({ id, name, state }: Chosen): Chosen {
  return { id, name, state }
}
