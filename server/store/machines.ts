// Machines, their identities and facts.
import { sql } from 'kysely'
import type { Insertable, RawBuilder, Selectable, SqlBool } from 'kysely'
import type { Architecture } from '../contract/common.ts'
import type { FactChange, FactDifference } from '../contract/fact-change.ts'
import type { Facts } from '../contract/facts.ts'
import type { MachineSort } from '../contract/machine-filter.ts'
import type { MachineState } from '../contract/machine.ts'
import type {
  IdentityKind,
  MachineCriteria,
  MachinePageRequest,
  MachineRecord,
  MachineStore,
  PlacedMachine,
} from '../core/machine-store.ts'
import { anyOf } from './any-of.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { wantedImage } from './wanted-images.ts'

type Row = Selectable<Schema['machines']>

export class SqliteMachines implements MachineStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  insert(machine: MachineRecord): void {
    const image = wantedImage(this.#db, machine)
    this.#db.run(this.#db.query.insertInto('machines').values({ ...toRow(machine), image }))
  }

  update(id: string, change: Partial<Omit<MachineRecord, 'id' | 'revision'>>): void {
    const values = toChange(change)
    if (Object.keys(values).length === 0) return
    const isByPeople = [change.name, change.labels, change.ownSpec, change.bmc].some((value) => value !== undefined)
    const revision = sql<number>`revision + 1`
    const image = this.#imageAfter(id, change)
    const query = this.#db.query.updateTable('machines').where('id', '=', id)
    this.#db.run(query.set({ ...values, ...(isByPeople && { revision }), ...(image !== undefined && { image }) }))
  }

  /** Undefined where the change has no bearing on it. */
  #imageAfter(id: string, { labels, ownSpec }: Partial<MachineRecord>): string | null | undefined {
    if (labels === undefined && ownSpec === undefined) return undefined
    const before = labels && ownSpec ? undefined : this.get(id)
    const [newLabels, newSpec] = [labels ?? before?.labels, ownSpec ?? before?.ownSpec]
    return newLabels && newSpec && wantedImage(this.#db, { labels: newLabels, ownSpec: newSpec })
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

  list(criteria: MachineCriteria): MachineRecord[] {
    const query = this.#db.query.selectFrom('machines').selectAll().where(meeting(criteria)).orderBy('id')
    return this.#db.all(query).map((row) => fromRow(row))
  }

  ids(criteria: MachineCriteria, limit: number): string[] {
    const query = this.#db.query.selectFrom('machines').select('id').where(meeting(criteria)).orderBy('id').limit(limit)
    return this.#db.all(query).map(({ id }) => id)
  }

  count(criteria: MachineCriteria): number {
    const count = sql<number>`count(*)`.as('count')
    return this.#db.first(this.#db.query.selectFrom('machines').select(count).where(meeting(criteria)))!.count
  }

  wantedImages(): { image: string; architecture: Architecture | null }[] {
    const query = this.#db.query.selectFrom('machines').select(['image', 'architecture']).distinct()
    const wanted = query.where('image', 'is not', null).where('state', '!=', 'retired')
    return this.#db.all(wanted.$narrowType<{ image: string }>())
  }

  page({ criteria, sort, order, after, limit }: MachinePageRequest): PlacedMachine[] {
    const key = SORT_KEYS[sort]
    let places = this.#db.query
      .selectFrom('machines')
      .select(['id as placed', key.as('value')])
      .where(meeting(criteria))
      .orderBy(key, order)
      .orderBy('id', order)
      .limit(limit)
    if (after) {
      const [value, id] = after
      const beyond = order === 'asc' ? sql`>` : sql`<`
      places = places.where(sql<SqlBool>`(${key}, id) ${beyond} (${value}, ${id})`)
    }
    // Whole rows of the page only: the places come from an index.
    const query = this.#db.query
      .selectFrom(places.as('places'))
      .innerJoin('machines', 'machines.id', 'places.placed')
      .selectAll('machines')
      .select('places.value')
      .orderBy('places.value', order)
      .orderBy('places.placed', order)
    return this.#db.all(query).map((row) => ({ record: fromRow(row), place: [row.value, row.id] }))
  }

  names(ids: readonly string[]): Map<string, string> {
    const query = this.#db.query.selectFrom('machines').select(['id', 'name']).where('id', 'in', anyOf(ids))
    return new Map(this.#db.all(query).map(({ id, name }) => [id, name]))
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
      // The `+` keeps SQLite from reading the MACs of all machines for the sake of their order.
      .where(sql<SqlBool>`+kind = 'mac'`)
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
      this.#db.run(query.updateTable('machine_changes').set({ machine_id }).where('machine_id', '=', from))
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

  factChanges(id: string, limit: number): FactChange[] {
    const query = this.#db.query.selectFrom('machine_changes').select(['seq', 'at', 'change'])
    return this.#db
      .all(query.where('machine_id', '=', id).orderBy('seq', 'desc').limit(limit))
      .map(({ seq, at, change }) => ({ seq, at, ...(JSON.parse(change) as FactDifference) }))
  }

  addFactChanges(id: string, at: string, changes: readonly FactDifference[], kept: number): void {
    const { query } = this.#db
    const of = query.selectFrom('machine_changes').select('seq').where('machine_id', '=', id)
    this.#db.transaction(() => {
      for (const change of changes) {
        const values = { machine_id: id, at, change: JSON.stringify(change) }
        this.#db.run(query.insertInto('machine_changes').values(values))
      }
      const oldest = of.orderBy('seq', 'desc').limit(1).offset(kept)
      this.#db.run(query.deleteFrom('machine_changes').where('machine_id', '=', id).where('seq', '<=', oldest))
    })
  }
}

/** What each order compares. Machines without a value come first; of equal ones the older. */
const SORT_KEYS = {
  createdAt: sql<string>`id`,
  name: sql<string>`lower(name)`,
  state: sql<string>`state`,
  lastSeenAt: sql<string>`coalesce(last_seen_at, '')`,
  image: sql<string>`lower(coalesce(image, ''))`,
  product: sql<string>`lower(coalesce(product, ''))`,
  serial: sql<string>`lower(coalesce(serial, ''))`,
} as const satisfies Record<MachineSort, unknown>

function meeting({
  states,
  labels = [],
  unlabelled = [],
  words = [],
  silent,
  seenBefore,
  ...values
}: MachineCriteria): RawBuilder<SqlBool> {
  const conditions = [
    ...Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([column, value]) => sql<SqlBool>`${sql.ref(`machines.${column}`)} = ${value}`),
    ...(silent === 'true' ? [sql<SqlBool>`machines.silent_since IS NOT NULL`] : []),
    ...(silent === 'false' ? [sql<SqlBool>`machines.silent_since IS NULL`] : []),
    ...(seenBefore === undefined ? [] : [sql<SqlBool>`machines.last_seen_at < ${seenBefore}`]),
    ...(states ? [sql<SqlBool>`machines.state IN ${anyOf(states)}`] : []),
    ...labels.map(({ key, value }) => {
      const any = sql`SELECT machine_id FROM machine_labels WHERE key = ${key}`
      return sql<SqlBool>`machines.id IN (${value === undefined ? any : sql`${any} AND value = ${value}`})`
    }),
    ...(unlabelled.length > 0
      ? [sql<SqlBool>`machines.id NOT IN (SELECT machine_id FROM machine_labels WHERE key IN ${anyOf(unlabelled)})`]
      : []),
    ...(words.length > 0 ? [sql<SqlBool>`machines.id IN (${containing(words)})`] : []),
  ]
  return conditions.length === 0 ? sql<SqlBool>`true` : sql<SqlBool>`${sql.join(conditions, sql` AND `)}`
}

/** By the index of trigrams; words too short for it are looked for in every text, which takes some milliseconds for 10,000 machines. */
function containing(words: readonly string[]): RawBuilder<unknown> {
  const indexed = words.filter(hasTrigrams).map((word) => `"${word.replaceAll('"', '""')}"`)
  const parts = words.filter((word) => !hasTrigrams(word)).map((word) => sql<SqlBool>`instr(text, lower(${word})) > 0`)
  if (indexed.length > 0) {
    const matching = sql`SELECT rowid FROM machine_trigrams WHERE machine_trigrams MATCH ${indexed.join(' ')}`
    parts.push(sql<SqlBool>`number IN (${matching})`)
  }
  return sql`SELECT machine_id FROM machine_search WHERE ${sql.join(parts, sql` AND `)}`
}

/** A query of FTS5 ends at a NUL. */
function hasTrigrams(word: string): boolean {
  return [...word].length >= 3 && !word.includes('\0')
}

/** Record key, column; the one list that both directions follow. */
const COLUMNS = {
  id: 'id',
  name: 'name',
  state: 'state',
  origin: 'origin',
  labels: 'labels',
  ownSpec: 'own_spec',
  bmc: 'bmc',
  uuid: 'uuid',
  serial: 'serial',
  product: 'product',
  architecture: 'architecture',
  firmware: 'firmware',
  address: 'address',
  generation: 'generation',
  runningDigest: 'running_digest',
  lastSeenAt: 'last_seen_at',
  silentSince: 'silent_since',
  ipxeRefusedAt: 'ipxe_refused_at',
  revision: 'revision',
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

function toRow(machine: MachineRecord): Insertable<Schema['machines']> {
  return toChange(machine) as Insertable<Schema['machines']>
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
    bmc: row.bmc === null ? null : (JSON.parse(row.bmc) as MachineRecord['bmc']),
    uuid: row.uuid,
    serial: row.serial,
    product: row.product,
    architecture: row.architecture,
    firmware: row.firmware,
    address: row.address,
    generation: row.generation,
    runningDigest: row.running_digest,
    lastSeenAt: row.last_seen_at,
    silentSince: row.silent_since,
    ipxeRefusedAt: row.ipxe_refused_at,
    revision: row.revision,
    createdAt: row.created_at,
  }
}
