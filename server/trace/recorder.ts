// What every client did, in memory: a ring of entries for each, bounded one by one and all together. An archive may follow it.
import { RecentMap } from '../core/recent-map.ts'
import { weightOf } from './entry.ts'
import type { Entry } from './entry.ts'
import type { Kept } from './packing.ts'

export interface RecorderLimits {
  /** Bytes kept of one client; beyond, its oldest entries go. */
  clientBytes: number
  /** Bytes kept in all; beyond, the client that was quiet for longest goes. */
  totalBytes: number
  /** Messages kept of a client's operating system, which renews its lease day and night and must not push out how it booted. */
  routineEntries: number
}

/** A netboot takes 10 to 20 KB, so this is room for its newest few boots, of some hundred machines. */
export const RECORDER_LIMITS: RecorderLimits = {
  clientBytes: 64 * 1024,
  totalBytes: 8 * 1024 * 1024,
  routineEntries: 24,
}

const CLIENT_BYTES = 300

interface Ring extends Kept {
  bytes: number
}

/** Hears of what is worth saving. */
export interface RecorderWatch {
  changed(client: string): void
  forgotten(client: string): void
}

export class Recorder {
  readonly #limits: RecorderLimits
  readonly #rings = new RecentMap<string, Ring>()
  #bytes = 0
  #watch: RecorderWatch | undefined

  constructor(limits: RecorderLimits = RECORDER_LIMITS) {
    this.#limits = limits
  }

  /** Bytes kept now, as far as that can be told. */
  get bytes(): number {
    return this.#bytes
  }

  /** Who was heard, the one that was quiet for longest first. */
  clients(): string[] {
    return this.#rings.keys()
  }

  /** There is one watch at most. */
  watch(watch: RecorderWatch): void {
    this.#watch = watch
  }

  /** What was kept of a client before, as if it had been heard now. */
  restore(client: string, { boot, routine }: Kept): void {
    for (const entry of boot) this.add(client, entry)
    for (const entry of routine) this.add(client, entry, { routine: true })
  }

  /** All that is kept of one client. */
  kept(client: string): Kept | undefined {
    const ring = this.#rings.get(client)
    return ring && { boot: ring.boot, routine: ring.routine }
  }

  /** An entry that was added before tells more by now. */
  touch(client: string): void {
    if (this.#rings.get(client)) this.#watch?.changed(client)
  }

  /** `routine` is what a system that runs does every hour. */
  add(client: string, entry: Entry, { routine = false } = {}): void {
    const ring = this.#ringOf(client)
    const list = routine ? ring.routine : ring.boot
    list.push(entry)
    this.#weigh(ring, weightOf(entry))
    if (ring.routine.length > this.#limits.routineEntries) this.#drop(ring, ring.routine)
    while (ring.bytes > this.#limits.clientBytes) {
      if (!this.#drop(ring, ring.boot) && !this.#drop(ring, ring.routine)) break
    }
    this.#watch?.changed(client)
    this.#evict()
  }

  /** Everything kept of these clients, in order of time. */
  entriesOf(clients: Iterable<string>): Entry[] {
    return [...clients]
      .flatMap((client) => {
        const ring = this.#rings.get(client)
        return ring ? [...ring.boot, ...ring.routine] : []
      })
      .sort((a, b) => a.at - b.at)
  }

  #ringOf(client: string): Ring {
    const known = this.#rings.get(client)
    const ring = known ?? { boot: [], routine: [], bytes: 0 }
    this.#rings.set(client, ring)
    if (!known) this.#weigh(ring, CLIENT_BYTES)
    return ring
  }

  #weigh(ring: Ring, bytes: number): void {
    ring.bytes += bytes
    this.#bytes += bytes
  }

  /** False when the list is empty. */
  #drop(ring: Ring, list: Entry[]): boolean {
    const oldest = list.shift()
    if (!oldest) return false
    this.#weigh(ring, -weightOf(oldest))
    return true
  }

  #evict(): void {
    while (this.#bytes > this.#limits.totalBytes) {
      const quietest = this.#rings.oldest()
      if (!quietest) return
      this.#rings.delete(quietest.key)
      this.#bytes -= quietest.value.bytes
      this.#watch?.forgotten(quietest.key)
    }
  }
}
