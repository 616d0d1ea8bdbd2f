// One change to many machines, chosen by id or by filter.
import type { Labels } from '../contract/common.ts'
import { MAX_BULK_MACHINES } from '../contract/machine-bulk.ts'
import type { BulkAction, BulkRequest, BulkResult } from '../contract/machine-bulk.ts'
import { forEachMachine } from './each-machine.ts'
import type { MachineOutcome } from './each-machine.ts'
import { CoreError } from './errors.ts'
import type { Installs } from './installs.ts'
import type { Inventory } from './inventory.ts'
import { requireWithin } from './scope.ts'
import type { Principal } from './tokens.ts'
import type { Transactions } from './transactions.ts'

export interface BulkPorts {
  inventory: Inventory
  installs: Pick<Installs, 'assign' | 'reinstallEach'>
  transactions: Transactions
}

/** Who makes a change: machines beyond the scope are not there. */
type By = Pick<Principal, 'actor' | 'scope'>

export class BulkChanges {
  readonly #ports: BulkPorts

  constructor(ports: BulkPorts) {
    this.#ports = ports
  }

  /**
   * Changes each machine by itself, some at a time, and tells what came of it. Throws CONFLICT, before anything is done, when a filter means
   * another number of machines than the person saw; PROFILE_NOT_FOUND; VALIDATION for too many; OUT_OF_SCOPE for labels that would take
   * machines out of it.
   */
  async run(request: BulkRequest, by: By): Promise<BulkResult> {
    const { action } = request
    if (action.type === 'label') requireKept(action, by)
    const machines = this.#chosen(request, by)
    const reached = this.#within(machines, by)
    const names = this.#ports.inventory.names(reached)
    const outcomes = inOrder(machines, await this.#change(reached, action, by.actor))
    return { results: outcomes.map((outcome) => ({ ...outcome, name: names.get(outcome.machineId) ?? null })) }
  }

  #within(machines: readonly string[], { scope }: By): string[] {
    if (scope === null) return [...machines]
    const within = new Set(this.#ports.inventory.select({}, scope, Number.MAX_SAFE_INTEGER))
    return machines.filter((id) => within.has(id))
  }

  #chosen({ machines, filter, expected }: BulkRequest, { scope }: By): string[] {
    if (filter === undefined) return [...new Set(machines)]
    const found = this.#ports.inventory.select(filter, scope, MAX_BULK_MACHINES + 1)
    if (found.length > MAX_BULK_MACHINES) {
      const hint = 'narrow the filter'
      throw new CoreError('VALIDATION', `the filter means more than ${MAX_BULK_MACHINES} machines`, { hint })
    }
    if (found.length === expected) return found
    const hint = 'nothing was done: look at the machines again'
    throw new CoreError('CONFLICT', `the filter means ${found.length} machines now, not ${expected}`, { hint })
  }

  async #change(machines: readonly string[], action: BulkAction, actor: string): Promise<MachineOutcome[]> {
    const { inventory, installs } = this.#ports
    switch (action.type) {
      case 'assign':
        return installs.assign({ machines, image: action.image, spec: action.spec }, actor)
      case 'reinstall':
        return installs.reinstallEach(machines, actor)
      case 'label':
        return this.#each(machines, (id) => this.#label(id, action, actor))
      case 'retire':
        return this.#each(machines, (id) => inventory.retire(id, actor))
    }
  }

  #each(machines: readonly string[], change: (id: string) => void): Promise<MachineOutcome[]> {
    const work = (id: string): null => {
      change(id)
      return null
    }
    return forEachMachine(this.#ports.transactions, machines, { work })
  }

  /** Leaves no trace in the history of a machine that has these labels already. */
  #label(id: string, { set, remove }: { set: Labels; remove: readonly string[] }, actor: string): void {
    const { inventory } = this.#ports
    const before = inventory.get(id).labels
    const kept = Object.entries({ ...before, ...set }).filter(([key]) => !remove.includes(key))
    const isSame = kept.length === Object.keys(before).length && kept.every(([key, value]) => before[key] === value)
    if (!isSame) inventory.change(id, { labels: Object.fromEntries(kept) }, actor)
  }
}

/** Machines within the scope stay there, whatever other labels they have. */
function requireKept({ set, remove }: Extract<BulkAction, { type: 'label' }>, { scope }: By): void {
  if (scope === null) return
  const kept = Object.entries({ ...scope, ...set }).filter(([key]) => !remove.includes(key))
  requireWithin(Object.fromEntries(kept), scope)
}

/** What came of each machine; those that nothing was done to are answered as if they were not there. */
function inOrder(machines: readonly string[], outcomes: readonly MachineOutcome[]): MachineOutcome[] {
  const known = new Map(outcomes.map((outcome) => [outcome.machineId, outcome]))
  return machines.map((id) => known.get(id) ?? absent(id))
}

function absent(machineId: string): MachineOutcome {
  const error = { code: 'MACHINE_NOT_FOUND', message: `there is no machine ${machineId}` }
  return { machineId, installId: null, error }
}
