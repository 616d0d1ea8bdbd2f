// Tells the server what happens during an install: in order, exactly once, without ever holding the install up.
import type { AgentEvent, EventsRequest, EventsResponse } from '../../../server/contract/agent.ts'
import { joinReports } from './join-reports.ts'

type NumberedEvent = EventsRequest['events'][number]
interface PendingEvent {
  at: string
  event: AgentEvent
}

/** Events in one request. */
const BATCH = 200
/** Events kept while the server is away. Beyond it, log lines are dropped, oldest first. */
const PENDING_LIMIT = 2000
/** How long to gather events before a request, milliseconds. */
const GATHER = 200

export interface EventClientOptions {
  /** First number to give. */
  firstSeq: number
  /** Delivers one batch, however long it takes; rejects only when the server refuses the install itself. */
  send: (request: EventsRequest) => Promise<EventsResponse>
  /** The server wants the install to stop; called once. */
  onCancelled: (reason: string) => void
  now?: () => Date
  /** Milliseconds to gather events before each request. */
  gather?: number
}

/**
 * Numbers are given when an event is first sent, so that what waits can still be thinned: of waiting progress events of
 * one step only the newest counts, with what those before told of layers. A batch is repeated unchanged until the server has acknowledged all of it.
 */
export class EventClient {
  readonly #options: Required<EventClientOptions>
  readonly #pending: PendingEvent[] = []
  #batch: NumberedEvent[] = []
  #nextSeq: number
  #dropped = 0
  #working: Promise<void> | undefined
  #refused = false

  constructor(options: EventClientOptions) {
    this.#options = { now: () => new Date(), gather: GATHER, ...options }
    this.#nextSeq = options.firstSeq
  }

  /** Queues an event and returns at once. */
  emit(event: AgentEvent): void {
    if (this.#refused) return
    const last = this.#pending.at(-1)
    if (event.type === 'progress' && last?.event.type === 'progress' && last.event.step === event.step) {
      const layers = joinReports(last.event.layers, event.layers)
      last.event = { ...event, ...(layers && { layers }) }
      last.at = this.#options.now().toISOString()
    } else {
      this.#pending.push({ at: this.#options.now().toISOString(), event })
      this.#thin()
    }
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
    })
  }

  /** Resolves when the server has acknowledged everything, or has refused to hear more of this install. */
  async flush(): Promise<void> {
    while (this.#working) await this.#working
  }

  async #work(): Promise<void> {
    while (!this.#refused && (this.#batch.length > 0 || this.#pending.length > 0)) {
      await new Promise((resolve) => setTimeout(resolve, this.#options.gather))
      this.#fill()
      try {
        const { acknowledged, cancelled } = await this.#options.send({ events: this.#batch })
        this.#batch = this.#batch.filter(({ seq }) => seq > acknowledged)
        if (cancelled) this.#refuse('the server no longer wants this install')
      } catch (error) {
        // The sender waits out a server that is away; what arrives here will not get better.
        this.#refuse((error as Error).message)
      }
    }
  }

  #fill(): void {
    if (this.#batch.length > 0) return
    if (this.#dropped > 0) {
      const text = `${this.#dropped} log lines were dropped while the server was away`
      this.#pending.unshift({ at: this.#options.now().toISOString(), event: { type: 'log', level: 'warn', text } })
      this.#dropped = 0
    }
    this.#batch = this.#pending.splice(0, BATCH).map(({ at, event }) => ({ seq: this.#nextSeq++, at, event }))
  }

  #thin(): void {
    if (this.#pending.length <= PENDING_LIMIT) return
    const index = this.#pending.findIndex(({ event }) => event.type === 'log')
    // Steps are few; if there is no log line to drop, keeping them costs next to nothing.
    if (index < 0) return
    this.#pending.splice(index, 1)
    this.#dropped += 1
  }

  #refuse(reason: string): void {
    if (this.#refused) return
    this.#refused = true
    this.#pending.length = 0
    this.#batch = []
    this.#options.onCancelled(reason)
  }
}
