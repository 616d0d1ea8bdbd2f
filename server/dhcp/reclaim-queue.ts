/** Addresses in the order in which they may be given to somebody else: a binary heap over the time each becomes free. */

interface Entry {
  address: number
  /** Milliseconds since the epoch. */
  freeAt: number
}

/** Entries are never searched for or changed: the caller pushes a new one and ignores the old one when it comes up. */
export class ReclaimQueue {
  #heap: Entry[] = []

  get size(): number {
    return this.#heap.length
  }

  /** Empties the queue; returns the addresses that were in it, some perhaps more than once. */
  clear(): number[] {
    const addresses = this.#heap.map(({ address }) => address)
    this.#heap = []
    return addresses
  }

  push(address: number, freeAt: number): void {
    const heap = this.#heap
    let at = heap.push({ address, freeAt }) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (heap[parent]!.freeAt <= freeAt) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = { address, freeAt }
  }

  /** Takes the entry that was free first, or undefined if none is by `now`. */
  popFree(now: number): Entry | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (!first || first.freeAt > now) return undefined
    const last = heap.pop()!
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.freeAt < heap[child]!.freeAt) child++
      if (heap[child]!.freeAt >= last.freeAt) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}
