// The virtual machine that installs onto the disk: our own kernel and initramfs, one disk, one way to the server.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { acceleratorArguments } from '../../boot-assets/qemu/accelerator.ts'
import type { Accelerator } from '../../boot-assets/qemu/accelerator.ts'
import type { Qemu } from '../../boot-assets/qemu/package.ts'

/** Where QEMU's user network shows the host's loopback to the guest. */
export const HOST_ADDRESS = '10.0.2.2'
/** Of its only disk and card, by which the install names them. */
export const DISK_SERIAL = 'landfall-disk-image'
export const MAC = '52:54:00:4c:46:01'

const MEMORY_MIB = 2048
const MAX_PROCESSORS = 4
const TAIL_BYTES = 4096

export interface VirtualMachineOptions {
  qemu: Qemu
  accelerator: Accelerator
  vmlinuz: string
  initrd: string
  kernelArguments: readonly string[]
  /** Raw file. */
  disk: string
  /** Takes the serial console and QEMU's own words. */
  log: string
}

export interface VirtualMachine extends AsyncDisposable {
  readonly running: boolean
  /** Resolves when it is off, for whatever reason; never rejects. */
  readonly exited: Promise<void>
  /** The end of its console, for a person to read. */
  tail(): Promise<string>
}

/** Starts it. It never outlives this process; disposing it cuts its power. */
export async function startVirtualMachine(options: VirtualMachineOptions): Promise<VirtualMachine> {
  const { qemu, log } = options
  const [file = '', ...args] = qemu.command('qemu-system-x86_64')
  const output = await open(log, 'a')
  let child: ChildProcess
  try {
    child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', file, ...args, ...machineArguments(options)], {
      env: { ...process.env, ...qemu.env },
      stdio: ['ignore', output.fd, output.fd],
    })
  } finally {
    // The child has its own descriptor.
    await output.close()
  }
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  })
  return {
    get running() {
      return child.pid !== undefined && child.exitCode === null && child.signalCode === null
    },
    exited,
    tail: () => tailOf(log),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** QEMU's arguments. A disk that is full or broken on the host is an I/O error to the guest, not a machine that stands still. */
export function machineArguments(options: Omit<VirtualMachineOptions, 'qemu'>): string[] {
  const { accelerator, vmlinuz, initrd, kernelArguments, disk } = options
  const drive = `if=none,id=disk0,file=${escaped(disk)},format=raw,cache=unsafe,discard=unmap,detect-zeroes=unmap`
  return [
    ['-name', 'landfall-disk-image', '-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot'],
    ['-machine', 'q35', ...acceleratorArguments(accelerator)],
    ['-smp', String(Math.min(MAX_PROCESSORS, availableParallelism())), '-m', String(MEMORY_MIB)],
    ['-device', 'virtio-rng-pci', '-serial', 'stdio'],
    ['-kernel', vmlinuz, '-initrd', initrd, '-append', kernelArguments.join(' ')],
    ['-netdev', 'user,id=net0', '-device', `virtio-net-pci,netdev=net0,mac=${MAC},romfile=`],
    ['-drive', drive],
    ['-device', `virtio-blk-pci,drive=disk0,serial=${DISK_SERIAL},werror=report,rerror=report`],
  ].flat()
}

/** A comma ends a value of QEMU's options unless it is doubled. */
function escaped(path: string): string {
  return path.replaceAll(',', ',,')
}

async function tailOf(file: string): Promise<string> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const length = Math.min(size, TAIL_BYTES)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length)
    // A console positions and colours; a person reads lines.
    return buffer
      .toString('utf8', 0, bytesRead)
      .split('\u001b')
      .map((text, at) => (at === 0 ? text : text.replace(/^\[[0-9;?]*[A-Za-z]/, '')))
      .join('')
      .replaceAll('\r', '')
      .trim()
  } finally {
    await handle.close()
  }
}
