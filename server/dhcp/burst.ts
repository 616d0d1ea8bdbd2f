/** Gathers what waits for the disk while datagrams keep coming in, so that one commit serves them all. */

/** Beyond, more waiting would not make the commit cheaper for each. */
const MAX_WAITING = 512
/** About what a commit takes on a good disk: waiting longer than that would cost clients more than it saves. */
const MAX_WAIT_MS = 5

/** One group commit after the other. `flush` gets what was added since the last one, in order; it must not throw. */
export class Burst<T> {
  readonly #flush: (waiting: readonly T[]) => void
  #waiting: T[] = []
  #seen = 0
  #since = 0

  constructor(flush: (waiting: readonly T[]) => void) {
    this.#flush = flush
  }

  add(one: T): void {
    if (this.#waiting.push(one) > 1) return
    this.#since = performance.now()
    this.#seen = 0
    setImmediate(() => this.#turn())
  }

  /** A turn of the event loop reads a few datagrams of each socket: as long as it brings more, the burst goes on. */
  #turn(): void {
    const { length } = this.#waiting
    const grows = length > this.#seen && length < MAX_WAITING && performance.now() - this.#since < MAX_WAIT_MS
    this.#seen = length
    if (grows) {
      setImmediate(() => this.#turn())
      return
    }
    const waiting = this.#waiting
    this.#waiting = []
    this.#flush(waiting)
  }
}
