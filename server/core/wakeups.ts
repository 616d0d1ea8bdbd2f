// Long polls of agents, and what ends them early.

/** Waiters by key; a wake-up that nobody waits for is lost, so callers look before they wait. */
export class Wakeups {
  readonly #waiters = new Map<string, Set<() => void>>()
  #isOver = false

  /** Resolves after a wake-up of the key, after `ms`, or when the signal aborts, whichever comes first. */
  wait(key: string, ms: number, signal?: AbortSignal): Promise<void> {
    if (this.#isOver || signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(key) ?? new Set()
      this.#waiters.set(key, waiters)
      const end = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', end)
        waiters.delete(end)
        if (waiters.size === 0 && this.#waiters.get(key) === waiters) this.#waiters.delete(key)
        resolve()
      }
      const timer = setTimeout(end, ms)
      signal?.addEventListener('abort', end, { once: true })
      waiters.add(end)
    })
  }

  wake(key: string): void {
    for (const end of this.#waiters.get(key) ?? []) end()
  }

  /** Ends every wait, also those that are still to come, so that the process can stop. */
  stop(): void {
    this.#isOver = true
    for (const key of this.#waiters.keys()) this.wake(key)
  }
}
