// The events that live readers ask for, in memory: a hundred open pages ask for the same one at the same moment.
import type { Event } from '../contract/event.ts'
import type { EventFilter } from './events.ts'

/** More than happens while a page is being sent. */
const KEPT = 200

export class NewestEvents {
  /** Everything after this number is here. */
  #since: number
  #kept: { event: Event; slot: string | undefined }[] = []

  /** `last` is the number of the newest event of the log. */
  constructor(last: number) {
    this.#since = last
  }

  /** To be told of every event that is durable, in order. */
  add(event: Event, slot: string | undefined): void {
    if (slot !== undefined) this.#kept = this.#kept.filter((one) => one.slot !== slot)
    this.#kept.push({ event, slot })
    if (this.#kept.length > KEPT) this.#since = this.#kept.shift()!.event.seq
  }

  /** The same objects for every reader; undefined for what only the log can tell. Machines are merged, and then their events are, too. */
  after(seq: number, limit: number, { machineId, installId, types, scope }: EventFilter): Event[] | undefined {
    if (seq < this.#since || (machineId ?? installId ?? scope ?? null) !== null) return undefined
    return this.#kept
      .map(({ event }) => event)
      .filter((event) => event.seq > seq && (types === undefined || types.includes(event.type)))
      .slice(0, limit)
  }
}
