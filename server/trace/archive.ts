// Keeps the recorder over restarts: whoever was heard is saved a few seconds later, a few clients at a time, so that a hall that boots waits
// for the disk no more than a single machine does. A crash costs a story its last seconds.
import type { Recorder } from './recorder.ts'
import { FORMAT, pack, unpack } from './packing.ts'

export interface StoredTrace {
  client: string
  format: number
  /** Milliseconds since the epoch. */
  heardAt: number
  entries: Uint8Array
}

/** Where traces outlive the process. */
export interface TraceStore {
  /** The client that was quiet for longest comes first. */
  all(): StoredTrace[]
  /** Both or neither; durable on return. May throw. */
  replace(traces: readonly StoredTrace[], forgotten: readonly string[]): void
}

/** A boot comes in bursts: they are saved in one. */
const DELAY_MS = 5000
/** Packing one takes a fraction of a millisecond. */
const CLIENTS_AT_ONCE = 16

export class TraceArchive {
  readonly #recorder: Recorder
  readonly #store: TraceStore
  /** What is on disk. */
  readonly #saved = new Set<string>()
  /** Clients that something new is known of, since when; the longest first. */
  readonly #changed = new Map<string, number>()
  readonly #forgotten = new Set<string>()

  /** Fills the recorder with what was kept, and follows it from then on. Throws what the store throws. */
  constructor(recorder: Recorder, store: TraceStore, now: () => number) {
    this.#recorder = recorder
    this.#store = store
    for (const { client, format, entries } of store.all()) {
      this.#saved.add(client)
      const kept = format === FORMAT ? unpack(entries) : undefined
      if (kept) recorder.restore(client, kept)
      else this.#forgotten.add(client)
    }
    recorder.watch({
      changed: (client) => {
        if (!this.#changed.has(client)) this.#changed.set(client, now())
      },
      forgotten: (client) => {
        this.#changed.delete(client)
        if (this.#saved.has(client)) this.#forgotten.add(client)
      },
    })
    // More was kept than may be, if limits are lower now.
    const known = new Set(recorder.clients())
    for (const client of this.#saved) if (!known.has(client)) this.#forgotten.add(client)
  }

  /** Saves some of what waited for long enough; to be called every second or so. Throws what the store throws, and tries again then. */
  saveSome(now: number): void {
    const due = [...this.#changed].filter(([, since]) => since <= now - DELAY_MS).slice(0, CLIENTS_AT_ONCE)
    this.#save(due.map(([client]) => client))
  }

  /** Before an orderly end. */
  saveAll(): void {
    this.#save([...this.#changed.keys()])
  }

  #save(clients: readonly string[]): void {
    if (clients.length === 0 && this.#forgotten.size === 0) return
    const traces = clients.flatMap((client): StoredTrace[] => {
      const kept = this.#recorder.kept(client)
      const heardAt = Math.max(0, ...[...(kept?.boot ?? []), ...(kept?.routine ?? [])].map(({ at }) => at))
      return kept ? [{ client, format: FORMAT, heardAt, entries: pack(kept) }] : []
    })
    const forgotten = [...this.#forgotten].filter((client) => !clients.includes(client))
    this.#store.replace(traces, forgotten)
    for (const client of clients) {
      this.#changed.delete(client)
      this.#saved.add(client)
      this.#forgotten.delete(client)
    }
    for (const client of forgotten) {
      this.#saved.delete(client)
      this.#forgotten.delete(client)
    }
  }
}
