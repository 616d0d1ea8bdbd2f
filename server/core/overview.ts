// The fleet at a glance, put together from counts that the store makes in one go.
import type { EventType } from '../contract/event.ts'
import type { Overview } from '../contract/overview.ts'
import { timestamp } from './clock.ts'
import type { Clock } from './clock.ts'

export interface OverviewRequest {
  /** ISO 8601, UTC. */
  since: string
  /** Key of the label to group machines by. */
  by?: string | undefined
}

/** What the overview asks of the database. Lists are bounded by it. */
export interface OverviewStore {
  states(): Overview['states']
  /** `heardSince`: what told nothing since then counts with no rate. */
  installs(heardSince: string): Overview['installs']
  failures(): Overview['failures']
  images(): Overview['images']
  changed(since: string): Overview['changed']
  hours(since: string): Overview['hours']
  /** The newest events of these types, as far as they are among the newest of all. */
  news(since: string, types: readonly EventType[]): Overview['news']
  labels(): Overview['labels']
  groups(key: string): Overview['groups']
}

/** An installer reports twice a second; a rate older than this is history. */
const RATE_AGE_MS = 15_000

/** What people want to hear of. Packets and progress have pages of their own. */
const NEWS: readonly EventType[] = [
  'machine.discovered',
  'machine.updated',
  'machine.merged',
  'boot.refused',
  'boot.loop',
  'install.created',
  'install.failed',
  'install.succeeded',
  'image.added',
  'image.removed',
  'image.refused',
  'media.imported',
  'media.removed',
  'profile.changed',
  'dhcp.pool-exhausted',
  'dhcp.foreign-server',
  'server.started',
  'server.warning',
]

export class Overviews {
  readonly #store: OverviewStore
  readonly #clock: Clock

  constructor({ overview, clock }: { overview: OverviewStore; clock: Clock }) {
    this.#store = overview
    this.#clock = clock
  }

  look({ since, by }: OverviewRequest): Overview {
    const store = this.#store
    const states = store.states()
    return {
      at: timestamp(this.#clock),
      since,
      total: Object.values(states).reduce((sum, count) => sum + count, 0),
      states,
      installs: store.installs(new Date(this.#clock.now().getTime() - RATE_AGE_MS).toISOString()),
      failures: store.failures(),
      images: store.images(),
      changed: store.changed(since),
      hours: store.hours(since),
      news: store.news(since, NEWS),
      labels: store.labels(),
      groups: by === undefined ? [] : store.groups(by),
    }
  }
}
