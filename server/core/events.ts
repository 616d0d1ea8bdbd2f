// The event log: everything worth knowing later, numbered. Audit trail, machine history and live updates are views of it.
import { setImmediate } from 'node:timers/promises'
import type { Scope } from '../contract/access.ts'
import type { Event, EventType } from '../contract/event.ts'
import type { Clock } from './clock.ts'
import { timestamp } from './clock.ts'
import { NewestEvents } from './newest-events.ts'
import type { Transactions } from './transactions.ts'

/** What an event says; the log adds number and time. */
export interface EventInput {
  type: EventType
  machineId?: string | undefined
  installId?: string | undefined
  /** `user:<name>`, `token:<name>`, `machine` or `system`; default `system`. */
  actor?: string
  /** One sentence for people. */
  message: string
  data?: Record<string, unknown>
  /**
   * Of events with the same slot only the newest is kept: for news that are outdated by the next one, like progress. Its number
   * is new all the same, so no reader misses it.
   */
  slot?: string
}

export interface EventFilter {
  machineId?: string | undefined
  installId?: string | undefined
  types?: readonly EventType[] | undefined
  /** Only events of machines within. */
  scope?: Scope | null | undefined
}

export interface EventStore {
  /** Stores the event, replacing the one of the same slot, and tells its number: higher than any before, ever. */
  append(event: Omit<Event, 'seq'>, slot: string | undefined): number
  /** Events after `seq`, oldest first. */
  after(seq: number, limit: number, filter: EventFilter): Event[]
  /** Events before `seq`, newest first. */
  before(seq: number, limit: number, filter: EventFilter): Event[]
  /** Highest number so far; 0 when there is none. */
  last(): number
  /** Removes those of the oldest `limit` events that are older than `at`, never the newest of all; returns how many. */
  removeOldest(at: string, limit: number): number
}

export type EventListener = (event: Event) => void

const DEFAULT_LIMIT = 500
const DAY_MS = 24 * 3600 * 1000
/** Forgotten at a time: some milliseconds in which nothing else happens. */
const FORGOTTEN_AT_ONCE = 1000

export class EventLog {
  readonly #store: EventStore
  readonly #transactions: Transactions
  readonly #clock: Clock
  readonly #listeners = new Set<EventListener>()
  readonly #newest: NewestEvents
  #last: number

  constructor(ports: { store: EventStore; transactions: Transactions; clock: Clock }) {
    this.#store = ports.store
    this.#transactions = ports.transactions
    this.#clock = ports.clock
    this.#last = ports.store.last()
    this.#newest = new NewestEvents(this.#last)
  }

  /** Writes an event, durable with the caller's transaction or at once. Listeners hear of it when it is durable. */
  append({ slot, ...input }: EventInput): Event {
    const event = {
      at: timestamp(this.#clock),
      type: input.type,
      machineId: input.machineId ?? null,
      installId: input.installId ?? null,
      actor: input.actor ?? 'system',
      message: input.message,
      data: input.data ?? {},
    }
    const numbered = { seq: this.#store.append(event, slot), ...event }
    this.#transactions.afterCommit(() => this.#tell(numbered, slot))
    return numbered
  }

  /** Events after `seq` in order, at most `limit` (500 by default). */
  since(seq: number, options: EventFilter & { limit?: number } = {}): Event[] {
    const { limit = DEFAULT_LIMIT, ...filter } = options
    return this.#newest.after(seq, limit, filter) ?? this.#store.after(seq, limit, filter)
  }

  /** The newest events before `before` (by default: of all), newest first. */
  recent(options: EventFilter & { limit?: number; before?: number | undefined } = {}): Event[] {
    const { limit = DEFAULT_LIMIT, before = Number.MAX_SAFE_INTEGER, ...filter } = options
    return this.#store.before(before, limit, filter)
  }

  /** Number of the newest event that is durable; 0 when there is none. Asked by every reader for every event, so it costs nothing. */
  last(): number {
    return this.#last
  }

  /**
   * Forgets what is older than so many days, and returns how many events that were; others are answered in between. Numbers are never given
   * again, and the newest event stays, however old.
   */
  async forget(days: number): Promise<number> {
    const at = new Date(this.#clock.now().getTime() - days * DAY_MS).toISOString()
    let forgotten = 0
    for (;;) {
      const removed = this.#store.removeOldest(at, FORGOTTEN_AT_ONCE)
      forgotten += removed
      if (removed === 0) return forgotten
      await setImmediate()
    }
  }

  /** Calls `listener` for each event once it is durable, in order, until the returned function is called. It must not throw. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #tell(event: Event, slot: string | undefined): void {
    this.#last = event.seq
    this.#newest.add(event, slot)
    for (const listener of this.#listeners) listener(event)
  }
}
