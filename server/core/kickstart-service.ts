// Installs by Anaconda: the kickstart for whoever brings the right token, what its scripts fetch and tell, and those that fall silent.
import type { AgentEvent } from '../contract/agent.ts'
import type { AnacondaStage } from '../contract/anaconda.ts'
import type { Facts } from '../contract/facts.ts'
import { confirmEnvText } from '../contract/first-boot.ts'
import type { KickstartRelease } from '../contract/kickstart-release.ts'
import type { KickstartPreview, RenderedKickstart } from '../contract/kickstart.ts'
import { INSTALLER_AUTH } from '../contract/registry-files.ts'
import { SECRET_MASK } from '../contract/spec.ts'
import type { MachineSpec } from '../contract/spec.ts'
import { stageEvents } from './anaconda-stages.ts'
import { timestamp } from './clock.ts'
import type { Clock } from './clock.ts'
import { CoreError } from './errors.ts'
import type { EventLog } from './events.ts'
import { plausibleSerial } from './identity.ts'
import { isActive } from './install-state.ts'
import type { InstallInput } from './install-state.ts'
import type { InstallRecord, InstallStore } from './install-store.ts'
import type { Installs } from './installs.ts'
import type { Inventory } from './inventory.ts'
import type { MachineRecord, MachineStore } from './machine-store.ts'
import { maskForKickstart } from './spec-secrets.ts'
import type { InstallTokenClaims, Tokens } from './tokens.ts'
import type { Transactions } from './transactions.ts'

/** What a kickstart is made for. */
interface KickstartRequest {
  machine: MachineRecord
  facts: Facts | undefined
  spec: MachineSpec
  generation: number
  /** Repository and tag or digest below our registry, as the machine follows it. */
  followReference: string
  /** What that stands for; undefined while nothing is assigned. */
  image: { repository: string; digest: string } | undefined
  /** For the pull, where the repository is not for anybody. */
  pullToken: string | undefined
  /** Install token that its scripts use. */
  token: string
  /** When the install was created, ISO 8601. */
  createdAt: string
  /** Origin of the TLS listener as the machine reaches it; by default as the server is configured. */
  httpsUrl?: string | undefined
}

/** Makes kickstarts. Throws CoreError KICKSTART_INVALID with the reason, MEDIA_NOT_FOUND. */
export interface KickstartRenderer {
  render(request: KickstartRequest): {
    release: KickstartRelease
    text: string
    secrets: ReadonlyMap<string, string>
  }
}

/** What Anaconda tells of its machine with each request, by the options sendmac and sendsn. */
export interface AnacondaClient {
  macs: readonly string[]
  serial: string | undefined
  address: string | undefined
  /** Origin of the TLS listener at the address that was asked. */
  httpsUrl?: string
}

export interface KickstartServicePorts {
  inventory: Inventory
  machines: Pick<MachineStore, 'facts'>
  installs: Installs
  installStore: Pick<InstallStore, 'newest' | 'running'>
  tokens: Tokens
  events: EventLog
  transactions: Transactions
  clock: Clock
  renderer: KickstartRenderer
  /** Origin of the TLS listener, for the first-boot report. */
  httpsUrl: string
  /** Whether anybody may pull from this repository; by default they may. */
  isPublic?: (repository: string) => boolean
}

/** Anaconda reports at least once a minute while its scripts live. Before that it fetches a gigabyte. */
export const SILENCE_MS = 15 * 60 * 1000
/** As much as an agent may send in one line. */
const MAX_LINE = 16_384

export class KickstartService {
  readonly #ports: KickstartServicePorts

  constructor(ports: KickstartServicePorts) {
    this.#ports = ports
  }

  /**
   * The kickstart of a token's install, which begins with it, after its image was judged once more; asked again, the same. Rejects with
   * TOKEN_INVALID, TOKEN_EXPIRED, INSTALL_OVER when nothing is to be installed (any more), MACHINE_MISMATCH when another machine asks, and
   * KICKSTART_INVALID or MEDIA_NOT_FOUND, which end the install.
   */
  async kickstart(token: string, client: AnacondaClient): Promise<string> {
    const { inventory, installs, events } = this.#ports
    const asked = this.#armed(token)
    this.#requireSame(asked.machine, client)
    // Anaconda asks but once: it does not wait for layers that nobody has read yet.
    await installs.judge(asked.machine.id)
    const { install, machine, claims } = this.#armed(token)
    inventory.seen(machine.id, client.address)
    const { text } = this.#render(install, machine, token, { httpsUrl: client.httpsUrl })
    installs.advance(install.id, [{ type: 'task-taken', bootId: claims.id }], 'machine')
    if (install.bootId !== claims.id) {
      events.append({
        type: 'boot.script',
        machineId: machine.id,
        installId: install.id,
        actor: 'machine',
        message: `Anaconda fetched its kickstart for generation ${install.generation}`,
        data: { macs: client.macs, ...(client.serial !== undefined && { serial: client.serial }) },
      })
    }
    return text
  }

  /**
   * What a machine would be given, for `release` instead of that of its media, and what its newest install was given; secrets masked.
   * Throws MACHINE_NOT_FOUND, KICKSTART_INVALID, MEDIA_NOT_FOUND.
   */
  preview(machineId: string, release?: KickstartRelease): KickstartPreview {
    const { inventory, installStore, clock } = this.#ports
    const machine = inventory.get(machineId)
    const { spec } = inventory.mergedSpec(machineId)
    const newest = installStore.newest(machineId)
    const assigned = newest?.spec.installer === 'anaconda' ? newest : undefined
    // What the same reference stands for now is for the next assignment to find out.
    const isSame = assigned?.followReference === spec.image
    const wanted = {
      spec: { ...spec, kickstart: { ...spec.kickstart, ...(release && { release }) } },
      generation: assigned?.generation ?? machine.generation + 1,
      followReference: spec.image ?? 'no-image',
      createdAt: assigned?.createdAt ?? timestamp(clock),
      image: isSame ? assigned : undefined,
    }
    return {
      wanted: this.#shown(machine, wanted),
      assigned: assigned ? this.#shown(machine, { ...assigned, image: assigned }) : null,
    }
  }

  /** A secret file that `%pre` asks for. Throws as {@link kickstart}, and FILE_NOT_FOUND for a name this install has no file of. */
  secretFile(token: string, name: string): string {
    const { install, machine } = this.#armed(token)
    if (name === 'confirm.env') {
      const { id: installId, generation } = install
      const secret = this.#ports.tokens.issueConfirmToken({ machineId: machine.id, installId, generation })
      return confirmEnvText({ url: this.#ports.httpsUrl, token: secret, installId })
    }
    const pullToken = name === INSTALLER_AUTH ? this.#pullToken(install) : undefined
    const text = this.#render(install, machine, token, { pullToken }).secrets.get(name)
    if (text === undefined) throw new CoreError('FILE_NOT_FOUND', `install ${install.id} has no file ${name}`)
    return text
  }

  /** Throws TOKEN_INVALID, TOKEN_EXPIRED, INSTALL_OVER. */
  stage(token: string, stage: AnacondaStage, message: string): void {
    const { transactions, installs, inventory } = this.#ports
    transactions.transaction(() => {
      const { install, machine } = this.#armed(token)
      inventory.seen(machine.id)
      // A stage that comes at all proves that the kickstart was fetched, by whatever way.
      if (install.state === 'pending') throw new CoreError('CONFLICT', `install ${install.id} has not begun`)
      const events = stageEvents(install, stage, message)
      if (events.length > 0) installs.advance(install.id, events.map(asInput), 'machine')
    })
  }

  /** The end of one of Anaconda's logs, taken into the install's. Late ones are welcome: they tell why something failed. */
  log(token: string, name: string, text: string): void {
    const { tokens, installs, installStore, transactions, inventory } = this.#ports
    transactions.transaction(() => {
      const { machineId, generation } = tokens.checkInstallToken(token)
      const install = installStore.newest(machineId)
      if (install?.generation !== generation || install.state === 'pending') {
        throw new CoreError('INSTALL_OVER', 'the token belongs to no install that has begun')
      }
      inventory.seen(machineId)
      const lines = text.split('\n').filter((line) => line.trim() !== '')
      const events = lines.map((line): AgentEvent => ({
        type: 'log',
        level: 'debug',
        text: `${name}: ${line}`.slice(0, MAX_LINE),
      }))
      if (events.length > 0) installs.advance(install.id, events.map(asInput), 'machine')
    })
  }

  /** Ends installs whose Anaconda fetched its kickstart and then fell silent. Call it every minute or so. */
  endSilent(): void {
    const { installStore, installs, inventory, clock } = this.#ports
    for (const install of installStore.running().filter(({ spec }) => spec.installer === 'anaconda')) {
      const { lastSeenAt } = inventory.get(install.machineId)
      const silence = clock.now().getTime() - Date.parse(lastSeenAt ?? install.startedAt ?? timestamp(clock))
      if (silence < SILENCE_MS) continue
      const failure = {
        code: 'TIMEOUT' as const,
        message: `Anaconda has said nothing for ${Math.round(silence / 60_000)} minutes`,
        hint: 'look at its screen: a kernel panic, a question, or a network that is gone; assign the image again to try once more',
      }
      const step = install.steps.find(({ state }) => state === 'running')?.name ?? 'boot'
      installs.advance(install.id, [asInput({ type: 'failed', step, failure })], 'system')
    }
  }

  #shown(
    machine: MachineRecord,
    {
      spec,
      ...rest
    }: Pick<InstallRecord, 'spec' | 'generation' | 'followReference' | 'createdAt'> & Pick<KickstartRequest, 'image'>,
  ): RenderedKickstart {
    const { machines, renderer } = this.#ports
    const facts = machines.facts(machine.id)
    const { generation, followReference, createdAt, image } = rest
    const request = {
      machine,
      facts,
      spec: maskForKickstart(spec),
      generation,
      followReference,
      createdAt,
      token: SECRET_MASK,
      image,
      pullToken: this.#needsLogin(image) ? SECRET_MASK : undefined,
    }
    const { release, text, secrets } = renderer.render(request)
    return { release, text, files: [...secrets].map(([name, contents]) => ({ name, text: contents })) }
  }

  #needsLogin(image: { repository: string } | undefined): boolean {
    const { isPublic = () => true } = this.#ports
    return image !== undefined && !isPublic(image.repository)
  }

  /** A new one ends that of the machine before it: only for the file that it goes into. */
  #pullToken({ id: installId, machineId, repository }: InstallRecord): string {
    return this.#ports.tokens.issuePullToken({ machineId, installId, repository })
  }

  /** The install that a token is for, as long as it may go on. */
  #armed(token: string): { install: InstallRecord; machine: MachineRecord; claims: InstallTokenClaims } {
    const { tokens, installStore, inventory } = this.#ports
    const claims = tokens.checkInstallToken(token)
    const machine = inventory.get(claims.machineId)
    const install = installStore.newest(claims.machineId)
    const over = (why: string) =>
      new CoreError('INSTALL_OVER', `${machine.name}: ${why}`, { hint: 'boot the machine again' })
    if (install?.generation !== claims.generation) throw over('another image was assigned since the token was made')
    if (install.spec.installer !== 'anaconda') throw over('the install is not one by Anaconda')
    if (!isActive(install.state) || install.state === 'rebooting') {
      throw over(`the install is over (${install.state}${install.failure ? `: ${install.failure.message}` : ''})`)
    }
    return { install, machine, claims }
  }

  #requireSame(machine: MachineRecord, { macs, serial, address }: AnacondaClient): void {
    const { inventory, events } = this.#ports
    const other = macs
      .map((mac) => inventory.find({ mac }))
      .find((found) => found !== undefined && found.id !== machine.id)
    const known = plausibleSerial(machine.serial ?? undefined)
    const shown = plausibleSerial(serial)
    const reason =
      other !== undefined
        ? `its MAC addresses are those of ${other.name}`
        : known !== undefined && shown !== undefined && known !== shown
          ? `its serial number is ${shown}, not ${known}`
          : undefined
    if (reason === undefined) return
    const message = `the kickstart of ${machine.name} was refused to another machine: ${reason}`
    events.append({
      type: 'agent.refused',
      machineId: machine.id,
      message,
      data: { code: 'MACHINE_MISMATCH', macs, ...(address !== undefined && { address }) },
    })
    throw new CoreError('MACHINE_MISMATCH', message)
  }

  /** A kickstart that cannot be made ends its install: the machine would only ask again, and nobody would see why. */
  #render(
    install: InstallRecord,
    machine: MachineRecord,
    token: string,
    { httpsUrl, pullToken = SECRET_MASK }: { httpsUrl?: string | undefined; pullToken?: string | undefined },
  ) {
    const { spec, generation, followReference, createdAt } = install
    const facts = this.#ports.machines.facts(machine.id)
    try {
      return this.#ports.renderer.render({
        machine,
        facts,
        spec,
        generation,
        followReference,
        image: install,
        token,
        createdAt,
        httpsUrl,
        pullToken: this.#needsLogin(install) ? pullToken : undefined,
      })
    } catch (error) {
      if (error instanceof CoreError) {
        const { message, hint } = error
        const failure = { code: 'KICKSTART_INVALID' as const, message, ...(hint !== undefined && { hint }) }
        this.#ports.installs.advance(install.id, [{ type: 'refused', failure }], 'system')
      }
      throw error
    }
  }
}

function asInput(event: AgentEvent): InstallInput {
  return { type: 'agent-event', event }
}
