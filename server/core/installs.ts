// Installs from assignment to confirmation: what people ask for, what agents are told and tell, stored as one step each.
import type {
  ConfirmRequest,
  DiskImageTask,
  EventsRequest,
  EventsResponse,
  PlanResponse,
  RecoveryKeyResponse,
  RegisterRequest,
  RegisterResponse,
  Task,
} from '../contract/agent.ts'
import { DEFAULT_ARCHITECTURE } from '../contract/common.ts'
import type { Install, InstallDetail } from '../contract/install.ts'
import type { MachineMedium } from '../contract/medium.ts'
import type { StoragePlan } from '../contract/plan.ts'
import type { MachineSpec, PartialSpec } from '../contract/spec.ts'
import { trustHint } from '../contract/trust.ts'
import { beyondAgent, beyondDiskImage } from '../contract/agent-limits.ts'
import { wantsInstall } from './boot.ts'
import type { BootMachine } from './boot.ts'
import { timestamp } from './clock.ts'
import type { Clock } from './clock.ts'
import { forEachMachine } from './each-machine.ts'
import type { MachineOutcome } from './each-machine.ts'
import { CoreError } from './errors.ts'
import type { EventLog } from './events.ts'
import { uuidV7 } from './ids.ts'
import type { ImageCatalog, ResolvedImage, ResolveFailure } from './images.ts'
import type { ContentGate, ContentVerdict } from './layers.ts'
import { InstallLayers } from './install-layers.ts'
import { installNotes } from './install-notes.ts'
import { isActive, moveInstall, newInstall } from './install-state.ts'
import type { InstallInput, InstallNote, InstallRefusal } from './install-state.ts'
import type { InstallRecord, InstallStore, LogLine } from './install-store.ts'
import { installOf } from './install-view.ts'
import type { Inventory } from './inventory.ts'
import type { KickstartRenderer } from './kickstart-service.ts'
import type { MachineRecord, MachineStore } from './machine-store.ts'
import { overlaySpec } from './merge-spec.ts'
import { requiredMedium } from './required-medium.ts'
import { restoreSecrets } from './spec-secrets.ts'
import type { AgentSession, Tokens } from './tokens.ts'
import type { Transactions } from './transactions.ts'
import type { TrustCheck, TrustGate } from './trust.ts'
import { Wakeups } from './wakeups.ts'

export interface InstallsPorts {
  inventory: Inventory
  machines: Pick<MachineStore, 'update' | 'facts'>
  installs: InstallStore
  tokens: Tokens
  images: Pick<ImageCatalog, 'resolve'>
  trust: TrustGate
  contents: ContentGate
  events: EventLog
  transactions: Transactions
  clock: Clock
  /** `host:port` under which deployed machines reach our registry. */
  registry: string
  /** Whether anybody may pull from a repository. */
  isPublic?: (repository: string) => boolean
  /** Given to every task of a server that makes disk images instead of machines. */
  diskImage?: DiskImageTask | undefined
  /** What the agent's screen calls this server. */
  serverName: string
  kickstarts: KickstartRenderer
  /** A boot medium by its id. */
  medium: (id: string) => unknown
}

/** What machines shall become; what the spec says is kept as their own. */
interface Assignment {
  machines: readonly string[]
  image: string
  spec?: PartialSpec | undefined
}

/** An image that may be installed, and why. */
type AllowedImage = ResolvedImage & { trust: TrustCheck; content: ContentVerdict }

/** Each takes a second or more to be tried. */
const MAX_FORMER_KEYS = 16
const DEFAULT_LOG_LIMIT = 1000
/** Lines kept of one install: an agent gone mad shall not fill the disk. */
const MAX_LOG_LINES = 20_000

export class Installs {
  readonly #ports: InstallsPorts
  readonly #layers: InstallLayers
  readonly #wakeups = new Wakeups()

  constructor(ports: InstallsPorts) {
    this.#ports = ports
    this.#layers = new InstallLayers(ports)
  }

  // --- people

  /**
   * Gives each machine the image, as a new generation that replaces an unfinished one; an agent that waits starts at once. Machines fail
   * one by one, with the code in the result: MACHINE_NOT_FOUND, MACHINE_RETIRED, or why the image does not resolve or is not believed.
   */
  assign({ machines, image, spec }: Assignment, actor: string): Promise<MachineOutcome[]> {
    return this.#installEach([...new Set(machines)], () => image, actor, { ...spec, image })
  }

  /** As `assign`, with what each machine's spec says now; a further code is VALIDATION, without an image. */
  reinstallEach(machines: readonly string[], actor: string): Promise<MachineOutcome[]> {
    return this.#installEach(machines, (machine) => this.#wantedImage(machine), actor)
  }

  /**
   * A new generation of what the machine's spec says now, its tag resolved anew. Throws MACHINE_NOT_FOUND, MACHINE_RETIRED, VALIDATION
   * without an image, or why the image does not resolve or is not believed.
   */
  async reinstall(machineId: string, actor: string): Promise<Install> {
    const machine = this.#assignable(machineId)
    const resolved = await this.#resolver()(machine, this.#wantedImage(machine))
    return installOf(this.#create(machineId, resolved, actor))
  }

  /** Ends an unfinished install. Throws INSTALL_NOT_FOUND, INSTALL_OVER. */
  cancel(installId: string, actor: string): Install {
    return this.#ports.transactions.transaction(() =>
      installOf(this.#apply(this.#record(installId), { type: 'cancelled', by: actor }, actor)),
    )
  }

  /** Ends every install that could still write to a disk; returns how many there were. */
  cancelUnfinished(actor: string): number {
    const { installs, transactions } = this.#ports
    return transactions.transaction(() => {
      const unfinished = installs.unfinished()
      for (const { id } of unfinished) this.cancel(id, actor)
      return unfinished.length
    })
  }

  /**
   * Moves an install by what happened to it, all or nothing. Throws INSTALL_NOT_FOUND, and INSTALL_OVER or CONFLICT when that makes no
   * sense.
   */
  advance(installId: string, inputs: readonly InstallInput[], actor: string): InstallRecord {
    return this.#ports.transactions.transaction(() => this.#applyAll(this.#record(installId), inputs, actor))
  }

  /** A machine as the boot decision wants it: with what its waiting install boots, as it was when it was assigned. */
  toBoot({ id, state, generation }: MachineRecord): BootMachine {
    const waiting = wantsInstall(state) ? this.#ports.installs.newestBoot(id) : undefined
    return { id, state, generation, installer: waiting?.installer, media: waiting?.media }
  }

  /** The recovery key of the install's disks, which is forgotten hereby. Throws INSTALL_NOT_FOUND, CONFLICT when there is none. */
  takeRecoveryKey(installId: string, actor: string): string {
    const { installs, events, transactions } = this.#ports
    return transactions.transaction(() => {
      const { machineId } = this.#record(installId)
      const key = installs.recoveryKey(installId)
      if (key === null) {
        const hint =
          'it is made when disks.encryption.recoveryKey is set, and shown only once; the history says to whom'
        throw new CoreError('CONFLICT', 'no recovery key of this install is kept', { hint })
      }
      installs.keepRecoveryKey(installId, null)
      const message = 'the recovery key was shown, and is kept no longer'
      events.append({ type: 'install.recovery-key', machineId, installId, actor, message })
      return key
    })
  }

  /** Throws INSTALL_NOT_FOUND. */
  get(installId: string): Install {
    return installOf(this.#record(installId))
  }

  /** With its layers. Throws INSTALL_NOT_FOUND. */
  detail(installId: string): InstallDetail {
    return { ...this.get(installId), layers: this.#layers.of(installId) }
  }

  /** Newest first. Throws MACHINE_NOT_FOUND. */
  listFor(machineId: string): Install[] {
    this.#ports.inventory.get(machineId)
    return this.#ports.installs.listFor(machineId).map(installOf)
  }

  /** Undefined when there is no such install. */
  machineOf(installId: string): string | undefined {
    return this.#ports.installs.get(installId)?.machineId
  }

  /** Log lines after line `after`, oldest first, at most `limit` (1000 by default). Throws INSTALL_NOT_FOUND. */
  log(installId: string, { after = 0, limit = DEFAULT_LOG_LIMIT }: { after?: number; limit?: number } = {}): LogLine[] {
    this.#record(installId)
    return this.#ports.installs.log(installId, after, limit)
  }

  /**
   * What a medium needs that installs this machine without asking: its waiting install, and a secret for the report of the first boot.
   * Throws MACHINE_NOT_FOUND, CONFLICT when no install waits.
   */
  mediumFor(machineId: string): MachineMedium {
    const { inventory, installs, tokens, registry } = this.#ports
    const { name, macs, serial } = inventory.toSummary(machineId)
    const install = installs.newest(machineId)
    if (install?.state !== 'pending') {
      const hint = 'assign an image to it, or reinstall it'
      throw new CoreError('CONFLICT', `machine ${name} has no install that waits to begin`, { hint })
    }
    const { id: installId, generation, spec, repository, digest, followReference, trust } = install
    return {
      name,
      macs,
      serial,
      spec,
      image: { repository, digest, targetReference: `${registry}/${followReference}` },
      ...(trust && { trust: trust.basis }),
      installId,
      token: tokens.issueConfirmToken({ machineId, installId, generation }),
    }
  }

  // --- machines

  /** Notes that a machine was handed the installer. Call it for a boot decision `install`, when it is carried out. */
  bootServed(machineId: string): void {
    this.#ports.transactions.transaction(() => {
      const install = this.#ports.installs.newest(machineId)
      if (install) this.#apply(install, { type: 'boot-served' }, 'machine')
    })
  }

  /**
   * Lets an agent in: stores its facts and opens its session, which ends the machine's former one. Another bootId in the middle of an
   * install makes that start over. An install token is one machine's own; with a join token a machine comes in by its identity, unknown
   * ones as discovered. Throws TOKEN_INVALID, TOKEN_EXPIRED, MACHINE_RETIRED, MACHINE_NOT_FOUND.
   */
  openSession(token: string, request: RegisterRequest, address?: string): RegisterResponse {
    const { tokens, inventory, transactions, installs, serverName } = this.#ports
    const { bootId } = request
    return transactions.transaction(() => {
      const joined = tokens.isJoinToken(token) ? this.#identified(request, address) : undefined
      const claims = joined ? { machineId: joined.id, generation: joined.generation } : tokens.checkInstallToken(token)
      const { state, name } = inventory.get(claims.machineId)
      if (state === 'retired') throw new CoreError('MACHINE_RETIRED', `machine ${name} is retired`)
      const machineId = inventory.recordFacts(claims.machineId, request.facts)
      inventory.seen(machineId, address)
      tokens.endOlderGenerations(machineId, claims.generation)
      const session = tokens.openAgentSession({ machineId, bootId })
      const install = installs.newest(machineId)
      if (install) this.#apply(install, { type: 'agent-registered', bootId }, 'machine')
      this.#wakeAfterCommit(machineId)
      return { machineId, machineName: inventory.get(machineId).name, session, serverName }
    })
  }

  /** Throws TOKEN_INVALID. */
  authenticateSession(bearer: string): AgentSession {
    return this.#ports.tokens.checkAgentSession(bearer)
  }

  /** The one repository that an agent may pull from with this secret: undefined once the install is over. */
  pullableBy(secret: string): string | undefined {
    const claims = this.#ports.tokens.pullToken(secret)
    const install = claims && this.#ports.installs.get(claims.installId)
    return install?.state === 'running' ? claims?.repository : undefined
  }

  /**
   * What the agent shall do now. With nothing to do it answers `wait`, after `waitMs` or when the signal aborts; an assignment ends the
   * wait at once. Throws TOKEN_INVALID when a newer session took over meanwhile.
   */
  async nextTask(session: AgentSession, waitMs: number, signal?: AbortSignal): Promise<Task> {
    const { machineId } = session
    this.#ports.inventory.seen(machineId)
    let mayWait = waitMs > 0
    for (;;) {
      const judged = await this.judge(machineId)
      // What was assigned while another one was judged is judged in its turn. From here on nothing comes between.
      if (this.#waiting(machineId)?.id !== judged?.installId) continue
      const task = this.#task(session, judged?.content)
      if (task.type !== 'wait' || !mayWait) return task
      await this.#wakeups.wait(machineId, waitMs, signal)
      mayWait = false
    }
  }

  /**
   * Judges the install of a machine once more, if nobody has taken it yet: since it was created, policies and signatures may have changed, and layers were
   * read. One that is no longer allowed fails with the reason. While layers are still being read, that wakes the machine when there is news.
   */
  async judge(machineId: string): Promise<{ installId: string; content: ContentVerdict } | undefined> {
    const { installs, trust, contents, transactions } = this.#ports
    const waiting = this.#waiting(machineId)
    if (!waiting) return undefined
    const check = await trust.check(waiting)
    const news = contents.settled()
    const content = await contents.check(waiting)
    if (contentMessage(content) !== undefined) void news.then(() => this.#wakeups.wake(machineId))
    transactions.transaction(() => {
      const install = this.#record(waiting.id)
      if (install.state !== 'pending') return
      const judged = { ...install, trust: check }
      installs.save(judged, install)
      const failure = refusalOf(check, content)
      if (failure) this.#apply(judged, { type: 'refused', failure }, 'system')
    })
    return { installId: waiting.id, content }
  }

  /** Stores the plan before anything is written. Not `go` once the install was cancelled or replaced. Throws INSTALL_NOT_FOUND. */
  recordPlan(session: AgentSession, installId: string, plan: StoragePlan): PlanResponse {
    const { installs, events, transactions } = this.#ports
    return transactions.transaction(() => {
      const install = this.#own(session, installId)
      if (install.state !== 'running') return { go: false, reason: `the install is ${install.state}` }
      installs.save({ ...install, plan })
      events.append({
        type: 'install.plan',
        machineId: install.machineId,
        installId,
        actor: 'machine',
        message: `will write to ${plan.disks.map(({ device }) => device).join(' and ')}`,
        data: {
          disks: plan.disks.map(({ device, disk }) => ({ device, name: disk.name, serial: disk.serial ?? null })),
          warnings: plan.warnings,
        },
      })
      return { go: true }
    })
  }

  /** Keeps the key before anything is encrypted with it; a later one of the same install replaces it. Throws INSTALL_NOT_FOUND, INSTALL_OVER. */
  recordRecoveryKey(session: AgentSession, installId: string, key: string): RecoveryKeyResponse {
    const { installs, events, transactions } = this.#ports
    return transactions.transaction(() => {
      const { machineId, state } = this.#own(session, installId)
      if (state !== 'running') throw new CoreError('INSTALL_OVER', `the install is ${state}`)
      installs.keepRecoveryKey(installId, key)
      const message = 'a recovery key of its disks is kept, to be shown once'
      events.append({ type: 'install.recovery-key', machineId, installId, actor: 'machine', message })
      return { kept: true }
    })
  }

  /**
   * Takes in what the agent reports, all or nothing; what came before is skipped. Throws INSTALL_NOT_FOUND, EVENT_GAP when a number is
   * missing.
   */
  recordEvents(session: AgentSession, installId: string, request: EventsRequest): EventsResponse {
    const { transactions, inventory } = this.#ports
    return transactions.transaction(() => {
      const before = this.#own(session, installId)
      let install = before
      inventory.seen(session.machineId)
      const notes: (InstallNote & { at: string })[] = []
      let machine: MachineRecord['state'] | 'idle' | undefined
      for (const { seq, at, event } of request.events) {
        if (seq <= install.lastEvent) continue
        if (seq !== install.lastEvent + 1) {
          const message = `install ${installId}: expected event ${install.lastEvent + 1}, got ${seq}`
          throw new CoreError('EVENT_GAP', message)
        }
        const moved = this.#move(install, { type: 'agent-event', event }, at)
        install = { ...install, ...moved.install, lastEvent: seq }
        machine = moved.machine ?? machine
        notes.push(...moved.notes.map((note) => ({ ...note, at })))
      }
      this.#store(before, install, machine, notes, 'machine')
      return { acknowledged: install.lastEvent, cancelled: wasStopped(install) }
    })
  }

  /**
   * The deployed system tells what it runs, from an address that may be another than the installer's. Throws TOKEN_INVALID, TOKEN_EXPIRED, WRONG_DIGEST (stored as the install's failure),
   * INSTALL_OVER.
   */
  confirm(confirmToken: string, { installId, digest, commit, kernel }: ConfirmRequest, address?: string): void {
    const { tokens, transactions, machines, inventory } = this.#ports
    const wrong = transactions.transaction(() => {
      const claims = tokens.checkConfirmToken(confirmToken)
      if (claims.installId !== installId) {
        throw new CoreError('TOKEN_INVALID', `the token belongs to another install than ${installId}`)
      }
      const install = this.#record(installId)
      const input: InstallInput = { type: 'confirmed', digest, expected: install.digest }
      const at = timestamp(this.#ports.clock)
      const moved = this.#move(install, input, at)
      inventory.seen(install.machineId, address)
      const first = install.confirmedDigest === null
      if (first) machines.update(install.machineId, { runningDigest: digest })
      const next = { ...install, ...moved.install }
      const told = moved.notes.map((note) => ({ ...note, at, ...(note.note === 'succeeded' && { commit, kernel }) }))
      this.#store(install, next, moved.machine, told, 'machine')
      if (next.state === 'succeeded') tokens.endInstaller(install.machineId)
      return moved.notes.some(({ note }) => note === 'wrong-digest') ? next : undefined
    })
    // After the commit: the failure is to be kept, the caller to be told.
    if (wrong) throw new CoreError('WRONG_DIGEST', wrong.failure?.message ?? 'another digest was installed')
  }

  /** Ends all waiting polls, so that the server can stop. */
  stop(): void {
    this.#wakeups.stop()
  }

  // --- inside

  #task(session: AgentSession, content: ContentVerdict | undefined): Task {
    const { tokens, installs, transactions, inventory } = this.#ports
    const { machineId, bootId } = session
    if (tokens.agentSessionOf(machineId)?.bootId !== bootId) {
      throw new CoreError('TOKEN_INVALID', 'another registration of this machine has ended the session')
    }
    const newest = installs.newest(machineId)
    if (newest?.spec.installer === 'anaconda' && newest.state === 'pending') return { type: 'reboot' }
    if ((newest?.state !== 'pending' && newest?.state !== 'running') || newest.spec.installer === 'anaconda') {
      return { type: 'wait', message: waitMessage(inventory.get(machineId), newest) }
    }
    const reason = newest.state === 'pending' ? contentMessage(content) : undefined
    if (reason !== undefined) return { type: 'wait', message: reason }
    return transactions.transaction(() => {
      const install = this.#apply(newest, { type: 'task-taken', bootId }, 'machine')
      const { id: installId, generation, spec, repository, digest, followReference, trust } = install
      const { registry, diskImage, isPublic = () => true } = this.#ports
      const formerKeys = this.#formerKeys(install)
      return {
        type: 'install',
        installId,
        generation,
        spec,
        image: { repository, digest, targetReference: `${registry}/${followReference}` },
        ...(trust && { trust: trust.basis }),
        ...(content?.state === 'read' && content.layers.length > 0 && { readLayers: [...content.layers] }),
        ...(!isPublic(repository) && { pullToken: tokens.issuePullToken({ machineId, installId, repository }) }),
        confirmToken: tokens.issueConfirmToken({ machineId, installId, generation }),
        ...(diskImage && { diskImage }),
        ...(formerKeys.length > 0 && { formerKeys }),
        nextEvent: install.lastEvent + 1,
      }
    })
  }

  /** What may open encrypted disks of the machine that the install is to keep; its own passphrase is in its spec. */
  #formerKeys({ id, machineId, spec }: InstallRecord): string[] {
    const { installs, events } = this.#ports
    const { encryption, volumes } = spec.disks
    if (encryption === undefined || !volumes.some(({ preserve }) => preserve)) return []
    const keys = installs
      .listFor(machineId)
      .filter((other) => other.id !== id)
      .flatMap((other) => [other.spec.disks.encryption?.passphrase ?? [], installs.recoveryKey(other.id) ?? []].flat())
    const former = [...new Set(keys)].filter((key) => key !== encryption.passphrase).slice(0, MAX_FORMER_KEYS)
    if (former.length > 0) {
      const message = 'keys of earlier installs went to the installer, to open the encrypted disks that stay'
      events.append({ type: 'install.recovery-key', machineId, installId: id, actor: 'system', message })
    }
    return former
  }

  /** The machine that these facts are of, by any of its cards; brought in now if it is a stranger. */
  #identified({ bootMac, facts }: RegisterRequest, address: string | undefined): MachineRecord {
    const { inventory } = this.#ports
    const known = facts.nics.map(({ mac }) => inventory.find({ mac })).find((machine) => machine !== undefined)
    const { uuid, serial } = facts.smbios
    return known ?? inventory.discover({ mac: bootMac, uuid, serial }, { address, architecture: facts.architecture })
  }

  async #installEach(
    machines: readonly string[],
    imageOf: (machine: MachineRecord) => string,
    actor: string,
    change?: PartialSpec,
  ): Promise<MachineOutcome[]> {
    const resolve = this.#resolver()
    const images = new Map<string, AllowedImage | CoreError>()
    return forEachMachine(this.#ports.transactions, machines, {
      prepare: async (slice) => {
        for (const id of slice) {
          const image = await attempt(async () => {
            const machine = this.#assignable(id)
            return resolve(machine, imageOf(machine))
          })
          images.set(id, image)
        }
      },
      work: (machineId) => {
        const image = images.get(machineId)!
        images.delete(machineId)
        if (image instanceof CoreError) throw image
        return this.#create(machineId, image, actor, change).id
      },
    })
  }

  #wantedImage({ id, name }: MachineRecord): string {
    const { image } = this.#ports.inventory.mergedSpec(id).spec
    if (image !== undefined) return image
    const hint = 'assign an image to it, or to a profile of its labels'
    throw new CoreError('VALIDATION', `machine ${name} has no image`, { hint })
  }

  #create(machineId: string, image: AllowedImage, actor: string, change?: PartialSpec): InstallRecord {
    const { inventory, machines, installs, events, transactions, clock } = this.#ports
    return transactions.transaction(() => {
      const machine = this.#assignable(machineId)
      const former = installs.newestActive(machineId)
      if (former) this.#apply(former, { type: 'superseded' }, actor)
      const generation = machine.generation + 1
      machines.update(machineId, {
        generation,
        ...(change && { ownSpec: overlaySpec(machine.ownSpec, restoreSecrets(change, machine.ownSpec)) }),
      })
      const { spec } = inventory.mergedSpec(machineId)
      this.#requirePossible(machine, spec, image)
      const install: InstallRecord = {
        ...newInstall(),
        id: uuidV7(clock.now()),
        machineId,
        generation,
        image: image.reference,
        repository: image.repository,
        digest: image.digest,
        followReference: image.followReference,
        spec,
        trust: image.trust,
        plan: null,
        lastEvent: 0,
        createdAt: timestamp(clock),
      }
      installs.insert(install)
      events.append({
        type: 'install.created',
        machineId,
        installId: install.id,
        actor,
        message: `${image.reference} was assigned to ${machine.name} as generation ${generation}`,
        data: { image: image.reference, digest: image.digest, generation },
      })
      inventory.changeState(machineId, 'assigned', actor)
      this.#wakeAfterCommit(machineId)
      return install
    })
  }

  /** Moves an install by one input and stores the outcome. Throws INSTALL_OVER or CONFLICT when the input makes no sense. */
  #apply(install: InstallRecord, input: InstallInput, actor: string): InstallRecord {
    return this.#applyAll(install, [input], actor)
  }

  #applyAll(before: InstallRecord, inputs: readonly InstallInput[], actor: string): InstallRecord {
    const at = timestamp(this.#ports.clock)
    const notes: (InstallNote & { at: string })[] = []
    let install = before
    let machine: MachineRecord['state'] | 'idle' | undefined
    for (const input of inputs) {
      const moved = this.#move(install, input, at)
      install = { ...install, ...moved.install }
      machine = moved.machine ?? machine
      notes.push(...moved.notes.map((note) => ({ ...note, at })))
    }
    this.#store(before, install, machine, notes, actor)
    return install
  }

  #move(install: InstallRecord, input: InstallInput, at: string) {
    const moved = moveInstall(install, input, at)
    if ('refused' in moved) throw refusal(install, moved)
    return moved
  }

  #store(
    before: InstallRecord,
    install: InstallRecord,
    machineState: MachineRecord['state'] | 'idle' | undefined,
    notes: (InstallNote & { at: string })[],
    actor: string,
  ): void {
    const { installs, inventory, machines, events } = this.#ports
    const { machineId } = install
    installs.save(install, before)
    if (notes.some(({ note }) => note === 'disk-touched')) machines.update(machineId, { runningDigest: null })
    const reports = notes.flatMap((note) => (note.note === 'layers' ? [note.report] : []))
    const layers = this.#layers.record(install.id, reports, { isOver: install.state !== 'running' })
    const { lines, events: told } = installNotes(install, notes, {
      actor,
      lastLine: installs.lastLogLine(install.id),
      maxLines: MAX_LOG_LINES,
      layers,
    })
    installs.appendLog(install.id, lines)
    for (const event of told) events.append(event)
    if (machineState === undefined) return
    const machine = inventory.get(machineId)
    inventory.changeState(machineId, machineState === 'idle' ? this.#idleState(machine) : machineState, actor)
    if (!isActive(install.state)) this.#wakeAfterCommit(machineId)
  }

  /** The install that no agent has taken yet. */
  #waiting(machineId: string): InstallRecord | undefined {
    const newest = this.#ports.installs.newest(machineId)
    return newest?.state === 'pending' ? newest : undefined
  }

  /** Resolves each reference once per architecture, and judges what it stands for. */
  #resolver(): (machine: MachineRecord, reference: string) => Promise<AllowedImage> {
    const known = new Map<string, Promise<AllowedImage | ResolveFailure>>()
    return async (machine, reference) => {
      const architecture = machine.architecture ?? DEFAULT_ARCHITECTURE
      const key = `${architecture} ${reference}`
      const resolving = known.get(key) ?? this.#resolve(reference, architecture)
      known.set(key, resolving)
      const image = await resolving
      if ('code' in image) throw new CoreError(image.code, image.message)
      const refused = refusalOf(image.trust, image.content)
      if (refused) throw new CoreError(refused.code, refused.message, { hint: refused.hint })
      return image
    }
  }

  async #resolve(reference: string, architecture: string): Promise<AllowedImage | ResolveFailure> {
    const image = await this.#ports.images.resolve(reference, architecture)
    if ('code' in image) return image
    const { trust, contents } = this.#ports
    return { ...image, trust: await trust.check(image), content: await contents.check(image) }
  }

  /** Refuses before anything is stored what would fail on the machine. */
  #requirePossible(machine: MachineRecord, spec: MachineSpec, image: ResolvedImage): void {
    const { kickstarts, machines, clock, medium, isPublic = () => true } = this.#ports
    if (spec.installer === 'anaconda') {
      // A kickstart whose release the spec names could be made without one, but nothing would start Anaconda.
      requiredMedium(spec.media, medium)
      const facts = machines.facts(machine.id)
      const generation = machine.generation + 1
      const createdAt = timestamp(clock)
      const { followReference } = image
      const token = 'lfi_trial'
      const pullToken = isPublic(image.repository) ? undefined : token
      kickstarts.render({ machine, facts, spec, generation, followReference, image, token, pullToken, createdAt })
      return
    }
    const beyond = this.#ports.diskImage ? beyondDiskImage(spec) : beyondAgent(spec)
    if (beyond.length === 0) return
    const message = `Landfall's agent cannot carry out ${beyond.join(', ')}`
    throw new CoreError('VALIDATION', message, { hint: 'leave these values out, or set installer to anaconda' })
  }

  #assignable(machineId: string): MachineRecord {
    const machine = this.#ports.inventory.get(machineId)
    if (machine.state === 'retired') throw new CoreError('MACHINE_RETIRED', `machine ${machine.name} is retired`)
    return machine
  }

  #record(installId: string): InstallRecord {
    const install = this.#ports.installs.get(installId)
    if (!install) throw new CoreError('INSTALL_NOT_FOUND', `there is no install ${installId}`)
    return install
  }

  /** An agent sees only the installs of its own machine. */
  #own({ machineId }: AgentSession, installId: string): InstallRecord {
    const install = this.#record(installId)
    if (install.machineId === machineId) return install
    throw new CoreError('INSTALL_NOT_FOUND', `this machine has no install ${installId}`)
  }

  /** What the machine was before an assignment that changed nothing on it. */
  #idleState({ id, runningDigest, origin }: MachineRecord): MachineRecord['state'] {
    if (runningDigest !== null) return 'deployed'
    return origin === 'person' || this.#ports.machines.facts(id) ? 'ready' : 'discovered'
  }

  #wakeAfterCommit(machineId: string): void {
    this.#ports.transactions.afterCommit(() => this.#wakeups.wake(machineId))
  }
}

/** Why an image is not to be installed; undefined when it may be. */
function refusalOf({ verdict, basis }: TrustCheck, content: ContentVerdict) {
  if (verdict.code === null) {
    if (content.state !== 'refused') return undefined
    const { code, message, hint } = content
    return { code, message: `the image is not fit to be installed: ${message}`, hint }
  }
  const { pattern, require } = basis.policy
  const message = `the image is not trusted: ${verdict.message} (policy for ${pattern}: ${require})`
  return { code: verdict.code, message, hint: trustHint(verdict.code) }
}

/** The server, not the agent, ended it. */
function wasStopped({ state, failure }: InstallRecord): boolean {
  return state === 'superseded' || (state === 'failed' && failure?.code === 'CANCELLED')
}

/** Why the machine waits for its image; undefined when it need not. */
function contentMessage(content: ContentVerdict | undefined): string | undefined {
  if (content?.state !== 'reading' && content?.state !== 'fetching') return undefined
  const count = `${content.layers} of ${content.totalLayers} layers`
  if (content.state === 'reading') return `Landfall reads the image first: ${count}.`
  const { problem } = content
  return `Landfall fetches the image first: ${count}.${problem === undefined ? '' : ` It tries again: ${problem}`}`
}

function waitMessage({ state }: MachineRecord, install: InstallRecord | undefined): string {
  if (state === 'failed' && install?.failure) {
    return `The last install failed: ${install.failure.message}. Waiting for another assignment.`
  }
  if (state === 'rebooting') return 'This machine is installed and should start from its disk.'
  if (state === 'deployed') return 'This machine is deployed. Reinstall it to start over.'
  return 'Waiting for an image to be assigned.'
}

function refusal({ id }: InstallRecord, { refused, over }: InstallRefusal): CoreError {
  return new CoreError(over ? 'INSTALL_OVER' : 'CONFLICT', `install ${id}: ${refused}`)
}

async function attempt<T>(work: () => Promise<T>): Promise<T | CoreError> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CoreError && !error.code.startsWith('STORE_')) return error
    throw error
  }
}
