// What the inventory asks of the database.
import type { Architecture, Firmware, Labels } from '../contract/common.ts'
import type { FactChange, FactDifference } from '../contract/fact-change.ts'
import type { Facts } from '../contract/facts.ts'
import type { MachineFilter, MachineSort, SortOrder } from '../contract/machine-filter.ts'
import type { MachineState } from '../contract/machine.ts'
import type { PartialSpec } from '../contract/spec.ts'
import type { BmcAccess } from './bmc.ts'

/** A machine without its facts and identities, which are large or many. Times are ISO 8601 UTC. */
export interface MachineRecord {
  id: string
  /** Unique, whatever the case. */
  name: string
  state: MachineState
  /** Who brought it in: a person, or the machine itself by netbooting. */
  origin: 'person' | 'network'
  labels: Labels
  ownSpec: PartialSpec
  /** Its management controller. */
  bmc: BmcAccess | null
  uuid: string | null
  serial: string | null
  product: string | null
  architecture: Architecture | null
  firmware: Firmware | null
  /** Address seen last. */
  address: string | null
  /** Of the newest install; 0 before the first. */
  generation: number
  /** What the disk holds, as confirmed by the system on it. */
  runningDigest: string | null
  lastSeenAt: string | null
  /** When it was heard of last, once its install has been silent for too long; see core/silence.ts. */
  silentSince: string | null
  /** When its firmware was found to refuse iPXE. */
  ipxeRefusedAt: string | null
  /** Counts what people changed: name, labels, spec, management controller. */
  revision: number
  createdAt: string
}

export type IdentityKind = 'mac' | 'smbios'

/** A filter in terms of what is stored. All that is given has to hold. */
export interface MachineCriteria {
  states?: readonly MachineState[] | undefined
  /** Without a value: any. */
  labels?: readonly { key: string; value?: string | undefined }[] | undefined
  /** Keys of labels that it must not have. */
  unlabelled?: readonly string[] | undefined
  /** Wanted after merging profiles. */
  image?: string | undefined
  architecture?: Architecture | undefined
  firmware?: Firmware | undefined
  /** Whether its install has fallen silent. */
  silent?: MachineFilter['silent']
  /** Was seen, and the last time before this: ISO 8601, UTC. */
  seenBefore?: string | undefined
  /** Each is a part of name, MAC, serial, UUID, address or product, whatever the case. */
  words?: readonly string[] | undefined
}

/** Where a machine stands in an order: its value there, then its id, which orders equal values. */
export type MachinePlace = readonly [value: string, id: string]

export interface MachinePageRequest {
  criteria: MachineCriteria
  sort: MachineSort
  order: SortOrder
  /** Only machines beyond this place. */
  after?: MachinePlace | undefined
  limit: number
}

export interface PlacedMachine {
  record: MachineRecord
  place: MachinePlace
}

export interface MachineStore {
  insert(machine: MachineRecord): void
  /** Counts the revision up where name, labels, spec or management controller are among the changes. */
  update(id: string, change: Partial<Omit<MachineRecord, 'id' | 'revision'>>): void
  /** Removes it with identities, facts, installs and tokens. */
  remove(id: string): void
  get(id: string): MachineRecord | undefined
  byName(name: string): MachineRecord | undefined
  byIdentity(kind: IdentityKind, value: string): MachineRecord | undefined
  /** In the order of ids, which is the order of creation. */
  list(criteria: MachineCriteria): MachineRecord[]
  /** As `list`. */
  ids(criteria: MachineCriteria, limit: number): string[]
  count(criteria: MachineCriteria): number
  /** What machines that are not retired want after merging profiles, each pair once. */
  wantedImages(): { image: string; architecture: Architecture | null }[]
  page(request: MachinePageRequest): PlacedMachine[]
  /** By id; of machines that are not there none. */
  names(ids: readonly string[]): Map<string, string>
  /** States that no machine is in are left out. */
  countByState(): Partial<Record<MachineState, number>>
  /** Sorted, by machine; machines without any are left out. */
  macs(ids: readonly string[]): Map<string, string[]>
  /** Gives an identity to a machine, taking it from whoever has it. */
  bind(kind: IdentityKind, value: string, id: string): void
  /** Moves identities, tokens, events and changes of facts of one machine to another and removes the former. It must not have installs. */
  absorb(from: string, into: string): void
  facts(id: string): Facts | undefined
  /** Of its facts, without the work of reading all of them; undefined before there are any. */
  secureBoot(id: string): boolean | undefined
  setFacts(id: string, facts: Facts): void
  /** What changed of them, newest first. */
  factChanges(id: string, limit: number): FactChange[]
  /** Of each machine the newest `kept` are kept. */
  addFactChanges(id: string, at: string, changes: readonly FactDifference[], kept: number): void
}
