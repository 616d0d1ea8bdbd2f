// What may be answered, by the transaction numbers of the inputs: each of them has one of its own, so that no answer passes for another's.
import { setTimeout as delay } from 'node:timers/promises'

/** Answers may wait for a commit or for the look for an address's other users; by then some more inputs were fired. */
const MAX_EXPECTED = 20_000

export class Expected<Request> {
  readonly #requests = new Map<number, Request>()

  add(transaction: number, request: Request): void {
    this.#requests.set(transaction, request)
    const [oldest] = this.#requests.keys()
    if (this.#requests.size > MAX_EXPECTED && oldest !== undefined) this.#requests.delete(oldest)
  }

  at(transaction: number): Request | undefined {
    return this.#requests.get(transaction)
  }
}

/** Waits of an honest client: it sends until it is answered. */
export class Conversation {
  readonly #waiting = new Map<number, (answer: Buffer) => void>()
  readonly #asked = new Set<number>()

  /** True if somebody waited for it, or had asked more than once and got the first answer. */
  answered(transaction: number, answer: Buffer): boolean {
    this.#waiting.get(transaction)?.(answer)
    return this.#asked.has(transaction)
  }

  /** Rejects when it was sent for the last time and still is not answered. */
  async ask(transaction: number, send: () => Promise<void>, { times = 10, everyMs = 2000 } = {}): Promise<Buffer> {
    const answer = new Promise<Buffer>((resolve) => this.#waiting.set(transaction, resolve))
    this.#asked.add(transaction)
    try {
      for (let time = 0; time < times; time++) {
        await send()
        const timeout = new AbortController()
        const came = await Promise.race([answer, sleep(everyMs, undefined, timeout)])
        timeout.abort()
        if (came) return came
      }
      throw new Error('an honest client is not answered any more')
    } finally {
      this.#waiting.delete(transaction)
    }
  }
}

function sleep(ms: number, value: undefined, { signal }: AbortController): Promise<undefined> {
  return delay(ms, value, { signal }).catch(() => undefined)
}
