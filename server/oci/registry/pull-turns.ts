// Turns at sending blobs: beyond a number of transfers at once, clients with few under way go before those with many.

/** Enough to fill any line; each takes memory for what is read ahead. */
const MAX_TRANSFERS = 128

interface Waiting {
  client: string
  begin: () => void
}

export class PullTurns {
  readonly #max: number
  readonly #running = new Map<string, number>()
  readonly #waiting: Waiting[] = []
  #total = 0

  constructor(max = MAX_TRANSFERS) {
    this.#max = max
  }

  /** Resolves when it is this client's turn, with what ends the turn. `signal`: nobody waits any more. */
  async take(client: string, signal?: AbortSignal): Promise<() => void> {
    if (this.#total >= this.#max) await this.#queue(client, signal)
    else this.#start(client)
    let over = false
    return () => {
      if (over) return
      over = true
      this.#end(client)
    }
  }

  #queue(client: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1)
        reject(new Error('the client went away'))
      }
      const entry: Waiting = {
        client,
        begin: () => {
          signal?.removeEventListener('abort', leave)
          resolve()
        },
      }
      signal?.addEventListener('abort', leave, { once: true })
      this.#waiting.push(entry)
    })
  }

  #start(client: string): void {
    this.#total++
    this.#running.set(client, (this.#running.get(client) ?? 0) + 1)
  }

  #end(client: string): void {
    this.#total--
    const left = this.#running.get(client)! - 1
    if (left > 0) this.#running.set(client, left)
    else this.#running.delete(client)
    const next = this.#fewest()
    if (!next) return
    this.#waiting.splice(this.#waiting.indexOf(next), 1)
    this.#start(next.client)
    next.begin()
  }

  /** Whose client has the fewest transfers under way; among equals, who waits longest. */
  #fewest(): Waiting | undefined {
    let best: Waiting | undefined
    for (const entry of this.#waiting) {
      if (!best || this.#count(entry) < this.#count(best)) best = entry
    }
    return best
  }

  #count({ client }: Waiting): number {
    return this.#running.get(client) ?? 0
  }
}
