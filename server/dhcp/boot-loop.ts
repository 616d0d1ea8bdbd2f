/** Notices machines that fetch a loader over and over but never get as far as a boot script. */

import { RecentMap } from '../core/recent-map.ts'

export interface BootLoopWatch {
  /** Counts one attempt of the machine; `attempt` tells retransmissions apart. Returns the count when it has become a loop, once. */
  loaderServed(mac: string, attempt: number, now: number): number | undefined
  /** The machine's loader works: forget the attempts. */
  scriptServed(mac: string): void
}

const LIMIT = 5
const WINDOW_MS = 600_000
/** Machines watched at once; beyond, the one quiet for longest is forgotten. */
const MAX_MACHINES = 10_000

/** A watch over any number of listeners. `limit` loaders within `windowMs` without a script make a loop. */
export function createBootLoopWatch({ limit = LIMIT, windowMs = WINDOW_MS } = {}): BootLoopWatch {
  const machines = new RecentMap<string, { attempts: Map<number, number>; told: boolean }>()
  return {
    loaderServed(mac, attempt, now) {
      const machine = machines.get(mac) ?? { attempts: new Map<number, number>(), told: false }
      for (const [id, at] of machine.attempts) if (at <= now - windowMs) machine.attempts.delete(id)
      if (machine.attempts.size === 0) machine.told = false
      if (machine.attempts.size < limit) machine.attempts.set(attempt, machine.attempts.get(attempt) ?? now)
      machines.set(mac, machine)
      if (machines.size > MAX_MACHINES) machines.delete(machines.oldest()!.key)
      if (machine.told || machine.attempts.size < limit) return undefined
      machine.told = true
      return machine.attempts.size
    },
    scriptServed: (mac) => machines.delete(mac),
  }
}
