// Slows down guessing, and what guessing leaves in the log: a few failures are free, more cost time.

export interface FailureThrottleOptions {
  /** Failures of one client within the window that are free. */
  limit?: number
  windowMs?: number
  /** Clients remembered; the oldest is forgotten first, so that many addresses cannot fill the memory. */
  maxClients?: number
  now?: () => number
}

/** Counts failures by client within a sliding window. */
export class FailureThrottle {
  readonly #limit: number
  readonly #windowMs: number
  readonly #maxClients: number
  readonly #now: () => number
  readonly #failures = new Map<string, number[]>()

  constructor({ limit = 5, windowMs = 60_000, maxClients = 10_000, now = Date.now }: FailureThrottleOptions = {}) {
    this.#limit = limit
    this.#windowMs = windowMs
    this.#maxClients = maxClients
    this.#now = now
  }

  /** Seconds until this client may try again; 0 when it may now. */
  retryAfter(client: string): number {
    const failures = this.#recent(client)
    if (failures.length < this.#limit) return 0
    return Math.max(1, Math.ceil((failures.at(-this.#limit)! + this.#windowMs - this.#now()) / 1000))
  }

  failed(client: string): void {
    const failures = [...this.#recent(client), this.#now()].slice(-this.#limit)
    this.#failures.delete(client) // moves the client to the end of the map: the first entry is the oldest
    this.#failures.set(client, failures)
    if (this.#failures.size > this.#maxClients) this.#failures.delete(this.#failures.keys().next().value!)
  }

  /** Takes back the last failure: what was counted before its outcome was known. */
  forgive(client: string): void {
    const failures = this.#recent(client).slice(0, -1)
    if (failures.length > 0) this.#failures.set(client, failures)
    else this.#failures.delete(client)
  }

  forget(client: string): void {
    this.#failures.delete(client)
  }

  #recent(client: string): number[] {
    const since = this.#now() - this.#windowMs
    return (this.#failures.get(client) ?? []).filter((time) => time > since)
  }
}
