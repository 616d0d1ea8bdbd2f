// What every ISO shares: the boot loaders of a medium, and the programs that put an ISO together.
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildOnce } from '../cache.ts'
import { runFromRoot } from '../debian/root-tools.ts'
import type { ToolOptions } from '../debian/root-tools.ts'
import { debianRoot, packageVersions, SOURCE_DATE_EPOCH } from '../debian/root.ts'
import type { DebianRootRequest } from '../debian/root.ts'
import type { Log } from '../debian/run.ts'
import { BootAssetError } from '../error.ts'
import { makeEsp } from './esp.ts'
import type { IsoFile } from './layout.ts'

/** Raised when the way the kit is made changes its content. */
const FORMAT = 1

/** As for the loaders of the network: shim and GRUB of one suite, and GRUB 2.14. */
const SUITE: DebianRootRequest['suite'] = 'forky'

/** Package of each loader, the path in it, and the name here. */
const LOADERS = [
  // First stage, signed by Microsoft; under this name firmware finds it on every medium.
  { package: 'shim-signed', path: 'usr/lib/shim/shimx64.efi.signed', name: 'bootx64.efi' },
  // The build for CDs, signed by Debian: it looks for /boot/grub/grub.cfg on what it was loaded from.
  { package: 'grub-efi-amd64-signed', path: 'usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed', name: 'grubx64.efi' },
  // Where shim asks about keys.
  { package: 'shim-signed', path: 'usr/lib/shim/mmx64.efi.signed', name: 'mmx64.efi' },
  // The MBR that makes a BIOS start the ISO from a stick.
  { package: 'grub-pc-bin', path: 'usr/lib/grub/i386-pc/boot_hybrid.img', name: 'boot_hybrid.img' },
] as const

const TOOL_PACKAGES = ['grub-common', 'mtools', 'xorriso']

/** What the GRUB for BIOS has built in: all that grub.cfg uses, so that no module has to be found on the medium. */
const BIOS_MODULES = [
  'biosdisk iso9660 ext2 part_gpt part_msdos',
  'normal configfile test regexp echo sleep minicmd',
  'search search_label search_fs_file linux chain halt reboot serial',
].flatMap((line) => line.split(' '))

export interface IsoKit {
  /** First stage for UEFI, second stage, and key manager, by the paths they are looked for at. */
  efi: readonly IsoFile[]
  /** FAT image with these, still without a menu. */
  esp: string
  /** El Torito image for BIOS, and the MBR for sticks. */
  eltorito: string
  hybridMbr: string
  /** Changes with any of these and with any of the programs. */
  version: string
  /** Runs `xorriso` or a part of mtools. */
  run(program: Tool, args: readonly string[], options?: Omit<ToolOptions, 'name'>): Promise<string>
}

const TOOLS = {
  xorriso: 'bin/xorriso',
  mformat: 'bin/mtools',
  mmd: 'bin/mtools',
  mcopy: 'bin/mtools',
} as const
type Tool = keyof typeof TOOLS

/** Takes the kit from the cache, or builds it, for which it needs root. Throws DebianError, BootAssetError. */
export async function buildIsoKit({ log }: { log: Log }): Promise<IsoKit> {
  const packages = [...new Set([...LOADERS.map((loader) => loader.package), ...TOOL_PACKAGES])]
  const root = await debianRoot({ suite: SUITE, packages, variant: 'extract', log })
  const versions = await packageVersions(root)
  const origins = [...packages, 'libisofs6t64', 'libisoburn1t64'].map((name) => [name, versions.get(name)])
  const key = [FORMAT, LOADERS, BIOS_MODULES, origins]
  const run: IsoKit['run'] = (program, args, options) =>
    runFromRoot(root, TOOLS[program], args, { ...options, name: program })
  const folder = await buildOnce('iso-kit', key, async (dir) => {
    log('making the boot loaders of ISOs')
    for (const { package: from, path, name } of LOADERS) {
      await copyFile(join(root, path), join(dir, name)).catch((cause: unknown) => {
        throw new BootAssetError('CONTENT_MISSING', `no ${path} in Debian's package ${from}`, { cause })
      })
    }
    const modules = ['--directory', join(root, 'usr/lib/grub/i386-pc'), '--prefix', '/boot/grub', ...BIOS_MODULES]
    const output = ['--format', 'i386-pc-eltorito', '--output', join(dir, 'eltorito.img')]
    await runFromRoot(root, 'bin/grub-mkimage', [...output, ...modules])
    await makeEsp(run, efiLoaders(dir), join(dir, 'esp.img'), SOURCE_DATE_EPOCH)
  })
  return {
    efi: efiLoaders(folder),
    esp: join(folder, 'esp.img'),
    eltorito: join(folder, 'eltorito.img'),
    hybridMbr: join(folder, 'boot_hybrid.img'),
    version: JSON.stringify(key),
    run,
  }
}

/** Under these names firmware and the loaders look for each other. */
function efiLoaders(folder: string): IsoFile[] {
  return [
    { path: '/EFI/BOOT/BOOTX64.EFI', source: join(folder, 'bootx64.efi') },
    { path: '/EFI/BOOT/grubx64.efi', source: join(folder, 'grubx64.efi') },
    { path: '/EFI/BOOT/mmx64.efi', source: join(folder, 'mmx64.efi') },
  ]
}
