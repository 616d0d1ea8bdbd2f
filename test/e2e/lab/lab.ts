// The lab: a wire, machines on it, programs beside them, and everything they said kept for whoever reads a failure.

import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { RequestInit, Response } from 'undici'
import { qemuPackage, type QemuPackage } from '../../../boot-assets/qemu/package.ts'
import { LabError } from './errors.ts'
import { createMachine, type Machine } from './machine.ts'
import type { MachineOptions } from './machine-options.ts'
import { createNetwork, type Network } from './network.ts'
import { isOrphan, ownedName } from './owner.ts'
import { LabProcess, type ProcessOptions } from './process.ts'
import { createSshKey, type SshKey } from './ssh.ts'
import { Transcript } from './transcript.ts'

const ARTEFACTS = resolve(import.meta.dirname, '../../../dist/e2e')

export interface LabOptions {
  /** Names the folder of artefacts. */
  name: string
  /** The server's address and prefix length. */
  address?: string
  /** Hears of slow preparation, such as unpacking QEMU for the first time. */
  log?: (line: string) => void
}

/** Create it by `createLab`; disposing it ends and removes all but the artefacts. */
export class Lab implements AsyncDisposable {
  readonly network: Network
  /** Logs and screenshots of this scenario; kept. */
  readonly artefacts: string
  /** Disks, sockets and other files of this scenario; removed at the end. */
  readonly workFolder: string
  #qemu: QemuPackage
  #stack = new AsyncDisposableStack()
  #sshKey: Promise<SshKey> | undefined

  constructor(network: Network, qemu: QemuPackage, artefacts: string, workFolder: string) {
    this.network = network
    this.artefacts = artefacts
    this.workFolder = workFolder
    this.#qemu = qemu
    this.#stack.defer(() => rm(workFolder, { recursive: true, force: true }))
    this.#stack.use(network)
  }

  /** The server's address on the wire. */
  get address(): string {
    return this.network.address
  }

  /** Another wire, which only a host with a cable to both joins to the server's. The address is its bridge's. */
  async addNetwork(address: string): Promise<Network> {
    return this.#stack.use(await createNetwork({ address, folder: this.workFolder }))
  }

  /** Puts a machine on a wire, the server's by default, switched off. */
  async machine(options: MachineOptions, network = this.network): Promise<Machine> {
    const { artefacts, workFolder } = this
    const qemu = options.firmware === 'uefi-arm64' ? await qemuPackage(console.log, 'arm64') : this.#qemu
    return this.#stack.use(await createMachine(options, { network, artefacts, workFolder, qemu }))
  }

  /** Starts a program at the server's place on the wire; its output goes to the artefact `NAME.log`. */
  spawn(name: string, argv: readonly string[], options: ProcessOptions = {}): LabProcess {
    const log = new Transcript(name, join(this.artefacts, `${name}.log`))
    const program = new LabProcess(name, this.network.namespace.inside(argv), log, options)
    this.#stack.defer(async () => {
      await program.stop()
      await log.close()
    })
    return program
  }

  /** Makes a TCP port of the server reachable at 127.0.0.1; resolves with the local port. */
  exposeTcp(port: number, options?: { localPort?: number; host?: string }): Promise<number> {
    return this.network.exposeTcp(port, options)
  }

  /** `fetch` as if called on the wire. */
  fetchInside(url: string | URL, init?: RequestInit & { ca?: string }): Promise<Response> {
    return this.network.fetchInside(url, init)
  }

  /** The key to let the lab into deployed machines: its `publicLine` belongs into their spec. */
  sshKey(): Promise<SshKey> {
    this.#sshKey ??= createSshKey(this.workFolder)
    return this.#sshKey
  }

  /** Disposes something with the lab, before the wire goes. */
  use<T extends AsyncDisposable>(resource: T): T {
    return this.#stack.use(resource)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

/** A lab with an empty artefact folder. Throws UNAVAILABLE with the reason where this host cannot have one. */
export async function createLab({ name, address, log }: LabOptions): Promise<Lab> {
  const reason = labUnavailable()
  if (reason !== undefined) throw new LabError('UNAVAILABLE', reason)
  await removeOrphanFolders()
  const artefacts = join(ARTEFACTS, name.replace(/[^\w.-]+/g, '-'))
  await rm(artefacts, { recursive: true, force: true })
  const workFolder = join(tmpdir(), ownedName('files'))
  await mkdir(artefacts, { recursive: true })
  const qemu = await qemuPackage(log)
  await mkdir(workFolder)
  const network = await createNetwork({ folder: workFolder, ...(address !== undefined && { address }) })
  return new Lab(network, qemu, artefacts, workFolder)
}

/** Why this host cannot run whole machines, or undefined when it can. */
export function labUnavailable(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'whole machines need an x86-64 Linux host'
  if (process.getuid?.() !== 0) return 'whole machines need root (network namespaces, taps)'
  if (!existsSync('/dev/net/tun')) return 'whole machines need /dev/net/tun'
  if (!existsSync('/etc/debian_version')) return 'whole machines need a Debian host (QEMU comes from its mirror)'
  return undefined
}

async function removeOrphanFolders(): Promise<void> {
  for (const name of (await readdir(tmpdir())).filter(isOrphan)) {
    await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
}
