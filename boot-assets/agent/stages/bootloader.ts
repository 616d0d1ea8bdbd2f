// Makes the disk bootable: the image's boot loader for UEFI and, where there is one, for BIOS. The last thing written.
import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Firmware } from '../../../server/contract/common.ts'
import { parseBootMenu, withNewEntries } from '../boot/efi-boot-order.ts'
import { menuConfig, readsEntries, stubConfig } from '../boot/grub-config.ts'
import { parseOsRelease } from '../deployment/os-release.ts'
import type { ImageTree } from '../deployment/tree.ts'
import { furtherEspFolder, furtherEsps } from '../disk/mounts.ts'
import { deviceOf, filesystemAt, partitionsWith } from '../disk/target.ts'
import type { Target } from '../disk/target.ts'
import { AgentError } from '../errors.ts'
import type { Host } from '../sys/host.ts'

export interface BootloaderOptions {
  host: Host
  target: Target
  tree: ImageTree
  architecture: 'amd64' | 'arm64'
  secureBoot: boolean
  /** Each of these must find a boot loader on the disk; others may. */
  firmware: readonly Firmware[]
  /** Whether the firmware of this very machine is to remember the system. */
  bootEntry: boolean
  consoles: readonly string[]
  say: (text: string) => void
  warn: (text: string) => void
}

/** Names that differ by architecture: UEFI specification 3.5.1.1, GRUB and shim as distributions ship them. */
const EFI_NAMES = {
  amd64: { fallback: 'BOOTX64.EFI', suffix: 'x64', grub: 'x86_64-efi' },
  arm64: { fallback: 'BOOTAA64.EFI', suffix: 'aa64', grub: 'arm64-efi' },
} as const

/** What a GRUB core of our own needs to read the ESP and /boot, and to start a kernel. */
const CORE_MODULES = 'part_gpt fat ext2 search search_fs_uuid configfile normal linux blsuki gzio echo test'.split(' ')

/** Throws AgentError BOOTLOADER_FAILED when the image has no boot loader for a firmware that is asked for; CommandError. */
export async function installBootloader(options: BootloaderOptions): Promise<void> {
  const { host, target, tree, bootEntry, say } = options
  // Everything the boot loader will lead to is on the disk before the boot loader is.
  await host.run('sync', [])
  const bootupd = tree.hasProgram('bootupctl') && tree.has('usr/lib/bootupd/updates')
  if (bootupd) {
    say('installing the boot loader by the bootupd of the image')
    await installByBootupd(options)
  } else {
    await installGrub(options)
  }
  await copyEsp(options)
  if (bootEntry && target.plan.firmware === 'uefi') await addFirmwareEntries(options)
}

/** As bootc does since 1.16 (ostree-container-deploy 4.1); `--device` for a bootupd that does not know `--filesystem`. */
async function installByBootupd({ tree, target, firmware }: BootloaderOptions): Promise<void> {
  requireLoaders(firmware, {
    uefi: tree.has('usr/lib/bootupd/updates/EFI.json'),
    bios: tree.has('usr/lib/bootupd/updates/BIOS.json'),
  })
  const { stdout: help } = await tree.run('bootupctl', ['backend', 'install', '--help'])
  const [first = '', ...others] = target.plan.disks.map(({ id }) => deviceOf(target, id))
  // Only the newer kind looks for all disks of an array by itself.
  const byFilesystem = help.includes('--filesystem')
  const where = byFilesystem ? ['--filesystem', '/sysroot'] : ['--device', first]
  await tree.run('bootupctl', ['backend', 'install', '--write-uuid', ...where, '/'])
  if (byFilesystem || !firmware.includes('bios')) return
  for (const device of others) {
    await tree.run('grub2-install', [
      '--target=i386-pc',
      '--boot-directory=/boot',
      '--modules=mdraid1x part_gpt',
      device,
    ])
  }
}

/** Each disk of an array has an ESP of its own, with the same on it: firmware knows no arrays. */
async function copyEsp({ host, target, say }: BootloaderOptions): Promise<void> {
  for (const at of furtherEsps(target.plan).keys()) {
    say(`copying the EFI system partition to disk ${at + 2}`)
    const from = `${join(target.mountPoint, 'boot/efi')}/.`
    await host.run('cp', ['--recursive', from, join(target.volumes, furtherEspFolder(at))])
  }
}

async function installGrub(options: BootloaderOptions): Promise<void> {
  const { target, tree, architecture, secureBoot, firmware, consoles, say } = options
  const { uuid } = filesystemAt(target.plan, '/boot')
  const { grub: efiPlatform } = EFI_NAMES[architecture]
  const efi = partitionsWith(target.plan, 'esp').length > 0 && tree.has(`usr/lib/grub/${efiPlatform}`)
  const program = ['grub-install', 'grub2-install'].find((name) => tree.hasProgram(name))
  const forBios = partitionsWith(target.plan, 'bios-boot').length > 0 && tree.has('usr/lib/grub/i386-pc')
  const bios = forBios && program !== undefined
  requireLoaders(firmware, { uefi: efi, bios })
  const folder = program === 'grub2-install' ? 'grub2' : 'grub'
  const boot = join(target.mountPoint, 'boot')
  await mkdir(join(boot, folder), { recursive: true })
  await writeFile(join(boot, folder, 'grub.cfg'), menuConfig(uuid, consoles), { mode: 0o600 })
  // Each disk by itself: any of them may be the one that is left.
  for (const { id } of bios ? target.plan.disks : []) {
    const device = deviceOf(target, id)
    say(`installing GRUB for BIOS on ${device}`)
    await tree.run(program!, [
      '--target=i386-pc',
      `--boot-directory=/boot`,
      `--modules=part_gpt ext2 search search_fs_uuid blsuki${target.plan.disks.length > 1 ? ' mdraid1x' : ''}`,
      device,
    ])
  }
  if (efi) {
    say('installing GRUB for UEFI on the EFI system partition')
    await installEfi(tree, boot, { folder, uuid, architecture, secureBoot })
  }
}

function requireLoaders(firmware: readonly Firmware[], present: Record<Firmware, boolean>): void {
  const missing = firmware.filter((one) => !present[one]).map((one) => one.toUpperCase())
  if (missing.length === 0) return
  throw new AgentError('BOOTLOADER_FAILED', `the image has no boot loader for ${missing.join(' and ')} machines`, {
    hint: 'the image needs bootupd, or GRUB 2.14 or later below /usr/lib/grub',
  })
}

interface EfiChoice {
  folder: string
  uuid: string
  architecture: 'amd64' | 'arm64'
  secureBoot: boolean
}

/**
 * The image's signed shim and GRUB; without them a GRUB core made by the image's grub-mkimage, which Secure Boot would
 * refuse. The fallback loader is the last file: until it is there, firmware finds nothing to start.
 */
async function installEfi(tree: ImageTree, boot: string, choice: EfiChoice): Promise<void> {
  const { folder, uuid, architecture, secureBoot } = choice
  const { fallback, suffix, grub } = EFI_NAMES[architecture]
  const vendor = await vendorFolder(tree)
  const esp = join(boot, 'efi/EFI')
  const shim = `usr/lib/shim/shim${suffix}.efi.signed`
  const signed = `usr/lib/grub/${grub}-signed/grub${suffix}.efi.signed`
  await cp(join(tree.path, `usr/lib/grub/${grub}`), join(boot, folder, grub), { recursive: true })
  const stub = stubConfig(uuid, folder)
  await writeNew(join(esp, vendor, 'grub.cfg'), stub)
  if (tree.has(shim) && tree.has(signed)) {
    if (secureBoot && !readsEntries(await readFile(join(tree.path, signed)))) {
      throw new AgentError(
        'BOOTLOADER_FAILED',
        "the image's signed GRUB cannot read BLS entries, and Secure Boot is on",
        {
          hint: 'switch Secure Boot off for this machine, or use an image with bootupd',
        },
      )
    }
    for (const directory of [vendor, 'BOOT']) {
      await copy(tree, signed, join(esp, directory, `grub${suffix}.efi`))
      await copyIfThere(tree, `usr/lib/shim/mm${suffix}.efi.signed`, join(esp, directory, `mm${suffix}.efi`))
    }
    await copy(tree, shim, join(esp, vendor, `shim${suffix}.efi`))
    await copy(tree, shim, join(esp, 'BOOT', fallback))
    return
  }
  if (secureBoot) {
    throw new AgentError('BOOTLOADER_FAILED', 'the image has no signed boot loader, and Secure Boot is on', {
      hint: 'switch Secure Boot off for this machine, or use an image with signed shim and GRUB',
    })
  }
  await tree.run('grub-mkimage', [
    `--format=${grub}`,
    `--output=/boot/efi/EFI/${vendor}/grub${suffix}.efi`,
    `--prefix=/EFI/${vendor}`,
    ...CORE_MODULES,
  ])
  await mkdir(join(esp, 'BOOT'), { recursive: true })
  await copyFile(join(esp, vendor, `grub${suffix}.efi`), join(esp, 'BOOT', fallback))
}

/** Distributions' GRUB looks for its configuration in `\EFI\<ID of os-release>`. */
async function vendorFolder(tree: ImageTree): Promise<string> {
  return parseOsRelease((await tree.read('usr/lib/os-release')) ?? '').get('ID') ?? 'landfall'
}

async function copy(tree: ImageTree, from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await copyFile(join(tree.path, from), to)
}

async function copyIfThere(tree: ImageTree, from: string, to: string): Promise<void> {
  if (tree.has(from)) await copy(tree, from, to)
}

async function writeNew(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

/**
 * Enters the system into the firmware's boot menu behind the network entry that booted, once for each disk, and has the next start go to
 * the first. A firmware that refuses is no failure: the loader also lies where every firmware looks.
 */
export async function addFirmwareEntries({
  host,
  target,
  tree,
  architecture,
  say,
  warn,
}: Pick<BootloaderOptions, 'host' | 'target' | 'tree' | 'architecture' | 'say' | 'warn'>): Promise<void> {
  const { suffix, fallback } = EFI_NAMES[architecture]
  const esps = partitionsWith(target.plan, 'esp')
  if (esps.length === 0 || (await host.list('/sys/firmware/efi/efivars')).length === 0) return
  const name = parseOsRelease((await tree.read('usr/lib/os-release')) ?? '').get('NAME') ?? 'Linux'
  const candidates = [`EFI/${await vendorFolder(tree)}/shim${suffix}.efi`, `EFI/BOOT/${fallback}`]
  const present = await Promise.all(
    candidates.map(async (path) =>
      (await host.resolve(join(target.mountPoint, 'boot/efi', path))) ? path : undefined,
    ),
  )
  const loader = present.find((path) => path !== undefined)
  if (loader === undefined) return warn('no boot loader was found on the EFI system partition')
  const own = (label: string) => label.startsWith(name) && /^(| \(disk \d+\))$/.test(label.slice(name.length))
  try {
    const before = parseBootMenu((await host.run('efibootmgr', ['-v'])).stdout)
    for (const { id } of before.entries.filter(({ label }) => own(label))) {
      await host.run('efibootmgr', ['--quiet', '--bootnum', id, '--delete-bootnum'])
    }
    const known = new Set(before.entries.filter(({ label }) => !own(label)).map(({ id }) => id))
    const added: string[] = []
    for (const [at, { disk, partition }] of esps.entries()) {
      const label = at === 0 ? name : `${name} (disk ${at + 1})`
      const entry = await addEntry(host, deviceOf(target, disk.id), partition.number, loader, label, known)
      if (entry === undefined) return warn('the firmware did not keep the new boot entry')
      added.push(entry)
    }
    const kept = { ...before, order: before.order.filter((id) => known.has(id)) }
    const order = withNewEntries(kept, added)
    await host.run('efibootmgr', ['--quiet', '--bootorder', order.join(',')])
    await host.run('efibootmgr', ['--quiet', '--bootnext', added[0]!])
    say(`firmware boot entries ${added.map((id) => `Boot${id}`).join(', ')} "${name}", order ${order.join(', ')}`)
  } catch (error) {
    warn(`the firmware did not take the boot entry: ${(error as Error).message}`)
  }
}

/** The number of the new entry, which joins `known`; undefined when the firmware did not keep it. */
async function addEntry(
  host: Host,
  device: string,
  partition: number,
  loader: string,
  label: string,
  known: Set<string>,
): Promise<string | undefined> {
  const place = ['--disk', device, '--part', String(partition), '--loader', `\\${loader.replaceAll('/', '\\')}`]
  const { stdout } = await host.run('efibootmgr', ['--create-only', ...place, '--label', label])
  const entry = parseBootMenu(stdout).entries.find(({ id, label: shown }) => shown === label && !known.has(id))
  if (entry !== undefined) known.add(entry.id)
  return entry?.id
}
