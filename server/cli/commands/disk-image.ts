// `landfall disk-image`: an image as a disk that starts by itself. Makes it here, on this host; the server only gives the image.
import { Option } from 'commander'
import type { Command } from 'commander'
import type { Firmware } from '../../contract/common.ts'
import { formatBytes } from '../../contract/bytes.ts'
import { Filesystem } from '../../contract/spec-disks.ts'
import type { PartialSpec } from '../../contract/spec.ts'
import { SystemInfo } from '../../contract/system.ts'
import { FORMATS } from '../../disk-image/formats.ts'
import type { DiskImageFormat } from '../../disk-image/formats.ts'
import type { ImageSource } from '../../disk-image/source.ts'
import { findAccess } from '../access.ts'
import type { AccessOptions } from '../access.ts'
import { ApiClient } from '../client.ts'
import { layoutArchive } from '../layout-archive.ts'
import { layoutIndexOf } from '../layout-image.ts'
import { printObject } from '../output.ts'
import { stepLines } from '../progress.ts'
import type { CommonOptions } from './context.ts'

interface BuildOptions {
  format: DiskImageFormat
  file?: string
  size?: string
  config?: string
  skipUnsupported?: boolean
  firmware: keyof typeof FIRMWARE
  filesystem?: Filesystem
  layout?: string
  follow?: string
  force?: boolean
}

const FIRMWARE = { both: ['uefi', 'bios'], uefi: ['uefi'], bios: ['bios'] } satisfies Record<string, Firmware[]>

export function addDiskImageCommands(program: Command, version: string): void {
  const diskImage = program.command('disk-image').description('images as disks for virtual machines and clouds')

  diskImage
    .command('build')
    .description('install an image onto a disk of its own, in a virtual machine on this host')
    .argument('<image>', 'repository:tag of the server; with --layout the name to upgrade from, with its registry')
    .addOption(new Option('--format <format>', 'of the file').choices(FORMATS).makeOptionMandatory())
    .option('-f, --file <file>', 'the result (default: named after the image, in this folder)')
    .option('--size <size>', 'of the disk, like 20GiB (default: 10GiB, more where the configuration wants more)')
    .option('-c, --config <file>', 'config.toml or config.json as of bootc-image-builder')
    .option('--skip-unsupported', 'leave out what of the configuration cannot be applied, instead of refusing it')
    .addOption(
      new Option('--firmware <kind>', 'what the disk must start by').choices(Object.keys(FIRMWARE)).default('both'),
    )
    .addOption(new Option('--filesystem <kind>', 'of the root (default: xfs)').choices(Filesystem.options))
    .option('--layout <folder>', 'take the image from this OCI image layout instead of a server')
    .option('--follow <reference>', 'what the system upgrades from, with its registry (default: where the image is)')
    .option('--force', 'replace a file that is there')
    .action(async (image: string, options: BuildOptions, command: Command) => build(image, options, command, version))
}

async function build(image: string, options: BuildOptions, command: Command, version: string): Promise<void> {
  const { output, ...access } = command.optsWithGlobals<CommonOptions>()
  const { buildDiskImage } = await import('../../disk-image/build.ts')
  const { blueprintFile } = await import('../blueprint-file.ts')
  const { format, config, skipUnsupported = false } = options
  const applied =
    config === undefined ? undefined : await blueprintFile(config, { target: 'disk-image', strict: !skipUnsupported })
  const { source, follows } = await findSource(image, options, access)
  const report = stepLines()
  const stop = new AbortController()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.once(signal, () => stop.abort())
  const built = await buildDiskImage({
    source,
    follows,
    format,
    file: options.file ?? fileName(image, format),
    force: options.force ?? false,
    size: {
      size: options.size,
      ...(applied && { minRootSize: applied.minRootSize, minDiskSize: applied.minDiskSize }),
    },
    spec: { ...applied?.spec, ...layoutOf(options, applied?.spec) },
    task: { firmware: FIRMWARE[options.firmware], files: applied?.files ?? [] },
    version,
    report,
    signal: stop.signal,
  }).finally(() => report.end())
  printObject(output, built, [
    ['File', built.file],
    ['Format', built.format],
    ['Disk', formatBytes(built.size)],
    ['On disk', formatBytes(built.bytes)],
    ['Digest', built.digest],
    ['Upgrades', built.follows],
  ])
}

function layoutOf({ filesystem }: BuildOptions, spec: PartialSpec = {}): PartialSpec {
  if (filesystem === undefined) return {}
  return { disks: { ...spec.disks, filesystem } }
}

/** Where the image is taken from, and what systems made of it upgrade from. */
async function findSource(
  image: string,
  { layout, follow }: BuildOptions,
  server: AccessOptions,
): Promise<{ source: ImageSource; follows: string }> {
  if (layout !== undefined) {
    const index = await layoutIndexOf(layout, image)
    const open = async () => (await layoutArchive(layout, index)).stream
    return { source: { kind: 'layout', folder: layout, index, open }, follows: follow ?? image }
  }
  const access = findAccess(process.env, server)
  const client = new ApiClient(access)
  try {
    const { registry } = await client.call('GET', '/system', SystemInfo)
    const reference = `${new URL(access.url).host}/${image}`
    return { source: { kind: 'registry', reference, ca: access.ca }, follows: follow ?? `${registry}/${image}` }
  } finally {
    await client.close()
  }
}

/** `os/web:stable` as `web-stable.qcow2`. */
function fileName(image: string, format: DiskImageFormat): string {
  const [, name = 'disk'] = /([^/]+)$/.exec(image.replace(/@sha256:.*/, '')) ?? []
  return `${name.replaceAll(/[^A-Za-z0-9._-]/g, '-')}.${format}`
}
