// Answers kept for clients that did not hear them: who asks again with the same key gets the same answer, and nothing is done twice.
import { createHash } from 'node:crypto'
import { timestamp } from './clock.ts'
import type { Clock } from './clock.ts'
import { CoreError } from './errors.ts'

/** A client that asks again does so within a day. */
const KEPT_MS = 24 * 3_600_000
/** Of all of them, whichever is less; the oldest go first. */
const MAX_ANSWERS = 1000
const MAX_ANSWERS_BYTES = 64 * 2 ** 20

export interface Answer {
  status: number
  body: string
}

export interface AnswerStore {
  get(key: string): (Answer & { request: string; at: string }) | undefined
  set(key: string, answer: Answer & { request: string; at: string }): void
  /** Removes those from before an instant, and the oldest beyond a number and a sum of bytes. */
  trim(before: string, most: { answers: number; bytes: number }): void
}

export interface Asked {
  /** Unlike those of other callers and operations. */
  key: string
  body: string
}

export class Answers {
  readonly #ports: { store: AnswerStore; clock: Clock }
  readonly #running = new Set<string>()

  constructor(ports: { store: AnswerStore; clock: Clock }) {
    this.#ports = ports
  }

  /**
   * What was answered before, or does the work and keeps its answer, unless that is undefined: a refusal changed nothing and may turn out otherwise
   * the next time. Throws KEY_REUSED for another body, and KEY_IN_USE while the same is being done.
   */
  async once(asked: Asked, work: () => Promise<Answer | undefined>): Promise<Answer | undefined> {
    const { store, clock } = this.#ports
    const key = hash(asked.key)
    const request = hash(asked.body)
    if (this.#running.has(key)) {
      const hint = 'ask again with the same key in a moment: the answer will be the first one'
      throw new CoreError('KEY_IN_USE', 'a request with this Idempotency-Key is being carried out', { hint })
    }
    const known = store.get(key)
    if (known && Date.parse(known.at) > clock.now().getTime() - KEPT_MS) {
      if (known.request === request) return { status: known.status, body: known.body }
      const hint = 'a key is for one request: make another for this one'
      throw new CoreError('KEY_REUSED', 'the Idempotency-Key came with another body before', { hint })
    }
    this.#running.add(key)
    try {
      const answer = await work()
      if (answer) {
        store.set(key, { ...answer, request, at: timestamp(clock) })
        const expired = new Date(clock.now().getTime() - KEPT_MS).toISOString()
        store.trim(expired, { answers: MAX_ANSWERS, bytes: MAX_ANSWERS_BYTES })
      }
      return undefined
    } finally {
      this.#running.delete(key)
    }
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
