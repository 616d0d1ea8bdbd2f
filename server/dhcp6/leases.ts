/** What is remembered of an IPv6 address that was given out, and where it is kept. */

/** Times are milliseconds since the epoch, UTC. */
export interface Lease6 {
  /** In canonical form. */
  address: string
  /** Whose it is: see `ownerKey`. */
  key: string
  mac: string
  /** Hex. */
  duid: string
  iaid: number
  hostname?: string
  /** `bound` until `end`, then free again; `released` is free; `declined` is quarantined until `end`. */
  state: 'bound' | 'released' | 'declined'
  start: number
  end: number
}

/** Keeps leases over restarts. `put` is durable when it returns: the client is told only afterwards. May throw; then it is told nothing. */
export interface LeaseStore6 {
  all(): Iterable<Lease6>
  /** Replaces the lease of the same address. */
  put(lease: Lease6): void
}

/** A store that lives as long as the process: for tests and trials. */
export function memoryLeaseStore6(initial: Iterable<Lease6> = []): LeaseStore6 {
  const leases = new Map<string, Lease6>()
  for (const lease of initial) leases.set(lease.address, lease)
  return { all: () => leases.values(), put: (lease) => void leases.set(lease.address, lease) }
}

/** True while nobody else may use the lease's address. */
export function isLive6(lease: Lease6, now: number): boolean {
  return lease.state !== 'released' && lease.end > now
}
