// One virtual machine: power, consoles, cable, screen. Its disks and UEFI variables survive power cycles.

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { accelerator } from '../../../boot-assets/qemu/accelerator.ts'
import type { QemuPackage } from '../../../boot-assets/qemu/package.ts'
import { run } from './command.ts'
import { LabError } from './errors.ts'
import { keystrokes, type Chord } from './keys.ts'
import {
  OVMF,
  qemuArguments,
  type DiskOptions,
  type MachineChannels,
  type MachineHardware,
  type MachineOptions,
} from './machine-options.ts'
import type { Network } from './network.ts'
import { LabProcess, type Exit } from './process.ts'
import { openQmp, type Qmp } from './qmp.ts'
import { Ssh, type SshKey } from './ssh.ts'
import { Transcript } from './transcript.ts'

const GIB = 1024 ** 3
const START_TIMEOUT = 60_000
const DEFAULT_TIMEOUT = 900_000

export interface MachineSite {
  network: Network
  qemu: QemuPackage
  /** Where disks, variables and sockets live; short, for the sake of socket paths. */
  workFolder: string
  /** Where logs and screenshots go. */
  artefacts: string
}

interface Power {
  process: LabProcess
  qmp: Qmp
  serial: Socket
}

/** A race of TCG between one processor that moves a device's memory and another that uses it: seen in QEMU 10. */
const QEMU_BUG = /iotlb_to_section: Assertion `section_index < d->map\.sections_nb' failed/
/** TCG lost the timer interrupt of a processor, which then sleeps for ever: the guest says so every 21 s. Seen in QEMU 10. */
const LOST_TIMER = /rcu_preempt kthread timer wakeup didn't happen/
/** A guest on a host that is merely busy may say it once. */
const LOST_TIMER_SIGNS = 3
const MAX_CRASHES = 2
/** Exit code of a program that a shell saw abort. */
const ABORTED = 134

/** Create it by `createMachine`; it starts powered off. Disposing it cuts the power and leaves its disk files. */
export class Machine implements AsyncDisposable {
  readonly hardware: MachineHardware
  /** The serial console, of all boots. */
  readonly serial: Transcript
  #site: MachineSite
  #qemuLog: Transcript
  #power: Power | undefined
  #screenshots = 0
  #crashes = 0
  /** What QEMU did to the guest without ending itself; then we end it. */
  #fault: string | undefined

  constructor(hardware: MachineHardware, site: MachineSite) {
    this.hardware = hardware
    this.#site = site
    this.serial = new Transcript(`${hardware.name} serial`, join(site.artefacts, `${hardware.name}-serial.log`))
    this.#qemuLog = new Transcript(`${hardware.name} qemu`, join(site.artefacts, `${hardware.name}-qemu.log`))
  }

  get name(): string {
    return this.hardware.name
  }

  get mac(): string {
    return this.hardware.mac
  }

  get running(): boolean {
    return this.#power?.process.running ?? false
  }

  /** Presses the power button of a machine that is off. Resolves when it runs; throws ENDED with QEMU's words if it can't. */
  async powerOn(): Promise<void> {
    if (this.running) throw new LabError('BAD_MACHINE', `powering on ${this.name}: it is on already`)
    const { network, qemu, workFolder } = this.#site
    const channels: MachineChannels = {
      serial: join(workFolder, `${this.name}-serial.sock`),
      qmp: join(workFolder, `${this.name}-qmp.sock`),
      tpm: join(workFolder, `${this.name}-tpm.sock`),
    }
    if (this.hardware.tpm) await this.#startTpm(channels.tpm)
    const argv = qemuArguments(this.hardware, channels, qemu, await accelerator(qemu))
    const serialCall = await expectCall(channels.serial)
    const qmpCall = await expectCall(channels.qmp)
    const options = { env: qemu.env }
    const process = new LabProcess(`${this.name} qemu`, network.namespace.inside(argv), this.#qemuLog, options)
    try {
      const [serial, control] = await orEnd(process, Promise.all([serialCall.connection, qmpCall.connection]))
      const watch = this.#timerWatch()
      serial.on('data', (chunk: Buffer) => {
        this.serial.append(chunk)
        if (this.#fault !== undefined || this.#crashes === MAX_CRASHES || !watch()) return
        this.#fault = 'it lost the timer of a processor'
        void process.kill()
      })
      serial.on('error', () => {})
      this.#power = { process, serial, qmp: await orEnd(process, openQmp(control)) }
    } catch (cause) {
      await process.kill()
      throw new LabError('ENDED', `powering on ${this.name}: QEMU said: ${this.#qemuLog.tail()}`, { cause })
    } finally {
      await Promise.all([serialCall.close(), qmpCall.close()])
    }
    void process.exited.then((exit) => this.#ended(exit))
  }

  /** Says whether the guest told of a lost timer often enough since this was called; to be asked whenever it said something. */
  #timerWatch(): () => boolean {
    const { lines } = this.serial
    let read = lines.length
    let signs = 0
    return () => {
      for (; read < lines.length; read++) if (LOST_TIMER.test(lines[read]!)) signs++
      return signs >= LOST_TIMER_SIGNS
    }
  }

  /** A fault of QEMU's own is a power cut to the guest: the power comes back, so that a test does not wait for a machine that is gone. */
  async #ended({ code, signal }: Exit): Promise<void> {
    const isAbort = signal === 'SIGABRT' || code === ABORTED
    const fault = isAbort && QEMU_BUG.test(this.#qemuLog.tail()) ? this.#qemuLog.tail().trim() : this.#fault
    this.#fault = undefined
    if (fault === undefined || this.#crashes === MAX_CRASHES) {
      this.serial.end(`${this.name} has no power`)
      return
    }
    this.#crashes++
    console.error(`${this.name}: QEMU failed (${fault}); it is powered on again`)
    await this.powerOn().catch((error: unknown) => this.serial.end(`${this.name} has no power: ${String(error)}`))
  }

  /** Holds the power button until it is off: the guest is not asked, what QEMU holds is written. Fine when already off. */
  async powerOff(): Promise<void> {
    if (!this.running) return
    // QEMU may be gone before it answers.
    await this.qmp.execute('quit').catch(() => {})
    await this.waitForExit()
  }

  /** It ends with QEMU, which is its only client. */
  async #startTpm(socket: string): Promise<void> {
    const state = join(this.#site.workFolder, `${this.name}-tpm`)
    await mkdir(state, { recursive: true })
    const argv = ['swtpm', 'socket', '--tpm2', '--tpmstate', `dir=${state}`, '--ctrl', `type=unixio,path=${socket}`]
    await rm(socket, { force: true })
    const tpm = new LabProcess(`${this.name} swtpm`, [...argv, '--terminate'], this.#qemuLog)
    while (tpm.running && !existsSync(socket)) await sleep(50)
    if (!tpm.running) throw new LabError('ENDED', `powering on ${this.name}: swtpm said: ${this.#qemuLog.tail()}`)
  }

  /** Pulls a disk out of a machine that is off, or puts it back. */
  plugDisk(at: number, plugged: boolean): void {
    if (this.running) throw new LabError('BAD_MACHINE', `changing disks of ${this.name}: it is on`)
    const disk = this.hardware.disks[at]
    if (!disk) throw new LabError('BAD_MACHINE', `machine ${this.name} has no disk ${at}`)
    disk.unplugged = !plugged
  }

  /** Pulls the mains plug: QEMU is killed where it stands, and what the guest had not written is lost. */
  async cut(): Promise<void> {
    await this.#power?.process.kill()
  }

  /** Presses the reset button. */
  async reset(): Promise<void> {
    await this.qmp.execute('system_reset')
  }

  /** Presses the power button briefly: a running system shuts down in order. */
  async pressPower(): Promise<void> {
    await this.qmp.execute('system_powerdown')
  }

  /** Resolves when the machine is off, by whoever's doing. Throws TIMED_OUT with the end of the serial log. */
  async waitForExit({ timeout = DEFAULT_TIMEOUT } = {}): Promise<Exit> {
    if (!this.#power) throw new LabError('BAD_MACHINE', `waiting for the end of ${this.name}: it was never powered on`)
    return this.#within(timeout, 'waiting until it is off', this.#power.process.exited)
  }

  /** Resolves with the data of the next QMP event of that name, e.g. `RESET` when the guest reboots. */
  async waitForEvent(event: string, { timeout = DEFAULT_TIMEOUT } = {}): Promise<unknown> {
    const [data] = await this.#within(timeout, `waiting for QMP event ${event}`, once(this.qmp.events, event))
    return data
  }

  /** The control channel of the running machine. */
  get qmp(): Qmp {
    if (!this.#power || !this.running) throw new LabError('BAD_MACHINE', `controlling ${this.name}: it is off`)
    return this.#power.qmp
  }

  /** Types on the serial console. */
  writeSerial(text: string): void {
    if (!this.running) throw new LabError('BAD_MACHINE', `typing on the serial console of ${this.name}: it is off`)
    this.#power?.serial.write(text)
  }

  /** Types text on the keyboard, or presses chords such as `[['ctrl', 'alt', 'delete']]`. */
  async sendKeys(keys: string | Chord[]): Promise<void> {
    for (const chord of typeof keys === 'string' ? keystrokes(keys) : keys) {
      await this.qmp.execute('send-key', { keys: chord.map((data) => ({ type: 'qcode', data })) })
    }
  }

  /** Pulls the network cable. */
  async linkDown(): Promise<void> {
    await this.qmp.execute('set_link', { name: 'nic0', up: false })
  }

  async linkUp(): Promise<void> {
    await this.qmp.execute('set_link', { name: 'nic0', up: true })
  }

  /** What the screen shows, as a PNG among the artefacts; resolves with its path. */
  async screenshot(label = 'screen'): Promise<string> {
    const filename = join(this.#site.artefacts, `${this.name}-${++this.#screenshots}-${label}.png`)
    await this.qmp.execute('screendump', { filename, format: 'png' })
    return filename
  }

  /** The file behind a disk, by its place in `disks`. */
  diskFile(at = 0): string {
    const disk = this.hardware.disks[at]
    if (!disk) throw new LabError('BAD_MACHINE', `machine ${this.name} has no disk ${at}`)
    return disk.file
  }

  /** Commands in the running system, as root over its network. */
  ssh(address: string, key: SshKey): Ssh {
    return new Ssh(this.#site.network.namespace, address, key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut()
    await this.serial.close()
    await this.#qemuLog.close()
  }

  async #within<T>(timeout: number, what: string, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `${this.name}: ${what}: not within ${timeout / 1000} s; serial ends with:\n${this.serial.tail()}`
        reject(new LabError('TIMED_OUT', message))
      }, timeout)
    })
    return Promise.race([work, late]).finally(() => clearTimeout(timer))
  }
}

/** Builds the machine: its tap, its empty disks, its copy of the UEFI variables. It stays off. */
export async function createMachine(options: MachineOptions, site: MachineSite): Promise<Machine> {
  const { name, firmware = 'uefi' } = options
  const variables = join(site.workFolder, `${name}-variables.fd`)
  if (firmware !== 'bios') await copyFile(site.qemu.firmware(OVMF[firmware].variables), variables)
  const disks = await Promise.all((options.disks ?? []).map((disk, at) => createDisk(disk, `${name}-disk${at}`, site)))
  const hardware: MachineHardware = {
    name,
    firmware,
    // The iPXE ROM of a virtio card never starts under this SeaBIOS.
    nic: options.nic ?? (firmware === 'bios' ? 'e1000e' : 'virtio-net-pci'),
    mac: options.mac ?? randomMac(),
    rom: options.rom ?? firmware === 'bios',
    memoryMiB: options.memoryMiB ?? 2048,
    cpus: options.cpus ?? 2,
    bootOrder: options.bootOrder ?? ['network', 'disk'],
    netboot: options.netboot ?? 'pxe',
    serialNumber: options.serialNumber ?? `LAB-${name}`,
    uuid: options.uuid ?? randomUUID(),
    tap: await site.network.addTap(),
    idleTaps: await Promise.all(Array.from({ length: options.idleNics ?? 0 }, () => site.network.addTap())),
    variables,
    disks,
    tpm: options.tpm ?? false,
  }
  return new Machine(hardware, site)
}

async function createDisk(options: DiskOptions, name: string, { workFolder, qemu }: MachineSite) {
  const { sizeGiB = 8, bus = 'virtio', serial = name, cache = 'unsafe', sectorSize = 512, base } = options
  const file = options.file ?? join(workFolder, `${name}.img`)
  if (base !== undefined) {
    const overlay = ['create', '-f', 'qcow2', '-F', 'qcow2', '-b', base, file]
    await run([...qemu.command('qemu-img'), ...overlay], { env: { ...process.env, ...qemu.env } })
  } else if (options.file === undefined) {
    await writeFile(file, '')
    await truncate(file, sizeGiB * GIB)
  }
  // NVMe and SCSI show 20 characters, virtio as many: a longer one would be cut silently.
  if (serial.length > 20)
    throw new LabError('BAD_MACHINE', `disk ${name}: serial ${serial} is longer than 20 characters`)
  const format = base === undefined ? ('raw' as const) : ('qcow2' as const)
  return { file, bus, serial, cache, sectorSize, format, unplugged: false }
}

/** Locally administered, QEMU's own range. */
function randomMac(): string {
  return `52:54:00:${randomUUID().slice(0, 6).match(/../g)?.join(':')}`
}

/** Listens on a socket for the one call that QEMU makes at its start. */
async function expectCall(path: string) {
  await rm(path, { force: true })
  const server = createServer()
  server.listen(path)
  await once(server, 'listening')
  const connection = once(server, 'connection').then(([socket]) => socket as Socket)
  return { connection, close: async () => void server.close() }
}

async function orEnd<T>(process: LabProcess, work: Promise<T>): Promise<T> {
  const ended = process.exited.then(() => {
    throw new LabError('ENDED', `${process.name} ended at its start`)
  })
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new LabError('TIMED_OUT', `${process.name} did not call back`)), START_TIMEOUT).unref()
  })
  return Promise.race([work, ended, late])
}
