// A machine that only talks: it asks for its script, registers and reports as the real agent does, but has no disk. For tests of what
// the server and the page make of many machines.
import { randomUUID } from 'node:crypto'
import { Agent, fetch } from 'undici'
import { RegisterResponse, Task } from '../../server/contract/agent.ts'
import type { AgentEvent, InstallTask } from '../../server/contract/agent.ts'
import type { Facts } from '../../server/contract/facts.ts'
import type { LayersReport } from '../../server/contract/install-layers.ts'
import type { InstallStepName, ReasonCode } from '../../server/contract/install.ts'
import { facts as exampleFacts, plan as examplePlan } from '../agent/examples.ts'

export interface PretendServer {
  /** `http://127.0.0.1:8080` */
  http: string
  /** `https://127.0.0.1:8443` */
  https: string
  ca: string
}

const LAYERS = 5
const LAYER_BYTES = 31_200_000

/** One layer after the other, up to the share of all bytes. */
function layersAt(share: number, source: string): LayersReport {
  const table = Array.from({ length: LAYERS }, (_, n) => ({ digest: `sha256:${`${n}`.repeat(64)}`, size: LAYER_BYTES }))
  const changes = table.flatMap(({ size }, index): LayersReport['changes'] => {
    const bytes = Math.min(size, Math.round(share * size * LAYERS) - index * size)
    return bytes <= 0 ? [] : [{ index, state: bytes === size ? 'done' : 'streaming', bytes, source }]
  })
  return { table, changes }
}

const STEPS_BEFORE_FETCH: readonly InstallStepName[] = ['identify', 'plan', 'partition']
const STEPS_AFTER_FETCH: readonly InstallStepName[] = ['deploy', 'configure', 'bootloader', 'finalize']

export class PretendMachine implements Disposable {
  readonly mac: string
  readonly facts: Facts
  #server: PretendServer
  #dispatcher: Agent
  #session = ''
  #seq = 0

  /** Number `n` gives MAC, UUID and serials of its own. */
  constructor(server: PretendServer, n: number) {
    this.#server = server
    this.#dispatcher = new Agent({ connect: { ca: server.ca }, pipelining: 0 })
    const hex = n.toString(16).padStart(6, '0')
    this.mac = `52:54:00:${hex.match(/../g)!.join(':')}`
    this.facts = {
      ...exampleFacts,
      smbios: { ...exampleFacts.smbios, uuid: `0a1b2c3d-0000-4000-8000-000000${hex}`, serial: `R1-${hex}` },
      nics: exampleFacts.nics.map((nic) => ({ ...nic, mac: this.mac })),
      disks: exampleFacts.disks.map((disk) => ({ ...disk, serial: `DISK-${hex}` })),
    }
  }

  /** Netboots: resolves with the script it was given. */
  async askForScript(): Promise<string> {
    const query = new URLSearchParams({ mac: this.mac, uuid: this.facts.smbios.uuid!, arch: 'x86_64', platform: 'efi' })
    return (await fetch(`${this.#server.http}/boot/ipxe?${query}`)).text()
  }

  /** Netboots and registers; resolves with its id in the inventory. Given a join token, it comes from a stick. */
  async register(joinToken?: string): Promise<string> {
    const token = joinToken ?? /landfall\.token=(\S+)/.exec(await this.askForScript())?.[1]
    if (token === undefined) throw new Error(`${this.mac} was not sent into the installer`)
    const request = { bootMac: this.mac, facts: this.facts, agentVersion: '0.1.0', bootId: randomUUID() }
    const { session, machineId } = RegisterResponse.parse(await this.#call('POST', '/register', token, request))
    this.#session = session
    return machineId
  }

  /** What to do now; waits up to `seconds` for something. */
  async task(seconds = 0): Promise<Task> {
    return Task.parse(await this.#call('GET', `/task?wait=${seconds}`, this.#session))
  }

  /** Reports an install up to the share (0 to 1) of its bytes; with 1, to its end and the confirmation. */
  async install(task: InstallTask, share = 1): Promise<void> {
    this.#seq = task.nextEvent - 1
    for (const step of STEPS_BEFORE_FETCH) {
      if (step === 'plan') await this.#call('PUT', `/installs/${task.installId}/plan`, this.#session, this.#plan())
      await this.report(task, [
        { type: 'step-started', step, message: '' },
        { type: 'step-done', step, message: '' },
      ])
    }
    const totalBytes = LAYER_BYTES * LAYERS
    await this.report(task, [
      {
        type: 'step-started',
        step: 'fetch',
        message: `streaming 5 layers of ${task.image.targetReference}`,
        totalBytes,
      },
      { type: 'log', level: 'info', text: 'layer 1 of 5' },
    ])
    await this.progress(task, share)
    if (share < 1) return
    await this.report(task, [{ type: 'step-done', step: 'fetch', message: '' }])
    for (const step of STEPS_AFTER_FETCH) {
      await this.report(task, [
        { type: 'step-started', step, message: '' },
        { type: 'step-done', step, message: '' },
      ])
    }
    await this.report(task, [{ type: 'installed', mergeCommit: 'a'.repeat(64), agentPeakRss: 159_000_000 }])
    const { installId, image } = task
    await this.#call('POST', '/confirm', task.confirmToken, { installId, digest: image.digest })
  }

  /** Reports that the share of the image's bytes is there. */
  async progress(task: InstallTask, share: number): Promise<void> {
    const totalBytes = LAYER_BYTES * LAYERS
    const bytes = Math.round(share * totalBytes)
    const layers = layersAt(share, new URL(this.#server.https).host)
    await this.report(task, [{ type: 'progress', step: 'fetch', bytes, totalBytes, message: 'layer 4 of 5', layers }])
  }

  /** Reports that the running step failed. */
  async fail(task: InstallTask, code: ReasonCode, message: string, hint: string): Promise<void> {
    await this.report(task, [{ type: 'failed', step: 'fetch', failure: { code, message, hint } }])
  }

  async report({ installId }: InstallTask, events: AgentEvent[]): Promise<void> {
    const at = new Date().toISOString()
    const numbered = events.map((event) => ({ seq: ++this.#seq, at, event }))
    await this.#call('POST', `/installs/${installId}/events`, this.#session, { events: numbered })
  }

  [Symbol.dispose](): void {
    void this.#dispatcher.destroy()
  }

  #plan() {
    const disk = this.facts.disks[0]!
    return {
      ...examplePlan(disk),
      warnings: [`everything on ${disk.name} (${disk.model}, serial ${disk.serial}) will be lost`],
    }
  }

  async #call(method: string, path: string, bearer: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#server.https}/agent/v1${path}`, {
      method,
      dispatcher: this.#dispatcher,
      headers: { authorization: `Bearer ${bearer}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} /agent/v1${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
}
