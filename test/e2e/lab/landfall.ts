// The server under test at its place on the wire: the real command, with a data folder of its own.

import { mkdir, readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { buildBootAssets } from '../../../boot-assets/build.ts'
import { installBootFiles } from '../../../boot-assets/install.ts'
import { ApiClient } from '../../../server/cli/client.ts'
import { Event } from '../../../server/contract/event.ts'
import { Install } from '../../../server/contract/install.ts'
import { LOCAL_ACCESS_FILE, LocalAccess } from '../../../server/contract/local-access.ts'
import { BulkResult } from '../../../server/contract/machine-bulk.ts'
import { Machine, MachineSummary, type MachineState } from '../../../server/contract/machine.ts'
import { Lease } from '../../../server/contract/system.ts'
import type { PartialSpec } from '../../../server/contract/spec.ts'
import type { CommandResult } from './command.ts'
import { LabError } from './errors.ts'
import type { Lab } from './lab.ts'
import type { Network } from './network.ts'
import type { LabProcess } from './process.ts'

const COMMAND = resolve(import.meta.dirname, '../../../server/cli/landfall.js')
const HTTPS_PORT = 8443
const START_TIMEOUT = 60_000
const POLL_INTERVAL = 300
/** An emulated machine on two busy cores takes its time. */
const STATE_TIMEOUT = 20 * 60_000

export interface LandfallOptions {
  /** Further flags of `landfall serve`. */
  flags?: readonly string[]
  /** Whether it has the installer for 64-bit ARM too. */
  arm64?: boolean
  /** Where the web page is to be reached outside the lab; any free port by default. */
  localPort?: number
  log?: (line: string) => void
}

/** Create it by `startLandfall`; it ends with the lab. */
export class Landfall {
  /** The web page and API as seen from outside the lab. */
  readonly url: string
  readonly dataDir: string
  readonly ca: string
  /** The command line's own client of the API, as administrator. */
  readonly api: ApiClient
  #lab: Lab
  #flags: readonly string[]
  #process: LabProcess

  constructor(
    lab: Lab,
    process: LabProcess,
    access: LocalAccess,
    dataDir: string,
    port: number,
    flags: readonly string[],
  ) {
    this.#lab = lab
    this.#process = process
    this.#flags = flags
    this.dataDir = dataDir
    this.ca = access.ca
    this.url = `https://127.0.0.1:${port}`
    this.api = new ApiClient({ ...access, url: this.url })
  }

  /** Standard output and log of the running server. */
  get process(): LabProcess {
    return this.#process
  }

  /** The link that logs in once. Throws when somebody has logged in before this server's start. */
  get loginLink(): string {
    const [line] = this.#process.log.matching(/#token=/)
    if (line === undefined) throw new LabError('ENDED', 'the server printed no login link')
    return `${this.url}/${line.slice(line.indexOf('#'))}`
  }

  /** Starts it again after `process.kill()` or `process.stop()`, on the same data. */
  async restart(): Promise<void> {
    this.#process = await launch(this.#lab, this.dataDir, this.#flags)
  }

  /** Runs the real command line on the server's machine; resolves with what it printed. */
  async cli(...args: string[]): Promise<string> {
    return (await this.command(args)).stdout
  }

  /** The same with all it printed, for commands that take long. */
  command(args: readonly string[], { timeout = 600_000 } = {}): Promise<CommandResult> {
    return this.#lab.network.namespace.exec(this.argv(args), { timeout })
  }

  /** The argument list of the real command line, for `lab.spawn`. */
  argv(args: readonly string[]): string[] {
    return [process.execPath, COMMAND, '--data-dir', this.dataDir, ...args]
  }

  /** Brings in all images of an OCI layout as tags of one repository. */
  async importImages(layout: string, repository: string): Promise<void> {
    await this.cli('image', 'import', layout, '--as', repository)
  }

  async machines(): Promise<MachineSummary[]> {
    return (await this.api.call('GET', '/machines', z.object({ items: z.array(MachineSummary) }))).items
  }

  /** The machine with this MAC. Throws while it is unknown. */
  async machine(mac: string): Promise<Machine> {
    const found = (await this.machines()).find(({ macs }) => macs.includes(mac))
    if (!found) throw new LabError('TIMED_OUT', `the inventory has no machine with MAC ${mac}`)
    return this.api.call('GET', `/machines/${found.id}`, Machine)
  }

  async install(id: string): Promise<Install> {
    return this.api.call('GET', `/installs/${id}`, Install)
  }

  async events(machineId: string): Promise<Event[]> {
    return (await this.api.call('GET', `/machines/${machineId}/events`, z.object({ items: z.array(Event) }))).items
  }

  /** The address that the machine with this MAC has by DHCP, once it has one. */
  async leaseOf(mac: string): Promise<string> {
    const lease = await this.until(`${mac} has an address`, async () => {
      const { items } = await this.api.call('GET', '/leases', z.object({ items: z.array(Lease) }))
      return items.find((one) => one.mac === mac && one.state === 'bound') ?? 'none yet'
    })
    return lease.address
  }

  /** Puts a machine into the inventory before it was ever seen. Resolves with its id. */
  async addMachine(mac: string, name: string): Promise<string> {
    return (await this.api.call('POST', '/machines', Machine, { macs: [mac], name })).id
  }

  /** Assigns an image to one machine; resolves with the id of the install. */
  async assign(machineId: string, image: string, spec: PartialSpec = {}): Promise<string> {
    const { results } = await this.api.call('POST', '/machines/bulk', BulkResult, {
      machines: [machineId],
      action: { type: 'assign', image, spec },
    })
    const [result] = results
    if (!result?.installId) throw new LabError('COMMAND_FAILED', `assigning ${image}: ${result?.error?.message}`)
    return result.installId
  }

  /**
   * Resolves with the machine as soon as it is in one of the states. Throws at once when it fails instead, with the reason, and
   * TIMED_OUT with the state it is in.
   */
  waitForState(
    mac: string,
    states: MachineState | MachineState[],
    options: { timeout?: number } = {},
  ): Promise<Machine> {
    const wanted = [states].flat()
    return this.until(
      `${mac} is ${wanted.join(' or ')}`,
      async () => {
        const machine = await this.machine(mac)
        if (wanted.includes(machine.state)) return machine
        if (machine.state === 'failed')
          throw new Fatal(`${mac} failed: ${machine.failure?.code}: ${machine.failure?.message}`)
        return `it is ${machine.state}`
      },
      options,
    )
  }

  /** Resolves with the install as soon as `step` moves bytes beyond the share (0 to 1) of what it has to move. */
  waitForProgress(installId: string, step: Install['steps'][number]['name'], share = 0): Promise<Install> {
    return this.until(`install ${installId}: ${step} beyond ${share * 100} %`, async () => {
      const install = await this.install(installId)
      const { bytes, totalBytes, state } = install.steps.find(({ name }) => name === step)!
      if (install.failure) throw new Fatal(`${install.failure.code}: ${install.failure.message}`)
      if (state === 'done') throw new Fatal(`step ${step} is over already`)
      return state === 'running' && bytes > share * totalBytes ? install : `${bytes} of ${totalBytes} bytes`
    })
  }

  /** Asks until the answer is no sentence about what is missing. Errors count as not yet: a server may be starting again. */
  async until<T extends object>(
    what: string,
    probe: () => Promise<T | string>,
    { timeout = STATE_TIMEOUT }: { timeout?: number } = {},
  ): Promise<T> {
    const deadline = Date.now() + timeout
    for (;;) {
      const answer = await probe().catch((error: unknown) => {
        if (error instanceof Fatal) throw new LabError('COMMAND_FAILED', `waiting until ${what}: ${error.message}`)
        return error instanceof Error ? error.message : String(error)
      })
      if (typeof answer !== 'string') return answer
      if (Date.now() > deadline)
        throw new LabError('TIMED_OUT', `waiting until ${what}: ${answer} after ${timeout / 1000} s`)
      await sleep(POLL_INTERVAL)
    }
  }
}

/** What no waiting can mend. */
class Fatal extends Error {}

/** Builds what is not built yet and starts `landfall serve` as the DHCP server of the lab's wire. */
export async function startLandfall(
  lab: Lab,
  { flags = [], arm64 = false, localPort, log = () => {} }: LandfallOptions = {},
): Promise<Landfall> {
  const dataDir = join(lab.workFolder, 'landfall')
  await mkdir(dataDir, { recursive: true })
  await installBootFiles(await buildBootAssets({ log, arm64 }), join(dataDir, 'boot'))
  const all = ['--name', 'landfall.lab', '--log-level', 'debug', ...addressing(lab.network), ...flags]
  const process = await launch(lab, dataDir, all)
  const access = LocalAccess.parse(JSON.parse(await readFile(join(dataDir, LOCAL_ACCESS_FILE), 'utf8')))
  const port = await lab.exposeTcp(HTTPS_PORT, localPort === undefined ? {} : { localPort })
  return new Landfall(lab, process, access, dataDir, port, all)
}

/** The server lends addresses of the wire's network, of the same family as its own. */
function addressing({ address, prefixLength }: Network): string[] {
  if (isIPv6(address)) {
    const network = address.replace(/[0-9a-f]*$/, '')
    const six = ['--dhcp6-mode', 'stateful', '--dhcp6-interface', 'br0']
    return [
      ...six,
      '--dhcp6-subnet-prefix',
      `${network}/${prefixLength}`,
      '--dhcp6-subnet-pool',
      `${network}1000-${network}1fff`,
    ]
  }
  const [a, b, c] = address.split('.')
  const network = ['--dhcp-interface', 'br0', '--dhcp-subnet-cidr', `${a}.${b}.${c}.0/${prefixLength}`]
  return ['--dhcp-mode', 'server', ...network, '--dhcp-subnet-pool', `${a}.${b}.${c}.100-${a}.${b}.${c}.199`]
}

async function launch(lab: Lab, dataDir: string, flags: readonly string[]): Promise<LabProcess> {
  const server = lab.spawn('landfall', [process.execPath, COMMAND, 'serve', '--data-dir', dataDir, ...flags])
  await server.log.waitForLine(/^Landfall \S+ serves /, { timeout: START_TIMEOUT })
  return server
}
