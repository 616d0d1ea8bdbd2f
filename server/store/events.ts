// The event log's table.
import type { Selectable } from 'kysely'
import type { Event } from '../contract/event.ts'
import type { EventFilter, EventStore } from '../core/events.ts'
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
    return this.#db.all(this.#select(filter).where('seq', '>', seq).orderBy('seq').limit(limit)).map(eventFromRow)
  }

  before(seq: number, limit: number, filter: EventFilter): Event[] {
    return this.#db
      .all(this.#select(filter).where('seq', '<', seq).orderBy('seq', 'desc').limit(limit))
      .map(eventFromRow)
  }

  last(): number {
    return this.#db.first(this.#db.query.selectFrom('events').select('seq').orderBy('seq', 'desc').limit(1))?.seq ?? 0
  }

  #select({ machineId, installId, types, scope }: EventFilter) {
    let query = this.#db.query.selectFrom('events').selectAll()
    if (machineId !== undefined) query = query.where('machine_id', '=', machineId)
    if (installId !== undefined) query = query.where('install_id', '=', installId)
    if (types !== undefined) query = query.where('type', 'in', types)
    return query.where(withinScope(scope ?? null, 'machine_id'))
  }
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
