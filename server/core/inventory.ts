// The machines: finding them by what they show of themselves, bringing them in, and everything people set on them.
import type { Scope } from '../contract/access.ts'
import { formatAge } from '../contract/age.ts'
import type { BmcView } from '../contract/bmc.ts'
import type { Architecture, Labels } from '../contract/common.ts'
import type { FactChange } from '../contract/fact-change.ts'
import type { Facts } from '../contract/facts.ts'
import { productText } from '../contract/facts-text.ts'
import type { MachineFilter } from '../contract/machine-filter.ts'
import type { CreateMachine, Machine, MachineState, MachineSummary, UpdateMachine } from '../contract/machine.ts'
import { isTelling } from '../contract/silence.ts'
import type { PartialSpec } from '../contract/spec.ts'
import { bmcView, resolveBmc } from './bmc.ts'
import { compareFacts } from './compare-facts.ts'
import { timestamp } from './clock.ts'
import type { Clock } from './clock.ts'
import { CoreError, unlessStoreFails } from './errors.ts'
import type { EventLog } from './events.ts'
import { plausibleIdentity, plausibleMac, plausibleSerial, plausibleUuid } from './identity.ts'
import type { Identity } from './identity.ts'
import { uuidV7 } from './ids.ts'
import type { LoaderHints } from './loader-choice.ts'
import { moveInstall } from './install-state.ts'
import type { InstallStore } from './install-store.ts'
import type { MachineCriteria, MachinePageRequest, MachinePlace, MachineRecord, MachineStore } from './machine-store.ts'
import { machineOf, summaryOf } from './machine-view.ts'
import type { SummaryParts } from './machine-view.ts'
import { mergeSpec, wantedValue } from './merge-spec.ts'
import type { MergedSpec } from './merge-spec.ts'
import { maskSecrets, restoreSecrets } from './spec-secrets.ts'
import type { ProfileStore } from './profile-store.ts'
import type { TokenStore } from './token-store.ts'
import type { Transactions } from './transactions.ts'

export interface InventoryPorts {
  machines: MachineStore
  profiles: Pick<ProfileStore, 'list'>
  installs: Pick<InstallStore, 'newestActive' | 'outcomes' | 'save'>
  tokens: Pick<TokenStore, 'removeOf'>
  events: EventLog
  transactions: Transactions
  clock: Clock
}

export type InventoryPageRequest = Omit<MachinePageRequest, 'criteria'> & {
  filter: MachineFilter
  /** Of whoever asks. */
  scope: Scope | null
}

export interface InventoryPage {
  items: MachineSummary[]
  /** Undefined on the last page. */
  next: MachinePlace | undefined
  /** On all pages. */
  total: number
}

/** "Seen" is told to minutes: a write per request would wear disks out for nothing. */
const SEEN_PRECISION_MS = 15_000
/** Of one machine: a part with a loose contact shall not fill the disk. */
const KEPT_CHANGES = 200
/** Named in the event; the history has the rest. */
const TOLD_CHANGES = 3

export class Inventory {
  readonly #ports: InventoryPorts

  constructor(ports: InventoryPorts) {
    this.#ports = ports
  }

  /** The machine that shows this identity: by MAC first, then by UUID and serial together; placeholders match nobody. */
  find(identity: Identity): MachineRecord | undefined {
    const { machines } = this.#ports
    const { mac, smbios } = plausibleIdentity(identity)
    return (
      (mac === undefined ? undefined : machines.byIdentity('mac', mac)) ??
      (smbios === undefined ? undefined : machines.byIdentity('smbios', smbios))
    )
  }

  /** Throws MACHINE_NOT_FOUND. */
  get(id: string): MachineRecord {
    const machine = this.#ports.machines.get(id)
    if (!machine) throw new CoreError('MACHINE_NOT_FOUND', `there is no machine ${id}`)
    return machine
  }

  /** All that the filter means, in order of creation. Throws PROFILE_NOT_FOUND. */
  list(filter: MachineFilter = {}): MachineSummary[] {
    return this.#parts(this.#ports.machines.list(this.#criteria(filter))).map(summaryOf)
  }

  /**
   * One page of the machines that the filter means, and how many these are on all pages. A page goes on beyond a place, so machines that
   * come and go between two pages neither repeat nor hide others. Throws PROFILE_NOT_FOUND.
   */
  page({ filter, scope, ...request }: InventoryPageRequest): InventoryPage {
    const { machines } = this.#ports
    const criteria = this.#criteria(filter, scope)
    // One more tells whether another page follows.
    const found = machines.page({ ...request, criteria, limit: request.limit + 1 })
    const shown = found.slice(0, request.limit)
    return {
      items: this.#parts(shown.map(({ record }) => record)).map(summaryOf),
      next: found.length > shown.length ? shown.at(-1)?.place : undefined,
      total: machines.count(criteria),
    }
  }

  /** Of those of these machines that are there, by id. */
  names(ids: readonly string[]): Map<string, string> {
    return this.#ports.machines.names(ids)
  }

  /** The ids of the machines that the filter means within the scope, at most `limit`. Throws PROFILE_NOT_FOUND. */
  select(filter: MachineFilter, scope: Scope | null, limit: number): string[] {
    return this.#ports.machines.ids(this.#criteria(filter, scope), limit)
  }

  /** Of those only machines that have none of these labels, whatever their values. Throws PROFILE_NOT_FOUND. */
  selectUnlabelled(filter: MachineFilter, unlabelled: readonly string[], scope: Scope | null, limit: number): string[] {
    return this.#ports.machines.ids({ ...this.#criteria(filter, scope), unlabelled }, limit)
  }

  /** What is set on the machine itself, secrets masked. Throws MACHINE_NOT_FOUND. */
  ownSpec(id: string): PartialSpec {
    return maskSecrets(this.get(id).ownSpec)
  }

  /** Its management controller, for people. Throws MACHINE_NOT_FOUND. */
  bmc(id: string): BmcView | null {
    return bmcView(this.get(id).bmc)
  }

  /** Undefined when there is no such machine. */
  labelsOf(id: string): Labels | undefined {
    return this.#ports.machines.get(id)?.labels
  }

  /** Throws MACHINE_NOT_FOUND. */
  toSummary(id: string): MachineSummary {
    return this.#parts([this.get(id)]).map(summaryOf)[0]!
  }

  /** The whole view, facts and merged spec included. Throws MACHINE_NOT_FOUND. */
  toMachine(id: string): Machine {
    const record = this.get(id)
    const [parts] = this.#parts([record])
    return machineOf(parts!, this.mergedSpec(id), this.#ports.machines.facts(id))
  }

  /** What changed of its facts, newest first. Throws MACHINE_NOT_FOUND. */
  factHistory(id: string, limit = KEPT_CHANGES): FactChange[] {
    return this.#ports.machines.factChanges(this.get(id).id, limit)
  }

  /** What the machine shall become, after merging its profiles. Throws MACHINE_NOT_FOUND. */
  mergedSpec(id: string): MergedSpec {
    return mergeSpec(this.get(id), this.#ports.profiles.list())
  }

  /** What bears on the choice of its boot loader, without the work of merging its spec: DHCP asks for every packet. */
  loaderHints(machine: MachineRecord): LoaderHints {
    return {
      wanted: wantedValue(machine, this.#ports.profiles.list(), ({ boot }) => boot?.loader),
      secureBoot: this.#ports.machines.secureBoot(machine.id),
      refusedIpxe: machine.ipxeRefusedAt !== null,
    }
  }

  /** Remembers that the machine's firmware does not run iPXE. */
  noteIpxeRefused(id: string): void {
    const { machines, clock } = this.#ports
    unlessStoreFails(() => machines.update(id, { ipxeRefusedAt: timestamp(clock) }))
  }

  /** How many have fallen silent in the middle of an install. */
  countSilent(): number {
    return this.#ports.machines.count({ silent: 'true' })
  }

  /** States that no machine is in are left out. */
  countByState(): Partial<Record<MachineState, number>> {
    return this.#ports.machines.countByState()
  }

  /** How many machines want the image, or that medium, by their own spec or a profile's. */
  countWanting(key: 'image' | 'media', wanted: string): number {
    const profiles = this.#ports.profiles.list()
    const wanting = this.#ports.machines
      .list({})
      .filter(
        (machine) => machine.state !== 'retired' && wantedValue(machine, profiles, (spec) => spec[key]) === wanted,
      )
    return wanting.length
  }

  /** The machine that shows this identity, brought in now if it is a stranger. Throws VALIDATION when nothing identifies it. */
  discover(
    identity: Identity,
    seen: { address?: string | undefined; architecture?: Architecture | undefined } = {},
  ): MachineRecord {
    const { machines, transactions, events, clock } = this.#ports
    const { mac, smbios } = plausibleIdentity(identity)
    if (!mac && !smbios) throw new CoreError('VALIDATION', 'neither MAC nor UUID and serial identify the machine')
    return transactions.transaction(() => {
      const known = this.find(identity)
      if (known) {
        // A further NIC of a machine known by its UUID and serial.
        if (mac && !machines.byIdentity('mac', mac)) machines.bind('mac', mac, known.id)
        return known
      }
      const id = uuidV7(clock.now())
      const now = timestamp(clock)
      const machine: MachineRecord = {
        id,
        name: this.#freeName(mac?.replaceAll(':', '-') ?? plausibleSerial(identity.serial) ?? id, id),
        state: 'discovered',
        origin: 'network',
        labels: {},
        ownSpec: {},
        bmc: null,
        uuid: plausibleUuid(identity.uuid) ?? null,
        serial: plausibleSerial(identity.serial) ?? null,
        product: null,
        architecture: seen.architecture ?? null,
        firmware: null,
        address: seen.address ?? null,
        generation: 0,
        runningDigest: null,
        lastSeenAt: now,
        silentSince: null,
        ipxeRefusedAt: null,
        revision: 1,
        createdAt: now,
      }
      machines.insert(machine)
      if (mac) machines.bind('mac', mac, id)
      if (smbios) machines.bind('smbios', smbios, id)
      events.append({
        type: 'machine.discovered',
        machineId: id,
        actor: 'machine',
        message: `unknown machine ${mac ?? machine.serial} appeared`,
        data: { ...(mac && { mac }), ...(seen.address && { address: seen.address }) },
      })
      return machine
    })
  }

  /** Brings in a machine before it was ever seen. Throws CONFLICT when a MAC or the name is taken. */
  create(input: CreateMachine, actor: string): Machine {
    return this.toMachine(this.add(input, actor).id)
  }

  /** As `create`, without the work of showing it. */
  add(input: CreateMachine, actor: string): MachineRecord {
    const { machines, transactions, events, clock } = this.#ports
    const macs = input.macs.map(requirePlausible)
    return transactions.transaction(() => {
      for (const mac of macs) this.#requireFreeMac(mac)
      if (input.name !== undefined) this.#requireFreeName(input.name)
      const id = uuidV7(clock.now())
      const name = input.name ?? this.#freeName(macs[0]?.replaceAll(':', '-') ?? id, id)
      const machine: MachineRecord = {
        id,
        name,
        state: 'ready',
        origin: 'person',
        labels: input.labels ?? {},
        ownSpec: restoreSecrets(input.spec ?? {}, {}),
        bmc: resolveBmc(input.bmc ?? null, null),
        uuid: null,
        serial: null,
        product: null,
        architecture: null,
        firmware: null,
        address: null,
        generation: 0,
        runningDigest: null,
        lastSeenAt: null,
        silentSince: null,
        ipxeRefusedAt: null,
        revision: 1,
        createdAt: timestamp(clock),
      }
      machines.insert(machine)
      for (const mac of macs) machines.bind('mac', mac, id)
      events.append({
        type: 'machine.updated',
        machineId: id,
        actor,
        message: `machine ${name} was added`,
        data: { created: true, macs },
      })
      return machine
    })
  }

  /** Changes what people set; what is absent stays. Has effect with the next install. Throws MACHINE_NOT_FOUND, CONFLICT. */
  update(id: string, change: UpdateMachine, actor: string): Machine {
    this.change(id, change, actor)
    return this.toMachine(id)
  }

  /** As `update`, without the work of showing it. */
  change(id: string, change: UpdateMachine, actor: string): void {
    const { machines, transactions, events } = this.#ports
    transactions.transaction(() => {
      const before = this.get(id)
      if (change.name !== undefined && change.name.toLowerCase() !== before.name.toLowerCase()) {
        this.#requireFreeName(change.name)
      }
      machines.update(id, {
        ...(change.name !== undefined && { name: change.name }),
        ...(change.labels !== undefined && { labels: change.labels }),
        ...(change.spec !== undefined && { ownSpec: restoreSecrets(change.spec, before.ownSpec) }),
        ...(change.bmc !== undefined && { bmc: resolveBmc(change.bmc, before.bmc) }),
      })
      const changed = Object.keys(change)
      if (changed.length > 0) {
        const message = `${changed.join(', ')} of machine ${change.name ?? before.name} changed`
        events.append({ type: 'machine.updated', machineId: id, actor, message, data: { changed } })
      }
    })
  }

  /** Gives a machine further MACs; those it has stay. Throws MACHINE_NOT_FOUND, and CONFLICT when one belongs to another. */
  addMacs(id: string, texts: readonly string[], actor: string): void {
    const { machines, transactions, events } = this.#ports
    transactions.transaction(() => {
      const { name } = this.get(id)
      const macs = [...new Set(texts.map(requirePlausible))].filter((mac) => machines.byIdentity('mac', mac)?.id !== id)
      for (const mac of macs) {
        this.#requireFreeMac(mac)
        machines.bind('mac', mac, id)
      }
      const message = `machine ${name} has ${macs.join(', ')} too`
      events.append({ type: 'machine.updated', machineId: id, actor, message, data: { macs } })
    })
  }

  /** Takes a machine out of service: it gets no boot data, its tokens and its unfinished install end. Throws MACHINE_NOT_FOUND. */
  retire(id: string, actor: string): void {
    const { transactions, installs, tokens, clock } = this.#ports
    transactions.transaction(() => {
      this.get(id)
      const install = installs.newestActive(id)
      if (install) {
        const moved = moveInstall(install, { type: 'superseded' }, timestamp(clock))
        if ('install' in moved) installs.save({ ...install, ...moved.install }, install)
      }
      for (const kind of ['install', 'agent', 'confirm'] as const) tokens.removeOf(id, kind)
      this.changeState(id, 'retired', actor)
    })
  }

  /** Forgets a machine but for its events. Throws MACHINE_NOT_FOUND, and MACHINE_BUSY in the middle of an install. */
  remove(id: string, actor: string): void {
    const { machines, installs, transactions, events } = this.#ports
    transactions.transaction(() => {
      const { name } = this.get(id)
      if (installs.newestActive(id)?.state === 'running') {
        const hint = 'cancel the install first'
        throw new CoreError('MACHINE_BUSY', `machine ${name} is being installed`, { hint })
      }
      machines.remove(id)
      const message = `machine ${name} was removed`
      events.append({ type: 'machine.updated', machineId: id, actor, message, data: { removed: true } })
    })
  }

  /**
   * Stores what a machine told of itself, with what is different about it now, and learns its identities. If they show that two records
   * are one machine, the one that nobody has worked with is merged into the other. Returns the id that goes on.
   */
  recordFacts(id: string, facts: Facts): string {
    const { machines, transactions, events, clock } = this.#ports
    const { smbios } = plausibleIdentity(facts.smbios)
    const macs = facts.nics.map(({ mac }) => plausibleMac(mac)).filter((mac) => mac !== undefined)
    return transactions.transaction(() => {
      const self = this.get(id)
      const holders = new Map<string, MachineRecord>()
      for (const holder of [
        ...macs.map((mac) => machines.byIdentity('mac', mac)),
        smbios === undefined ? undefined : machines.byIdentity('smbios', smbios),
      ]) {
        if (holder && holder.id !== id) holders.set(holder.id, holder)
      }
      const survivor = this.#unite(self, [...holders.values()])
      for (const mac of macs) this.#bindIfFree('mac', mac, survivor)
      if (smbios !== undefined) this.#bindIfFree('smbios', smbios, survivor)

      const known = this.get(survivor)
      this.#noteChanges(known, facts)
      machines.setFacts(survivor, facts)
      machines.update(survivor, {
        uuid: plausibleUuid(facts.smbios.uuid) ?? null,
        serial: plausibleSerial(facts.smbios.serial) ?? null,
        product: productText(facts.smbios) ?? null,
        architecture: facts.architecture,
        firmware: facts.firmware,
        lastSeenAt: timestamp(clock),
      })
      events.append({
        type: 'machine.facts',
        machineId: survivor,
        actor: 'machine',
        message: `machine ${known.name} told what it is`,
        data: { disks: facts.disks.length, nics: facts.nics.length, memoryBytes: facts.memoryBytes },
      })
      if (known.state === 'discovered') this.changeState(survivor, 'ready', 'machine')
      return survivor
    })
  }

  /** Notes that a machine gave a sign of life, and from which address; tells of it where the machine had fallen silent. */
  seen(id: string, address?: string): void {
    const { machines, transactions, clock } = this.#ports
    const machine = machines.get(id)
    if (!machine) return
    const { lastSeenAt, silentSince } = machine
    const age = lastSeenAt === null ? Infinity : clock.now().getTime() - Date.parse(lastSeenAt)
    const moved = address !== undefined && address !== machine.address
    if (!moved && silentSince === null && age >= 0 && age < SEEN_PRECISION_MS) return
    const note = () => {
      machines.update(id, { lastSeenAt: timestamp(clock), silentSince: null, ...(moved && { address }) })
      if (silentSince !== null) this.#tellHeard(machine, silentSince)
    }
    unlessStoreFails(() => transactions.transaction(note))
  }

  #tellHeard({ id, name }: MachineRecord, since: string): void {
    const { installs, events, clock } = this.#ports
    const installId = installs.newestActive(id)?.id
    const message = `machine ${name} is heard of again, after ${formatAge(since, clock.now().getTime())}`
    events.append({ type: 'install.heard', machineId: id, installId, actor: 'machine', message, data: { since } })
  }

  /** Sets the state and tells of it; nothing happens when it is that already. For core/installs.ts, which decides. */
  changeState(id: string, state: MachineState, actor: string): void {
    const { machines, events } = this.#ports
    const { name, state: from } = this.get(id)
    if (from === state) return
    machines.update(id, { state, ...(!isTelling(state) && { silentSince: null }) })
    const message = `machine ${name} is ${state} (was ${from})`
    events.append({ type: 'machine.state', machineId: id, actor, message, data: { from, to: state } })
  }

  #noteChanges({ id, name }: MachineRecord, facts: Facts): void {
    const { machines, events, clock } = this.#ports
    const before = machines.facts(id)
    const changes = before ? compareFacts(before, facts) : []
    if (changes.length === 0) return
    machines.addFactChanges(id, timestamp(clock), changes, KEPT_CHANGES)
    const told = changes.slice(0, TOLD_CHANGES).map(({ message }) => message)
    const more = changes.length > TOLD_CHANGES ? [`${changes.length - TOLD_CHANGES} more changes`] : []
    const message = `machine ${name}: ${[...told, ...more].join('; ')}`
    events.append({ type: 'machine.hardware', machineId: id, actor: 'machine', message, data: { changes } })
  }

  #criteria(
    { state, label = [], profile, search = '', ...rest }: MachineFilter,
    scope: Scope | null = null,
  ): MachineCriteria {
    const labels = label.map((text) => {
      const equals = text.indexOf('=')
      return equals < 0 ? { key: text } : { key: text.slice(0, equals), value: text.slice(equals + 1) }
    })
    const selector = profile === undefined ? {} : this.#selectorOf(profile)
    return {
      ...rest,
      states: state,
      labels: [
        ...labels,
        ...[selector, scope ?? {}].flatMap(Object.entries<string>).map(([key, value]) => ({ key, value })),
      ],
      words: search.split(/\s+/).filter((word) => word !== ''),
    }
  }

  #selectorOf(profile: string): Labels {
    const found = this.#ports.profiles.list().find(({ name }) => name === profile)
    if (found) return found.selector
    throw new CoreError('PROFILE_NOT_FOUND', `there is no profile ${profile}`)
  }

  #parts(records: MachineRecord[]): SummaryParts[] {
    const ids = records.map(({ id }) => id)
    const profiles = this.#ports.profiles.list()
    const macs = this.#ports.machines.macs(ids)
    const outcomes = this.#ports.installs.outcomes(ids)
    return records.map((record) => ({
      record,
      macs: macs.get(record.id) ?? [],
      image: wantedValue(record, profiles, ({ image }) => image),
      install: outcomes.get(record.id),
    }))
  }

  /** Makes one record of those that turned out to be one machine, as far as no work of a person is lost by it. */
  #unite(self: MachineRecord, others: MachineRecord[]): string {
    const { machines, events } = this.#ports
    const worked = [self, ...others].filter(isWorkedWith)
    const survivor = worked.length === 1 ? worked[0]! : worked.length === 0 ? oldest([self, ...others]) : self
    for (const other of [self, ...others]) {
      if (other.id === survivor.id) continue
      if (isWorkedWith(other)) {
        const message = `machines ${self.name} and ${other.name} show the same NIC or serial number`
        events.append({ type: 'server.warning', machineId: other.id, message, data: { other: self.id } })
        continue
      }
      machines.absorb(other.id, survivor.id)
      events.append({
        type: 'machine.merged',
        machineId: survivor.id,
        message: `${other.name} turned out to be machine ${survivor.name}`,
        data: { from: other.id, name: other.name },
      })
    }
    return survivor.id
  }

  #bindIfFree(kind: 'mac' | 'smbios', value: string, id: string): void {
    const { machines } = this.#ports
    if (!machines.byIdentity(kind, value)) machines.bind(kind, value, id)
  }

  #requireFreeMac(mac: string): void {
    if (this.#ports.machines.byIdentity('mac', mac)) throw taken(`MAC ${mac}`, mac)
  }

  #requireFreeName(name: string): void {
    if (this.#ports.machines.byName(name)) throw taken(`the name ${name}`, name)
  }

  #freeName(wanted: string, id: string): string {
    return this.#ports.machines.byName(wanted) ? `${wanted}-${id.slice(-4)}` : wanted
  }
}

/** Says nothing of the other machine: it may be beyond the reach of whoever asks. */
function taken(what: string, by: string): CoreError {
  const hint = `\`landfall machine show ${by}\` shows it, if you may see it`
  return new CoreError('CONFLICT', `${what} belongs to another machine already`, { hint })
}

function requirePlausible(text: string): string {
  const mac = plausibleMac(text)
  if (!mac) throw new CoreError('VALIDATION', `${text} is no address of a single machine's NIC`)
  return mac
}

/** True if removing the record would lose a decision of a person. */
function isWorkedWith({ origin, generation, labels, ownSpec, bmc, state }: MachineRecord): boolean {
  const touched = Object.keys(labels).length > 0 || Object.keys(ownSpec).length > 0 || bmc !== null
  return origin === 'person' || generation > 0 || touched || state === 'retired'
}

/** Ids begin with the time. */
function oldest(machines: MachineRecord[]): MachineRecord {
  return machines.reduce((first, machine) => (machine.id < first.id ? machine : first))
}
