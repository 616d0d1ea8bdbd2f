// Finds out whether KVM really runs a guest here. That /dev/kvm exists proves nothing inside a nested machine: some run real mode only, or
// have the host's processor in name but not its instructions.
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

/**
 * What kernels do before they say anything: a boot sector that goes from real mode into 64-bit mode with pages, computes there with BMI2
 * where the processor has it (kernels unpack themselves with it), and writes EXIT_VALUE to EXIT_PORT.
 */
const BOOT_SECTOR = Buffer.from(
  [
    'fa 31c0 8ed8 8ec0', // cli; xor ax, ax; mov ds, ax; mov es, ax
    'bf0010 b9000c 6631c0 fc f366ab', // clear 12 KiB at 0x1000: mov di, 0x1000; mov cx, 0xc00; xor eax, eax; cld; rep stosd
    'c70600100320 c70600200330 c606003083', // PML4 -> PDPT -> a page of 2 MiB at 0
    '66b800100000 0f22d8', // mov eax, 0x1000; mov cr3, eax
    '0f20e0 0c20 0f22e0', // CR4.PAE
    '66b9800000c0 0f32 80cc01 0f30', // EFER.LME
    '0f01167f7c', // lgdt [0x7c7f]
    '0f20c0 660d01000080 0f22c0', // CR0.PG and CR0.PE
    'ea597c0800', // jmp 8:0x7c59
    'b807000000 31c9 0fa2 0fbae308', // 64 bit: mov eax, 7; xor ecx, ecx; cpuid; bt ebx, 8 (BMI2)
    'b82a000000 730f', // mov eax, 0x2a; jnc to the end
    'b815000000 b901000000 c4e271f7c0', // mov eax, 0x15; mov ecx, 1; shlx eax, eax, ecx
    'e6f4 f4', // out 0xf4, al; hlt
    '0f00 857c0000', // at 0x7c7f: limit and address of
    '0000000000000000 00000000009a2000', // the descriptor table: none, and 64-bit code
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
)

/** `kvm` where a boot sector ran under it to its end, `tcg` elsewhere. Probed once per boot of this host. */
export async function accelerator(qemu: Qemu): Promise<Accelerator> {
  if (!existsSync('/dev/kvm')) return 'tcg'
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
  const folder = await buildOnce(
    'accelerator',
    [boot.trim(), process.getuid?.(), BOOT_SECTOR.toString('hex')],
    async (dir) => {
      await writeFile(join(dir, VERDICT), (await bootsUnder('kvm', qemu, dir)) ? 'kvm' : 'tcg')
    },
  )
  return (await readFile(join(folder, VERDICT), 'utf8')) as Accelerator
}

/**
 * Whether SeaBIOS and the boot sector run to their end within seconds, on the processor that machines get. `folder` takes the disk of
 * that guest.
 */
export async function bootsUnder(accel: Accelerator, qemu: Qemu, folder: string): Promise<boolean> {
  // SeaBIOS reads no disk smaller than a cylinder.
  const sector = Buffer.alloc(1024 * 1024)
  BOOT_SECTOR.copy(sector)
  sector.writeUInt16LE(0xaa55, 510)
  const image = join(folder, 'sector.img')
  await writeFile(image, sector)
  const [file = '', ...args] = qemu.command('qemu-system-x86_64')
  const machine = [
    '-machine',
    'q35',
    ...acceleratorArguments(accel),
    '-m',
    '64',
    '-display',
    'none',
    '-nodefaults',
    '-no-reboot',
  ]
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
