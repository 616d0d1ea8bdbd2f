// The event log's table.
import { sql } from 'kysely'
import type { RawBuilder, Selectable, SqlBool } from 'kysely'
import type { Event, EventType } from '../contract/event.ts'
import type { EventFilter, EventStore } from '../core/events.ts'
import { anyOf } from './any-of.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { withinScope } from './within-scope.ts'

export type EventRow = Selectable<Schema['events']>

export class SqliteEvents implements EventStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  append(event: Omit<Event, 'seq'>, slot: string | undefined): number {
    const { lastId } = this.#db.run(
      this.#db.query.replaceInto('events').values({
        at: event.at,
        type: event.type,
        machine_id: event.machineId,
        install_id: event.installId,
        actor: event.actor,
        message: event.message,
        data: JSON.stringify(event.data),
        slot: slot ?? null,
      }),
    )
    return lastId
  }

  after(seq: number, limit: number, filter: EventFilter): Event[] {
    return this.#some(sql<SqlBool>`seq > ${seq}`, 'asc', limit, filter)
  }

  before(seq: number, limit: number, filter: EventFilter): Event[] {
    return this.#some(sql<SqlBool>`seq < ${seq}`, 'desc', limit, filter)
  }

  last(): number {
    return this.#db.first(this.#db.query.selectFrom('events').select('seq').orderBy('seq', 'desc').limit(1))?.seq ?? 0
  }

  removeOldest(at: string, limit: number): number {
    const oldest = this.#db.query.selectFrom('events').select('seq').orderBy('seq').limit(limit)
    const removal = this.#db.query.deleteFrom('events').where('seq', 'in', oldest).where('at', '<', at)
    return this.#db.run(removal.where('seq', '<', this.last())).changes
  }

  #some(
    beyond: RawBuilder<SqlBool>,
    order: 'asc' | 'desc',
    limit: number,
    { machineId, installId, types, scope = null }: EventFilter,
  ): Event[] {
    const { query } = this.#db
    const within = withinScope(scope, 'machine_id')
    let events = query.selectFrom('events').selectAll().orderBy('seq', order).limit(limit)
    if (machineId === undefined && installId === undefined && types !== undefined) {
      events = events.where('seq', 'in', numbersOfTypes(types, sql`${beyond} AND ${within}`, order, limit))
    } else {
      if (machineId !== undefined) events = events.where('machine_id', '=', machineId)
      if (installId !== undefined) events = events.where('install_id', '=', installId)
      if (types !== undefined) events = events.where(sql<SqlBool>`+type IN ${anyOf(types)}`)
      events = events.where(beyond).where(within)
    }
    return this.#db.all(events).map(eventFromRow)
  }
}

/** The first few of each type, each by the index: a type of which there are none costs nothing, however long the log is. */
function numbersOfTypes(
  types: readonly EventType[],
  condition: RawBuilder<unknown>,
  order: 'asc' | 'desc',
  limit: number,
): RawBuilder<number> {
  const ofEach = types.map(
    (type) =>
      sql`SELECT seq FROM (
        SELECT seq FROM events WHERE type = ${type} AND ${condition} ORDER BY seq ${sql.raw(order)} LIMIT ${limit}
      )`,
  )
  return sql<number>`(${sql.join(ofEach, sql` UNION ALL `)})`
}

export function eventFromRow(row: EventRow): Event {
  return {
    seq: row.seq,
    at: row.at,
    type: row.type,
    machineId: row.machine_id,
    installId: row.install_id,
    actor: row.actor,
    message: row.message,
    data: JSON.parse(row.data) as Event['data'],
  }
}
