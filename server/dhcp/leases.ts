/** What is remembered of an address that was given out, and where it is kept. */

/** `bound` until `end`, then free again; `released` is free; `declined` is quarantined until `end`. */
type LeaseState = 'bound' | 'released' | 'declined'

/** Times are milliseconds since the epoch, UTC. */
export interface Lease {
  address: string
  /** Who holds it: see `clientKey`. */
  key: string
  mac: string
  /** Option 61 as hex. */
  clientId?: string
  hostname?: string
  state: LeaseState
  start: number
  end: number
  /** The relay it was asked through, and the relay's port. */
  giaddr?: string
  circuitId?: string
}

/**
 * Keeps leases over restarts. `put` replaces the leases of the same addresses, all or none of them, and is durable when it returns:
 * clients are told only afterwards, so a crash can lose no promise. May throw; then they are told nothing.
 */
export interface LeaseStore {
  all(): Iterable<Lease>
  put(leases: readonly Lease[]): void
  remove(address: string): void
}

/** A store that lives as long as the process: for tests and trials. */
export function memoryLeaseStore(initial: Iterable<Lease> = []): LeaseStore {
  const leases = new Map<string, Lease>()
  for (const lease of initial) leases.set(lease.address, lease)
  return {
    all: () => leases.values(),
    put: (changed) => {
      for (const lease of changed) leases.set(lease.address, lease)
    },
    remove: (address) => void leases.delete(address),
  }
}

/** True while nobody else may use the lease's address. */
export function isLive(lease: Lease, now: number): boolean {
  return lease.state !== 'released' && lease.end > now
}
