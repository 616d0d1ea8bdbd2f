// Machines handed out to programs: each to one caller alone.
import type { ClaimRequest, ClaimResult } from '../contract/claim.ts'
import { MachineState } from '../contract/machine.ts'
import { CoreError } from './errors.ts'
import type { Inventory } from './inventory.ts'
import { requireWithin } from './scope.ts'
import type { Principal } from './tokens.ts'
import type { Transactions } from './transactions.ts'

/** What is out of service is nobody's to take. */
const IN_SERVICE = MachineState.options.filter((state) => state !== 'retired')

export class Claims {
  readonly #ports: { inventory: Inventory; transactions: Transactions }

  constructor(ports: { inventory: Inventory; transactions: Transactions }) {
    this.#ports = ports
  }

  /**
   * Labels the longest known machines that the filter means and that nobody has labelled so, as many as are wanted, in one transaction. Throws
   * CONFLICT, with nothing taken, when fewer are free; PROFILE_NOT_FOUND; OUT_OF_SCOPE for labels that would take machines out of reach.
   */
  claim({ filter, count, set }: ClaimRequest, { actor, scope }: Pick<Principal, 'actor' | 'scope'>): ClaimResult {
    const { inventory, transactions } = this.#ports
    requireWithin({ ...scope, ...set }, scope)
    return transactions.transaction(() => {
      const free = inventory.selectUnlabelled({ state: IN_SERVICE, ...filter }, Object.keys(set), scope, count)
      if (free.length < count) {
        const hint = 'nothing was taken: wait until some are given back, take fewer, or widen the filter'
        throw new CoreError('CONFLICT', `${free.length} machines are free, and ${count} are wanted`, { hint })
      }
      for (const id of free) inventory.change(id, { labels: { ...inventory.get(id).labels, ...set } }, actor)
      return { machines: free.map((id) => inventory.toSummary(id)) }
    })
  }
}
