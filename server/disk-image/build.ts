// Makes a disk image: the same server, protocol, agent and deploy engine as for a machine, on a virtual one.
import { mkdir, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { accelerator } from '../../boot-assets/qemu/accelerator.ts'
import { findQemu } from '../../boot-assets/qemu/find.ts'
import { buildInstaller } from '../../boot-assets/installer/build.ts'
import type { DiskImageTask } from '../contract/agent.ts'
import { MachineSpec } from '../contract/spec.ts'
import type { PartialSpec } from '../contract/spec.ts'
import { parseRemoteReference } from '../oci/reference.ts'
import { convert } from './convert.ts'
import { diskSize, requireRoomFor } from './disk-size.ts'
import type { SizeWish } from './disk-size.ts'
import type { DiskImageFormat } from './formats.ts'
import { requireHostSpace } from './host-space.ts'
import { checkOutput, openOutput } from './output.ts'
import { startPrivateServer } from './private-server.ts'
import { layersOf, storeImage } from './source.ts'
import type { ImageSource } from './source.ts'
import { startVirtualMachine } from './virtual-machine.ts'
import { watchInstall } from './watch.ts'
import type { BuildReport } from './watch.ts'

export interface DiskImageOptions {
  source: ImageSource
  /** What deployed systems upgrade from: `registry.example/os/web:stable`. */
  follows: string
  format: DiskImageFormat
  /** The result. */
  file: string
  /** Whether a file of that name is replaced. */
  force: boolean
  size: Omit<SizeWish, 'layout'>
  spec: PartialSpec
  task: DiskImageTask
  version: string
  report: BuildReport
  signal: AbortSignal
}

export interface BuiltDiskImage {
  file: string
  format: DiskImageFormat
  /** Of the disk, as a machine sees it. */
  size: number
  /** That the file takes: sparse ones less than their length. */
  bytes: number
  /** Of the image's manifest. */
  digest: string
  follows: string
}

/**
 * Builds the image and puts it in place as a whole; whatever fails leaves nothing behind. Everything that can be refused is refused
 * before the first byte is written. Throws DiskImageError, QemuError, OciError, DebianError, CliError.
 */
export async function buildDiskImage(options: DiskImageOptions): Promise<BuiltDiskImage> {
  const { source, follows, format, file, force, spec, task, version, report, signal } = options
  const { disks: layout } = MachineSpec.parse({ disks: spec.disks })
  const size = diskSize({ ...options.size, layout })
  // What deployed systems cannot follow is said first.
  parseRemoteReference(follows)
  await checkOutput(file, force)
  await requireHostSpace(file, { layers: await layersOf(source, signal), size, format })

  const log = (line: string) => report.step('prepare', line)
  const qemu = await findQemu({ log })
  const { vmlinuz, initrd } = await buildInstaller({ arch: 'amd64', log })

  await using output = await openOutput(file, force)
  const dataDir = join(output.workFolder, 'server')
  await mkdir(dataDir)
  report.step('prepare', `fetching ${follows}`)
  const image = await storeImage({
    dataDir,
    source,
    follows,
    onProgress: ({ bytes, totalBytes, message }) => report.progress(bytes, totalBytes, message),
    signal,
  })
  requireRoomFor(image.packedBytes, size, layout)

  const disk = join(output.workFolder, 'disk.raw')
  await emptyDisk(disk, size)
  await using server = await startPrivateServer({ dataDir, registry: image.registry, version, diskImage: task })
  const installId = await server.assign(image.reference, spec)
  const kind = await accelerator(qemu)
  report.step('boot', `starting a virtual machine (${kind === 'kvm' ? 'KVM' : 'emulated, which takes minutes'})`)
  {
    await using machine = await startVirtualMachine({
      qemu,
      accelerator: kind,
      vmlinuz,
      initrd,
      kernelArguments: server.kernelArguments(),
      disk,
      log: join(output.workFolder, 'console.log'),
    })
    await watchInstall({ machine, install: () => server.install(installId), report, signal })
  }

  if (format !== 'raw') report.step('convert', `converting the disk to ${format}`)
  const made = await convert({
    qemu,
    format,
    source: disk,
    target: join(output.workFolder, `disk.${format}`),
    onProgress: (share) => report.progress(Math.round(share * size), size, 'converting'),
    signal,
  })
  const { blocks } = await stat(made)
  await output.publish(made)
  // stat(2) counts in units of 512 bytes, whatever the file system's blocks.
  return { file, format, size, bytes: blocks * 512, digest: image.digest, follows }
}

async function emptyDisk(file: string, size: number): Promise<void> {
  const handle = await open(file, 'wx', 0o644)
  try {
    await handle.truncate(size)
  } finally {
    await handle.close()
  }
}
