// Documents that say how machines and profiles shall be: what is there is made to follow them, all or nothing.
import { isDeepStrictEqual } from 'node:util'
import type { Scope } from '../contract/access.ts'
import type { ApplyItem, ApplyResult, MachineDocument, ProfileDocument } from '../contract/document.ts'
import { resolveBmc } from './bmc.ts'
import { changesBetween } from './document-changes.ts'
import type { Documented } from './document-changes.ts'
import { CoreError } from './errors.ts'
import type { Inventory } from './inventory.ts'
import type { MachineRecord, MachineStore } from './machine-store.ts'
import { overlaySpec } from './merge-spec.ts'
import type { ProfileStore } from './profile-store.ts'
import type { Profiles } from './profiles.ts'
import { isWithin, requireWithin } from './scope.ts'
import { restoreSecrets } from './spec-secrets.ts'
import type { Principal } from './tokens.ts'
import type { Transactions } from './transactions.ts'

/** A machine of an inventory kept elsewhere may have no name. */
export type MachineDraft = Omit<MachineDocument, 'name'> & { name?: string | undefined }

export interface Wanted {
  document: MachineDraft | ProfileDocument
  /** Where people find it: `document 2`, `row 7`. */
  place: string
}

export interface ApplyOptions {
  /** Only tell what would come of it. */
  dryRun?: boolean
  /** Apply the others when some are refused, instead of nothing. */
  skipRefused?: boolean
  /** Labels and values that are not named stay, instead of going. */
  overlay?: boolean
}

export interface DocumentPorts {
  inventory: Inventory
  profiles: Profiles
  store: {
    machines: Pick<MachineStore, 'get' | 'byName' | 'byIdentity' | 'macs'>
    profiles: Pick<ProfileStore, 'byName'>
  }
  transactions: Transactions
}

/** Who makes a change: machines beyond the scope are not theirs. */
type By = Pick<Principal, 'actor' | 'scope'>

/** What one document does. */
interface Step {
  id: string
  before: Documented | undefined
  after: Documented
}

/** Ends a transaction whose work was only for looking at. */
class Undo extends Error {}

export class Documents {
  readonly #ports: DocumentPorts

  constructor(ports: DocumentPorts) {
    this.#ports = ports
  }

  /**
   * Creates and changes what the documents say, in one transaction: when one is refused, or it is a dry run, nothing is written, and the
   * results tell what would have been. What follows its document already is left alone, without a trace in its history.
   */
  apply(wanted: readonly Wanted[], options: ApplyOptions, by: By): ApplyResult {
    const { dryRun = false, skipRefused = false } = options
    let results: ApplyItem[] = []
    try {
      this.#ports.transactions.transaction(() => {
        const taken = new Map<string, string>()
        results = wanted.map((one) => this.#attempt(one, options, by, taken))
        const refused = results.some(({ outcome }) => outcome === 'refused')
        if (dryRun || (refused && !skipRefused)) throw new Undo()
      })
      return { applied: true, results }
    } catch (error) {
      if (!(error instanceof Undo)) throw error
      // What was created is no longer there.
      return { applied: false, results: results.map((one) => (one.outcome === 'created' ? { ...one, id: null } : one)) }
    }
  }

  /** Each by itself: what a refused one did is undone alone. */
  #attempt({ document, place }: Wanted, options: ApplyOptions, by: By, taken: Map<string, string>): ApplyItem {
    const { kind, name = null } = document
    try {
      const { id, before, after } = this.#ports.transactions.transaction(() => {
        const step = document.kind === 'machine' ? this.#machine(document, options, by) : this.#profile(document, by)
        const other = taken.get(step.id)
        if (other !== undefined) throw new CoreError('CONFLICT', `${other} is the same ${kind}: give each only once`)
        return step
      })
      taken.set(id, place)
      const changes = changesBetween(before, after)
      const outcome = before === undefined ? 'created' : changes.length > 0 ? 'changed' : 'unchanged'
      return { kind, name, id, outcome, changes, error: null }
    } catch (error) {
      if (!(error instanceof CoreError) || error.code.startsWith('STORE_')) throw error
      const { code, message, hint } = error
      return {
        kind,
        name,
        id: null,
        outcome: 'refused',
        changes: [],
        error: { code, message, ...(hint !== undefined && { hint }) },
      }
    }
  }

  #machine(draft: MachineDraft, { overlay = false }: ApplyOptions, { actor, scope }: By): Step {
    const { inventory, store } = this.#ports
    const found = this.#findMachine(draft, scope)
    if (!found) return this.#newMachine(draft, { actor, scope })
    const { id } = found
    const held = store.machines.macs([id]).get(id) ?? []
    const before = documented(found, held)
    const { name = found.name, macs = [], labels = found.labels } = draft
    const given = draft.spec && (overlay ? overlaySpec(found.ownSpec, draft.spec) : draft.spec)
    const after = {
      name,
      macs: [...new Set([...held, ...macs])].toSorted(),
      labels: overlay ? { ...found.labels, ...labels } : labels,
      spec: given ? restoreSecrets(given, found.ownSpec) : found.ownSpec,
      bmc: draft.bmc === undefined ? found.bmc : resolveBmc(draft.bmc, found.bmc),
    }
    const change = {
      ...(name !== found.name && { name }),
      ...(!isDeepStrictEqual(after.labels, found.labels) && { labels: after.labels }),
      ...(!isDeepStrictEqual(after.spec, found.ownSpec) && { spec: after.spec }),
      ...(!isDeepStrictEqual(after.bmc, found.bmc) && { bmc: after.bmc }),
    }
    if (change.labels) requireWithin(change.labels, scope)
    if (Object.keys(change).length > 0) inventory.change(id, change, actor)
    if (after.macs.length > held.length) inventory.addMacs(id, macs, actor)
    const shown = documented({ ...found, ...after, ownSpec: after.spec }, after.macs)
    return { id, before, after: shown }
  }

  #newMachine({ name, macs = [], labels = {}, spec = {}, bmc }: MachineDraft, { actor, scope }: By): Step {
    if (macs.length === 0) {
      const hint = 'give at least one MAC: machines are recognised by them'
      const problem =
        name === undefined
          ? 'it has neither a name nor a MAC'
          : `there is no machine ${name} to change, and without a MAC none can be added`
      throw new CoreError('VALIDATION', problem, { hint })
    }
    requireWithin(labels, scope)
    const given = { macs, labels, spec, ...(name !== undefined && { name }), ...(bmc && { bmc }) }
    const added = this.#ports.inventory.add(given, actor)
    return { id: added.id, before: undefined, after: documented(added, [...new Set(macs)].toSorted()) }
  }

  /** By its name and by each of its MACs, which must not contradict each other. */
  #findMachine({ name, macs = [] }: MachineDraft, scope: Scope | null): MachineRecord | undefined {
    const { machines } = this.#ports.store
    const named = name === undefined ? undefined : machines.byName(name)
    const holders = [
      ...(named ? [{ what: `the name ${name}`, record: named }] : []),
      ...macs.flatMap((mac) => {
        const record = machines.byIdentity('mac', mac)
        return record ? [{ what: `MAC ${mac}`, record }] : []
      }),
    ]
    // Before anything else is said of them.
    const beyond = holders.find(({ record }) => !isWithin(record.labels, scope))
    if (beyond) {
      const hint = 'ask somebody whose scope is wider'
      throw new CoreError('OUT_OF_SCOPE', `${beyond.what} is of a machine beyond your reach`, { hint })
    }
    const [first] = holders
    const other = holders.find(({ record }) => record.id !== first?.record.id)
    if (first && other) {
      const message = `${first.what} is of machine ${first.record.name}, ${other.what} of machine ${other.record.name}`
      throw new CoreError('CONFLICT', message, { hint: 'forget or rename one of them first' })
    }
    return first?.record
  }

  #profile({ name, selector, priority, spec }: ProfileDocument, { actor, scope }: By): Step {
    const { profiles, store } = this.#ports
    if (scope !== null) {
      const hint = 'ask somebody without a scope'
      throw new CoreError('OUT_OF_SCOPE', 'a profile concerns more than the machines of your scope', { hint })
    }
    const found = store.profiles.byName(name)
    if (!found) {
      const made = { name, selector, priority: priority ?? 0, spec: restoreSecrets(spec ?? {}, {}) }
      const { id } = profiles.create(made, actor)
      return { id, before: undefined, after: made }
    }
    const { id, revision: _, ...before } = found
    const after = {
      name,
      selector,
      priority: priority ?? before.priority,
      spec: spec ? restoreSecrets(spec, before.spec) : before.spec,
    }
    if (!isDeepStrictEqual(after, before)) profiles.update(id, after, actor)
    return { id, before, after }
  }
}

function documented({ name, labels, ownSpec, bmc }: MachineRecord, macs: readonly string[]): Documented {
  return { name, macs, labels, spec: ownSpec, ...(bmc && { bmc }) }
}
