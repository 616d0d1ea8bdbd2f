// Installs, their steps and logs.
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { EraseReport } from '../contract/erase.ts'
import type { InstallLayer, LayerChange, LayersReport } from '../contract/install-layers.ts'
import type { Failure } from '../contract/install.ts'
import type { StoragePlan } from '../contract/plan.ts'
import { MachineSpec } from '../contract/spec.ts'
import type { InstallBoot, InstallOutcome, InstallRecord, InstallStore, LogLine } from '../core/install-store.ts'
import { isActive } from '../core/install-state.ts'
import type { StepProgress } from '../core/install-state.ts'
import type { TrustCheck } from '../core/trust.ts'
import { anyOf } from './any-of.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

type Row = Selectable<Schema['installs']>
const BootPart = MachineSpec.pick({ installer: true, media: true })
type StepRow = Selectable<Schema['install_steps']>

export class SqliteInstalls implements InstallStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  insert(install: InstallRecord): void {
    this.#db.transaction(() => {
      this.#db.run(
        this.#db.query.insertInto('installs').values({
          id: install.id,
          machine_id: install.machineId,
          generation: install.generation,
          image: install.image,
          repository: install.repository,
          digest: install.digest,
          follow_reference: install.followReference,
          spec: JSON.stringify(install.spec),
          created_at: install.createdAt,
          ...changeable(install),
        }),
      )
      this.#saveSteps(install)
    })
  }

  save(install: InstallRecord, before?: InstallRecord): void {
    this.#db.transaction(() => {
      this.#db.run(this.#db.query.updateTable('installs').set(changeable(install)).where('id', '=', install.id))
      this.#saveSteps(install, before)
    })
  }

  get(id: string): InstallRecord | undefined {
    return this.#withSteps(this.#db.first(this.#db.query.selectFrom('installs').selectAll().where('id', '=', id)))
  }

  newest(machineId: string): InstallRecord | undefined {
    return this.#withSteps(this.#db.first(this.#of(machineId).limit(1)))
  }

  newestActive(machineId: string): InstallRecord | undefined {
    const row = this.#db.first(this.#of(machineId).limit(1))
    return row && isActive(row.state) ? this.#withSteps(row) : undefined
  }

  newestBoot(machineId: string): InstallBoot | undefined {
    const value = (key: 'installer' | 'media') => sql<string | null>`spec ->> ${`$.${key}`}`.as(key)
    const query = this.#db.query.selectFrom('installs').select([value('installer'), value('media')])
    const row = this.#db.first(query.where('machine_id', '=', machineId).orderBy('generation', 'desc').limit(1))
    return row && BootPart.parse({ installer: row.installer ?? undefined, media: row.media ?? undefined })
  }

  outcomes(machineIds: readonly string[]): Map<string, InstallOutcome> {
    const query = this.#db.query
      .selectFrom('installs')
      // SQLite takes the other columns from the row that has the maximum (lang_select.html, "bare columns").
      .select(({ fn }) => ['id', 'machine_id', 'digest', 'failure', fn.max('generation').as('generation')])
      .where('machine_id', 'in', anyOf(machineIds))
      .groupBy('machine_id')
    const rows = this.#db.all(query)
    return new Map(
      rows.map(({ id, machine_id, digest, failure }) => [
        machine_id,
        { id, digest, failure: parseOrNull<Failure>(failure) },
      ]),
    )
  }

  running(): InstallRecord[] {
    return this.#in(['running'])
  }

  unfinished(): InstallRecord[] {
    return this.#in(['pending', 'running'])
  }

  listFor(machineId: string): InstallRecord[] {
    return this.#db.all(this.#of(machineId)).map((row) => this.#withSteps(row))
  }

  layers(installId: string): InstallLayer[] {
    const query = this.#db.query.selectFrom('install_layers').select(['digest', 'size', 'state', 'bytes', 'source'])
    return this.#db.all(query.where('install_id', '=', installId).orderBy('position'))
  }

  beginLayers(installId: string, table: NonNullable<LayersReport['table']>): void {
    this.#db.run(this.#db.query.deleteFrom('install_layers').where('install_id', '=', installId))
    if (table.length === 0) return
    const values = sql`
      INSERT INTO install_layers (install_id, position, digest, size, state, bytes)
      SELECT ${installId}, key, value ->> 'digest', value ->> 'size', 'waiting', 0
      FROM json_each(${JSON.stringify(table)})`
    this.#db.run({ compile: () => values.compile(this.#db.query) })
  }

  saveLayers(installId: string, changes: readonly LayerChange[]): void {
    for (const { index, ...change } of changes) {
      const query = this.#db.query.updateTable('install_layers').set(change)
      this.#db.run(query.where('install_id', '=', installId).where('position', '=', index))
    }
  }

  appendLog(installId: string, lines: readonly LogLine[]): void {
    if (lines.length === 0) return
    // All lines as one parameter: an agent sends up to a thousand at a time.
    const values = sql`
      INSERT INTO install_log (install_id, seq, at, level, text)
      SELECT ${installId}, value ->> 'seq', value ->> 'at', value ->> 'level', value ->> 'text'
      FROM json_each(${JSON.stringify(lines)})`
    this.#db.run({ compile: () => values.compile(this.#db.query) })
  }

  log(installId: string, after: number, limit: number): LogLine[] {
    return this.#db.all(
      this.#db.query
        .selectFrom('install_log')
        .select(['seq', 'at', 'level', 'text'])
        .where('install_id', '=', installId)
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(limit),
    )
  }

  keepRecoveryKey(installId: string, key: string | null): void {
    this.#db.run(this.#db.query.updateTable('installs').set({ recovery_key: key }).where('id', '=', installId))
  }

  recoveryKey(installId: string): string | null {
    const query = this.#db.query.selectFrom('installs').select('recovery_key').where('id', '=', installId)
    return this.#db.first(query)?.recovery_key ?? null
  }

  lastLogLine(installId: string): number {
    const query = this.#db.query.selectFrom('install_log').select('seq').where('install_id', '=', installId)
    return this.#db.first(query.orderBy('seq', 'desc').limit(1))?.seq ?? 0
  }

  #in(states: readonly InstallRecord['state'][]): InstallRecord[] {
    const query = this.#db.query.selectFrom('installs').selectAll().where('state', 'in', states)
    return this.#db.all(query).map((row) => this.#withSteps(row))
  }

  #of(machineId: string) {
    const query = this.#db.query.selectFrom('installs').selectAll()
    return query.where('machine_id', '=', machineId).orderBy('generation', 'desc')
  }

  #saveSteps(install: InstallRecord, before?: InstallRecord): void {
    const changed = install.steps.flatMap((step, position): StepRow[] => {
      if (step === before?.steps[position]) return []
      return [
        {
          install_id: install.id,
          position,
          name: step.name,
          state: step.state,
          started_at: step.startedAt,
          ended_at: step.endedAt,
          bytes: step.bytes,
          total_bytes: step.totalBytes,
          rate: Math.round(step.rate),
          message: step.message,
          sampled_at: step.sample?.at ?? null,
          sampled_bytes: step.sample?.bytes ?? null,
        },
      ]
    })
    if (changed.length > 0) this.#db.run(this.#db.query.replaceInto('install_steps').values(changed))
  }

  #withSteps(row: Row): InstallRecord
  #withSteps(row: Row | undefined): InstallRecord | undefined
  #withSteps(row: Row | undefined): InstallRecord | undefined {
    if (!row) return undefined
    const query = this.#db.query.selectFrom('install_steps').selectAll().where('install_id', '=', row.id)
    const steps = this.#db.all(query.orderBy('position'))
    return {
      id: row.id,
      machineId: row.machine_id,
      generation: row.generation,
      state: row.state,
      image: row.image,
      repository: row.repository,
      digest: row.digest,
      followReference: row.follow_reference,
      // Of an install of an earlier version, what that did not know has its default.
      spec: MachineSpec.parse(JSON.parse(row.spec)),
      trust: parseOrNull<TrustCheck>(row.trust),
      plan: planOf(row),
      erasures: JSON.parse(row.erasures) as EraseReport[],
      failure: parseOrNull<Failure>(row.failure),
      bootId: row.boot_id,
      lastEvent: row.last_event,
      confirmedDigest: row.confirmed_digest,
      agentPeakRss: row.agent_peak_rss,
      createdAt: row.created_at,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      steps: steps.map(stepFromRow),
    }
  }
}

/** Plans that were made before plans had several disks are no longer shown. */
function planOf({ plan: text }: Row): StoragePlan | null {
  const plan = parseOrNull<StoragePlan>(text)
  return plan && 'disks' in plan ? plan : null
}

function changeable(install: InstallRecord) {
  return {
    state: install.state,
    trust: install.trust && JSON.stringify(install.trust),
    plan: install.plan && JSON.stringify(install.plan),
    erasures: JSON.stringify(install.erasures),
    failure: install.failure && JSON.stringify(install.failure),
    boot_id: install.bootId,
    last_event: install.lastEvent,
    confirmed_digest: install.confirmedDigest,
    agent_peak_rss: install.agentPeakRss,
    started_at: install.startedAt,
    ended_at: install.endedAt,
  } satisfies Partial<Row>
}

function stepFromRow(row: StepRow): StepProgress {
  const { sampled_at: at, sampled_bytes: bytes } = row
  return {
    name: row.name,
    state: row.state,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    bytes: row.bytes,
    totalBytes: row.total_bytes,
    rate: row.rate,
    message: row.message,
    sample: at === null || bytes === null ? null : { at, bytes },
  }
}

function parseOrNull<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T)
}
