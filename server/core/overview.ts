// The fleet at a glance, put together from counts that the store makes in one go.
import type { Scope } from '../contract/access.ts'
import type { EventType } from '../contract/event.ts'
import type { Overview } from '../contract/overview.ts'
import { timestamp } from './clock.ts'
import type { Clock } from './clock.ts'

export interface OverviewRequest {
  /** ISO 8601, UTC. */
  since: string
  /** Key of the label to group machines by. */
  by?: string | undefined
  /** Only machines within, and what concerns them. */
  scope: Scope | null
}

/** What the overview asks of the database, of machines within a scope. Lists are bounded by it. */
export interface OverviewStore {
  states(scope: Scope | null): Overview['states']
  /** `heardSince`: what told nothing since then counts with no rate. */
  installs(scope: Scope | null, heardSince: string): Overview['installs']
  failures(scope: Scope | null): Overview['failures']
  images(scope: Scope | null): Overview['images']
  changed(scope: Scope | null, since: string): Overview['changed']
  hours(scope: Scope | null, since: string): Overview['hours']
  days(scope: Scope | null, since: string): Overview['days']
  /** The newest events of these types, as far as they are among the newest of all. */
  news(scope: Scope | null, since: string, types: readonly EventType[]): Overview['news']
  labels(scope: Scope | null): Overview['labels']
  groups(scope: Scope | null, key: string): Overview['groups']
}

/** An installer reports twice a second; a rate older than this is history. */
const RATE_AGE_MS = 15_000

/** What people want to hear of. Packets and progress have pages of their own. */
const NEWS: readonly EventType[] = [
  'machine.discovered',
  'machine.updated',
  'machine.hardware',
  'machine.merged',
  'boot.refused',
  'boot.loop',
  'install.created',
  'install.silent',
  'install.heard',
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
  'server.restored',
  'server.warning',
]

export class Overviews {
  readonly #store: OverviewStore
  readonly #clock: Clock

  constructor({ overview, clock }: { overview: OverviewStore; clock: Clock }) {
    this.#store = overview
    this.#clock = clock
  }

  look({ since, by, scope }: OverviewRequest): Overview {
    const store = this.#store
    const states = store.states(scope)
    return {
      at: timestamp(this.#clock),
      since,
      total: Object.values(states).reduce((sum, count) => sum + count, 0),
      states,
      installs: store.installs(scope, new Date(this.#clock.now().getTime() - RATE_AGE_MS).toISOString()),
      failures: store.failures(scope),
      images: store.images(scope),
      changed: store.changed(scope, since),
      hours: store.hours(scope, since),
      days: store.days(scope, since),
      news: store.news(scope, since, NEWS),
      labels: store.labels(scope),
      groups: by === undefined ? [] : store.groups(scope, by),
    }
  }
}
