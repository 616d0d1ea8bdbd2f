// QEMU 10 and its firmware, from Debian 13 packages, run where it was unpacked: on any Debian, without installing it.
import { join } from 'node:path'
import { debianRoot } from '../debian/root.ts'
import type { Log } from '../debian/run.ts'

const PACKAGES = {
  amd64: ['qemu-system-x86', 'qemu-utils', 'ovmf', 'seabios', 'ipxe-qemu'],
  arm64: ['qemu-system-arm', 'qemu-efi-aarch64', 'ipxe-qemu'],
}
const LIBRARIES = 'usr/lib/x86_64-linux-gnu'

/** How to run QEMU's programs. */
export interface Qemu {
  /** The argument list that runs one of them, e.g. `qemu-system-x86_64` or `qemu-img`. */
  command(program: string): string[]
  /** What they need in their environment, besides the caller's. */
  env: Record<string, string>
}

export interface QemuPackage extends Qemu {
  /** Path of a firmware file, e.g. `OVMF/OVMF_CODE_4M.fd`, `AAVMF/AAVMF_CODE.no-secboot.fd` or `qemu/efi-virtio.rom`. */
  firmware(name: string): string
}

/** Unpacks the packages for machines of a processor into the cache, once, and tells how to run them here. Throws DebianError. */
export async function qemuPackage(log?: Log, machines: keyof typeof PACKAGES = 'amd64'): Promise<QemuPackage> {
  const packages = PACKAGES[machines]
  const root = await debianRoot({ suite: 'trixie', packages, variant: 'extract', ...(log && { log }) })
  const libraries = join(root, LIBRARIES)
  return {
    // Its own dynamic loader, because its libraries are newer than the host's.
    command: (program) => [
      join(libraries, 'ld-linux-x86-64.so.2'),
      '--library-path',
      libraries,
      join(root, 'usr/bin', program),
      ...(program.startsWith('qemu-system-') ? dataFolders(root) : []),
    ],
    env: { QEMU_MODULE_DIR: join(libraries, 'qemu') },
    firmware: (name) => join(root, 'usr/share', name),
  }
}

function dataFolders(root: string): string[] {
  return ['qemu', 'seabios'].flatMap((name) => ['-L', join(root, 'usr/share', name)])
}
