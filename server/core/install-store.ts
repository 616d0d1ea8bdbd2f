// What installs ask of the database.
import type { InstallLayer, LayerChange, LayersReport } from '../contract/install-layers.ts'
import type { StoragePlan } from '../contract/plan.ts'
import type { MachineSpec } from '../contract/spec.ts'
import type { InstallProgress } from './install-state.ts'
import type { TrustCheck } from './trust.ts'

export interface InstallRecord extends InstallProgress {
  id: string
  machineId: string
  generation: number
  /** Reference as assigned. */
  image: string
  /** Repository in our store, the manifest digest it meant at that moment, and the reference that upgrades follow. */
  repository: string
  digest: string
  followReference: string
  spec: MachineSpec
  /** What allowed the image, judged by the server; null for installs of versions that did not. */
  trust: TrustCheck | null
  plan: StoragePlan | null
  /** Number of the newest agent event taken in. */
  lastEvent: number
  createdAt: string
}

/** What a list of machines tells of installs. */
export type InstallOutcome = Pick<InstallRecord, 'id' | 'digest' | 'failure'>

/** What of an install's spec decides how its machine boots. */
export type InstallBoot = Pick<MachineSpec, 'installer' | 'media'>

export interface LogLine {
  /** Rising within the install. */
  seq: number
  at: string
  level: 'debug' | 'info' | 'warn' | 'error'
  text: string
}

export interface InstallStore {
  insert(install: InstallRecord): void
  /** Writes what may change: progress, plan and last event. Steps that `before` holds too, the same object, are not written again. */
  save(install: InstallRecord, before?: InstallRecord): void
  get(id: string): InstallRecord | undefined
  /** The machine's newest install. */
  newest(machineId: string): InstallRecord | undefined
  /** The machine's newest install if it may still change the machine, without the work of reading one that is over. */
  newestActive(machineId: string): InstallRecord | undefined
  /** What the newest install boots, without the work of reading all of it: DHCP asks for every packet. */
  newestBoot(machineId: string): InstallBoot | undefined
  /** Of the newest install of each machine; machines without any are left out. */
  outcomes(machineIds: readonly string[]): Map<string, InstallOutcome>
  /** All that an installer works on now. */
  running(): InstallRecord[]
  /** Those, and all that no installer has taken yet. */
  unfinished(): InstallRecord[]
  /** Newest first. */
  listFor(machineId: string): InstallRecord[]
  /** Lowest first. */
  layers(installId: string): InstallLayer[]
  /** A new table of layers, all of which wait; the former is forgotten. */
  beginLayers(installId: string, table: NonNullable<LayersReport['table']>): void
  saveLayers(installId: string, changes: readonly LayerChange[]): void
  appendLog(installId: string, lines: readonly LogLine[]): void
  /** Lines after `after`, oldest first. */
  log(installId: string, after: number, limit: number): LogLine[]
  /** Opens the install's encrypted disks. Kept beside the record, so that nothing that shows installs shows it; null forgets it. */
  keepRecoveryKey(installId: string, key: string | null): void
  recoveryKey(installId: string): string | null
  /** Number of the newest line; 0 when there is none. */
  lastLogLine(installId: string): number
}
