// Counts over the whole fleet, by indexes alone as far as there are many rows.
import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Scope } from '../contract/access.ts'
import type { EventType } from '../contract/event.ts'
import type {
  FailureGroup,
  FinishedInstalls,
  ImageSpread,
  LabelGroup,
  Overview,
  RunningInstall,
} from '../contract/overview.ts'
import type { MachineState } from '../contract/machine.ts'
import type { OverviewStore } from '../core/overview.ts'
import { anyOf } from './any-of.ts'
import type { Database } from './database.ts'
import { eventFromRow } from './events.ts'
import type { EventRow } from './events.ts'
import { withinScope } from './within-scope.ts'

/** Of each list, as many as a person looks at. */
const INSTALLS = 50
const EXAMPLES = 10
const IMAGES = 50
const NEWS = 20
const LABELS = 50
const GROUPS = 100
/** Units of a rack. */
const MEMBERS = 48
/** Events looked through for news: those before are no news. */
const RECENT_EVENTS = 20_000
/** Two weeks with that which begins with `since`. */
const DAYS_BEFORE = 13
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export class SqliteOverview implements OverviewStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  states(scope: Scope | null): Overview['states'] {
    const rows = this.#all(
      sql<{ state: MachineState; count: number }>`
        SELECT state, count(*) AS count FROM machines WHERE ${withinScope(scope, 'id')} GROUP BY state`,
    )
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
  }

  installs(scope: Scope | null, heardSince: string): Overview['installs'] {
    const running = sql`
      FROM installs
      JOIN machines ON machines.id = installs.machine_id
      LEFT JOIN install_steps AS step ON step.install_id = installs.id AND step.state = 'running'
      WHERE installs.state = 'running' AND ${withinScope(scope, 'machines.id')}`
    const rate = sql`iif(step.sampled_at >= ${heardSince}, step.rate, 0)`
    const [sum] = this.#all(
      sql<{ running: number; rate: number }>`SELECT count(*) AS running, coalesce(sum(${rate}), 0) AS rate ${running}`,
    )
    type Row = Omit<RunningInstall, 'machine'> & { machineId: string; name: string }
    const rows = this.#all(sql<Row>`
      SELECT installs.id AS installId, machines.id AS machineId, machines.name, installs.image,
        installs.started_at AS startedAt, machines.silent_since AS silentSince, step.name AS step, coalesce(step.bytes, 0) AS bytes,
        coalesce(step.total_bytes, 0) AS totalBytes, coalesce(${rate}, 0) AS rate
      ${running} ORDER BY installs.id LIMIT ${INSTALLS}`)
    const list = rows.map(({ machineId, name, ...install }) => ({ ...install, machine: { id: machineId, name } }))
    const [silence] = this.#all(sql<{ silent: number }>`
      SELECT count(*) AS silent FROM machines WHERE silent_since IS NOT NULL AND ${withinScope(scope, 'id')}`)
    return { ...sum!, ...silence!, list }
  }

  failures(scope: Scope | null): FailureGroup[] {
    type Row = Pick<FailureGroup, 'code' | 'message' | 'hint'> & { id: string; name: string }
    // Materialized: SQLite would look the failure up anew for each of its parts.
    const rows = this.#all(sql<Row>`
      WITH failed AS MATERIALIZED (
        SELECT id, name, (
          SELECT failure FROM installs WHERE machine_id = machines.id ORDER BY generation DESC LIMIT 1
        ) AS failure
        FROM machines WHERE state = 'failed' AND ${withinScope(scope, 'id')}
      )
      SELECT id, name, failure ->> '$.code' AS code, failure ->> '$.message' AS message, failure ->> '$.hint' AS hint
      FROM failed WHERE failure IS NOT NULL ORDER BY lower(name)`)
    return [...Map.groupBy(rows, ({ code }) => code).values()]
      .map((group) => {
        const { code, message, hint } = group[0]!
        const examples = group.slice(0, EXAMPLES).map(({ id, name }) => ({ id, name }))
        return { code, machines: group.length, message, hint, examples }
      })
      .sort((a, b) => b.machines - a.machines)
  }

  images(scope: Scope | null): ImageSpread[] {
    type Row = { image: string | null; digest: string | null; machines: number }
    const rows = this.#all(sql<Row>`
      SELECT image, running_digest AS digest, count(*) AS machines FROM machines
      WHERE state <> 'retired' AND ${withinScope(scope, 'id')}
      GROUP BY image, running_digest ORDER BY machines DESC`)
    return [...Map.groupBy(rows, ({ image }) => image)]
      .map(([image, group]) => ({
        image,
        machines: group.reduce((sum, { machines }) => sum + machines, 0),
        runs: group.map(({ digest, machines }) => ({ digest, machines })),
      }))
      .sort((a, b) => b.machines - a.machines)
      .slice(0, IMAGES)
  }

  changed(scope: Scope | null, since: string): Overview['changed'] {
    const ofMachines = withinScope(scope, 'machine_id')
    const [counts] = this.#all(sql<Overview['changed']>`SELECT
      (SELECT count(*) FROM machines WHERE created_at >= ${since} AND ${withinScope(scope, 'id')}) AS discovered,
      (SELECT count(*) FROM installs WHERE created_at >= ${since} AND ${ofMachines}) AS assigned,
      (SELECT count(*) FROM installs WHERE state = 'succeeded' AND ended_at >= ${since} AND ${ofMachines}) AS succeeded,
      (SELECT count(*) FROM installs WHERE state = 'failed' AND ended_at >= ${since} AND ${ofMachines}) AS failed`)
    return counts!
  }

  hours(scope: Scope | null, since: string): Overview['hours'] {
    return this.#ended(scope, since, { begin: 0, span: HOUR_MS })
  }

  days(scope: Scope | null, since: string): Overview['days'] {
    const begin = Date.parse(since) - DAYS_BEFORE * DAY_MS
    return this.#ended(scope, new Date(begin).toISOString(), { begin, span: DAY_MS })
  }

  /** Installs that ended, by spans of time of which one begins at `begin`; both in milliseconds. */
  #ended(scope: Scope | null, since: string, { begin, span }: { begin: number; span: number }): FinishedInstalls[] {
    type Row = { place: number; succeeded: number; failed: number }
    const rows = this.#all(sql<Row>`
      SELECT CAST((unixepoch(ended_at) * 1000 - ${begin}) / ${span} AS INTEGER) AS place,
        sum(state = 'succeeded') AS succeeded, sum(state = 'failed') AS failed
      FROM installs
      WHERE state IN ('succeeded', 'failed') AND ended_at >= ${since} AND ${withinScope(scope, 'machine_id')}
      GROUP BY 1 ORDER BY 1`)
    return rows.map(({ place, ...counts }) => ({ at: new Date(begin + place * span).toISOString(), ...counts }))
  }

  news(scope: Scope | null, since: string, types: readonly EventType[]): Overview['news'] {
    const rows = this.#all(sql<EventRow>`
      SELECT * FROM events
      WHERE seq > (SELECT coalesce(max(seq), 0) FROM events) - ${RECENT_EVENTS}
        AND at >= ${since} AND type IN ${anyOf(types)} AND ${withinScope(scope, 'machine_id')}
      ORDER BY seq DESC LIMIT ${NEWS}`)
    return rows.map(eventFromRow)
  }

  labels(scope: Scope | null): Overview['labels'] {
    return this.#all(sql<Overview['labels'][number]>`
      SELECT key, count(DISTINCT value) AS "values", count(*) AS machines FROM machine_labels
      WHERE ${withinScope(scope, 'machine_id')}
      GROUP BY key ORDER BY machines DESC, key LIMIT ${LABELS}`)
  }

  groups(scope: Scope | null, key: string): LabelGroup[] {
    // The index holds all that is asked for; SQLite would rather read whole machines.
    const labelled = sql`
      machines INDEXED BY machines_listed LEFT JOIN machine_labels ON machine_labels.machine_id = machines.id AND machine_labels.key = ${key}
      WHERE ${withinScope(scope, 'machines.id')}`
    type Count = { value: string | null; state: MachineState; machines: number }
    const counts = this.#all(
      sql<Count>`SELECT value, state, count(*) AS machines FROM ${labelled} GROUP BY value, state`,
    )
    type Member = LabelGroup['members'][number] & { value: string | null }
    const members = this.#all(sql<Member>`
      SELECT value, id, name, state FROM (
        SELECT value, id, name, state, row_number() OVER (PARTITION BY value ORDER BY lower(name)) AS place
        FROM ${labelled}
      ) WHERE place <= ${MEMBERS} ORDER BY place`)
    const membersOf = Map.groupBy(members, ({ value }) => value)
    return [...Map.groupBy(counts, ({ value }) => value)]
      .map(([value, group]) => ({
        value,
        machines: group.reduce((sum, { machines }) => sum + machines, 0),
        states: Object.fromEntries(group.map(({ state, machines }) => [state, machines])),
        members: (membersOf.get(value) ?? []).map(({ id, name, state }) => ({ id, name, state })),
      }))
      .sort((a, b) => byValue(a.value, b.value))
      .slice(0, GROUPS)
  }

  #all<Row>(statement: RawBuilder<Row>): Row[] {
    return this.#db.all({ compile: () => statement.compile(this.#db.query) })
  }
}

/** As people count: r2 before r10. Those without a value come last. */
function byValue(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return a.localeCompare(b, 'en', { numeric: true })
}
