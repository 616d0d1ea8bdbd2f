// Finds out whether KVM really runs a guest here. That /dev/kvm exists proves nothing inside a nested machine.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildOnce } from '../cache.ts'
import type { Qemu } from './package.ts'

export type Accelerator = 'kvm' | 'tcg'

const PROBE_TIMEOUT = 5_000
const VERDICT = 'verdict'
const EXIT_PORT = 0xf4
const EXIT_VALUE = 0x2a
/** isa-debug-exit turns a value written by the guest into this exit status of QEMU. */
const PROOF = (EXIT_VALUE << 1) | 1

/** `kvm` where a boot sector ran under it to its end, `tcg` elsewhere. Probed once per boot of this host. */
export async function accelerator(qemu: Qemu): Promise<Accelerator> {
  if (!existsSync('/dev/kvm')) return 'tcg'
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
  const folder = await buildOnce('accelerator', [boot.trim(), process.getuid?.()], async (dir) => {
    await writeFile(join(dir, VERDICT), (await bootsUnder('kvm', qemu, dir)) ? 'kvm' : 'tcg')
  })
  return (await readFile(join(folder, VERDICT), 'utf8')) as Accelerator
}

/**
 * Whether SeaBIOS and a boot sector of two instructions (`mov al, 0x2a; out 0xf4, al`) run to their end within seconds.
 * `folder` takes the disk of that guest.
 */
export async function bootsUnder(accel: Accelerator, qemu: Qemu, folder: string): Promise<boolean> {
  // SeaBIOS reads no disk smaller than a cylinder.
  const sector = Buffer.alloc(1024 * 1024)
  Buffer.from([0xb0, EXIT_VALUE, 0xe6, EXIT_PORT]).copy(sector)
  sector.writeUInt16LE(0xaa55, 510)
  const image = join(folder, 'sector.img')
  await writeFile(image, sector)
  const [file = '', ...args] = qemu.command('qemu-system-x86_64')
  const machine = ['-machine', 'q35', '-accel', accel, '-m', '64', '-display', 'none', '-nodefaults']
  const exit = ['-device', `isa-debug-exit,iobase=${EXIT_PORT},iosize=4`]
  const child = spawn(file, [...args, ...machine, ...exit, '-drive', `file=${image},format=raw`], {
    env: { ...process.env, ...qemu.env },
    stdio: 'ignore',
    timeout: PROBE_TIMEOUT,
    killSignal: 'SIGKILL',
  })
  return new Promise((resolve) => {
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === PROOF))
  })
}

/** Arguments that choose the accelerator and the best processor it can give. */
export function acceleratorArguments(accelerator: Accelerator): string[] {
  return accelerator === 'kvm' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=multi', '-cpu', 'max']
}
