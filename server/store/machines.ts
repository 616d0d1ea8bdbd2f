// Machines, their identities and facts.
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Facts } from '../contract/facts.ts'
import type { MachineState } from '../contract/machine.ts'
import type { IdentityKind, MachineFilter, MachineRecord, MachineStore } from '../core/machine-store.ts'
import { anyOf } from './any-of.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

type Row = Selectable<Schema['machines']>

export class SqliteMachines implements MachineStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  insert(machine: MachineRecord): void {
    this.#db.run(this.#db.query.insertInto('machines').values(toRow(machine)))
  }

  update(id: string, change: Partial<Omit<MachineRecord, 'id'>>): void {
    const values = toChange(change)
    if (Object.keys(values).length === 0) return
    this.#db.run(this.#db.query.updateTable('machines').set(values).where('id', '=', id))
  }

  remove(id: string): void {
    this.#db.run(this.#db.query.deleteFrom('machines').where('id', '=', id))
  }

  get(id: string): MachineRecord | undefined {
    return fromRow(this.#db.first(this.#db.query.selectFrom('machines').selectAll().where('id', '=', id)))
  }

  byName(name: string): MachineRecord | undefined {
    return fromRow(this.#db.first(this.#db.query.selectFrom('machines').selectAll().where('name', '=', name)))
  }

  byIdentity(kind: IdentityKind, value: string): MachineRecord | undefined {
    return fromRow(
      this.#db.first(
        this.#db.query
          .selectFrom('identities')
          .innerJoin('machines', 'machines.id', 'identities.machine_id')
          .selectAll('machines')
          .where('identities.kind', '=', kind)
          .where('identities.value', '=', value),
      ),
    )
  }

  list({ state, search, labels, after, limit }: MachineFilter): MachineRecord[] {
    let query = this.#db.query.selectFrom('machines').selectAll().orderBy('id')
    if (state !== undefined) query = query.where('state', '=', state)
    if (after !== undefined) query = query.where('id', '>', after)
    if (limit !== undefined) query = query.limit(limit)
    for (const [key, value] of Object.entries(labels ?? {})) {
      query = query.where(sql<string>`labels ->> ${`$."${key}"`}`, '=', value)
    }
    if (search) {
      const part = `%${search.replace(/[\\%_]/g, '\\$&')}%`
      const like = (column: 'name' | 'serial' | 'product' | 'value') =>
        sql<boolean>`${sql.ref(column)} LIKE ${part} ESCAPE '\\'`
      query = query.where((where) =>
        where.or([
          like('name'),
          like('serial'),
          like('product'),
          where(
            'id',
            'in',
            where.selectFrom('identities').select('machine_id').where('kind', '=', 'mac').where(like('value')),
          ),
        ]),
      )
    }
    return this.#db.all(query).map((row) => fromRow(row))
  }

  countByState(): Partial<Record<MachineState, number>> {
    const count = sql<number>`count(*)`.as('count')
    const rows = this.#db.all(this.#db.query.selectFrom('machines').select(['state', count]).groupBy('state'))
    return Object.fromEntries(rows.map(({ state, count: machines }) => [state, machines]))
  }

  macs(ids: readonly string[]): Map<string, string[]> {
    const query = this.#db.query
      .selectFrom('identities')
      .select(['machine_id', 'value'])
      .where('machine_id', 'in', anyOf(ids))
      .where('kind', '=', 'mac')
      .orderBy('value')
    const macs = new Map<string, string[]>()
    for (const { machine_id, value } of this.#db.all(query)) {
      const known = macs.get(machine_id)
      if (known) known.push(value)
      else macs.set(machine_id, [value])
    }
    return macs
  }

  bind(kind: IdentityKind, value: string, id: string): void {
    this.#db.run(
      this.#db.query
        .insertInto('identities')
        .values({ kind, value, machine_id: id })
        .onConflict((conflict) => conflict.columns(['kind', 'value']).doUpdateSet({ machine_id: id })),
    )
  }

  absorb(from: string, into: string): void {
    const { query } = this.#db
    const machine_id = into
    this.#db.transaction(() => {
      this.#db.run(query.updateTable('identities').set({ machine_id }).where('machine_id', '=', from))
      this.#db.run(query.updateTable('tokens').set({ machine_id }).where('machine_id', '=', from))
      this.#db.run(query.updateTable('events').set({ machine_id }).where('machine_id', '=', from))
      this.remove(from)
    })
  }

  facts(id: string): Facts | undefined {
    const row = this.#db.first(this.#db.query.selectFrom('machine_facts').select('facts').where('machine_id', '=', id))
    return row && (JSON.parse(row.facts) as Facts)
  }

  secureBoot(id: string): boolean | undefined {
    const value = sql<number | null>`facts ->> '$.secureBoot'`.as('secureBoot')
    const row = this.#db.first(this.#db.query.selectFrom('machine_facts').select(value).where('machine_id', '=', id))
    return row && row.secureBoot === 1
  }

  setFacts(id: string, facts: Facts): void {
    const values = { machine_id: id, facts: JSON.stringify(facts) }
    this.#db.run(this.#db.query.replaceInto('machine_facts').values(values))
  }
}

/** Record key, column; the one list that both directions follow. */
const COLUMNS = {
  id: 'id',
  name: 'name',
  state: 'state',
  origin: 'origin',
  labels: 'labels',
  ownSpec: 'own_spec',
  uuid: 'uuid',
  serial: 'serial',
  product: 'product',
  architecture: 'architecture',
  address: 'address',
  generation: 'generation',
  runningDigest: 'running_digest',
  lastSeenAt: 'last_seen_at',
  ipxeRefusedAt: 'ipxe_refused_at',
  createdAt: 'created_at',
} as const satisfies Record<keyof MachineRecord, keyof Row>

function toChange(change: Partial<MachineRecord>): Partial<Row> {
  return Object.fromEntries(
    Object.entries(change)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [
        COLUMNS[key as keyof MachineRecord],
        typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
      ]),
  )
}

function toRow(machine: MachineRecord): Row {
  return toChange(machine) as Row
}

function fromRow(row: Row): MachineRecord
function fromRow(row: Row | undefined): MachineRecord | undefined
function fromRow(row: Row | undefined): MachineRecord | undefined {
  if (!row) return undefined
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    origin: row.origin,
    labels: JSON.parse(row.labels) as MachineRecord['labels'],
    ownSpec: JSON.parse(row.own_spec) as MachineRecord['ownSpec'],
    uuid: row.uuid,
    serial: row.serial,
    product: row.product,
    architecture: row.architecture,
    address: row.address,
    generation: row.generation,
    runningDigest: row.running_digest,
    lastSeenAt: row.last_seen_at,
    ipxeRefusedAt: row.ipxe_refused_at,
    createdAt: row.created_at,
  }
}
