/** Leases that changed but are not on disk yet: one write makes a burst of them durable, as each write costs a wait for the disk. */
import type { Lease, LeaseStore } from './leases.ts'

/**
 * Stands before the store of every pool. `put` only notes; nobody may be told of a lease before `commit` has returned. What a failing
 * store did not take is kept for the next commit, so that the disk catches up with what the pools already believe.
 */
export class LeaseJournal {
  readonly #store: LeaseStore
  readonly #changed = new Map<string, Lease>()
  #writes = 0

  constructor(store: LeaseStore) {
    this.#store = store
  }

  /** Rises with every `put`: tells whether some work changed a lease. */
  get writes(): number {
    return this.#writes
  }

  all(): Iterable<Lease> {
    return this.#store.all()
  }

  put(leases: readonly Lease[]): void {
    for (const lease of leases) this.#changed.set(lease.address, lease)
    this.#writes++
  }

  remove(address: string): void {
    this.#changed.delete(address)
    this.#store.remove(address)
  }

  /** Makes everything noted durable. Throws what the store throws. */
  commit(): void {
    if (this.#changed.size === 0) return
    this.#store.put([...this.#changed.values()])
    this.#changed.clear()
  }
}
