// All-or-nothing writes, as a port.

export interface Transactions {
  /**
   * Runs `work` in one transaction: durable when this returns, undone when it throws. Inside another one it becomes a part
   * that can be undone alone. `work` must be synchronous.
   */
  transaction<T>(work: () => T): T
  /** Runs `action` after the outermost transaction has committed, at once when there is none, never when it was undone. */
  afterCommit(action: () => void): void
}
