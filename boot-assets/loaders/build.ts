// Collects the boot loaders that firmware asks for by name: all of them unchanged from Debian packages.
import { createHash } from 'node:crypto'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildOnce } from '../cache.ts'
import { debianRoot, packageVersions } from '../debian/root.ts'
import type { DebianRootRequest, Suite } from '../debian/root.ts'
import type { Log } from '../debian/run.ts'
import { BootAssetError } from '../error.ts'

/**
 * The suite all loaders come from. Debian 14 has iPXE 2.0, which looks for `autoexec.ipxe` by itself, and GRUB 2.14; shim
 * and GRUB must come from one suite, because shim refuses a GRUB of an older revocation level (SBAT).
 */
const SUITE: Suite = 'forky'

interface Loader {
  package: string
  /** For packages that differ by processor: that of another one than this host's. */
  architecture?: 'arm64'
  path: string
  purpose: string
}

/** Name on TFTP and below /boot/loaders/ -> where it comes from and what it is for. */
const LOADERS: Readonly<Record<string, Loader>> = {
  'undionly.kpxe': {
    package: 'ipxe',
    path: 'usr/lib/ipxe/undionly.kpxe',
    purpose: "BIOS, network by the card's own ROM",
  },
  'ipxe.pxe': { package: 'ipxe', path: 'usr/lib/ipxe/ipxe.pxe', purpose: "BIOS, network by iPXE's own drivers" },
  'snponly.efi': {
    package: 'ipxe',
    path: 'usr/lib/ipxe/snponly.efi',
    purpose: "UEFI, network by the firmware's driver of the card that booted",
  },
  'ipxe.efi': { package: 'ipxe', path: 'usr/lib/ipxe/ipxe.efi', purpose: "UEFI, network by iPXE's own drivers" },
  'shimx64.efi': {
    package: 'shim-signed',
    path: 'usr/lib/shim/shimx64.efi.signed',
    purpose: 'UEFI with Secure Boot, first stage, signed by Microsoft; asks for grubx64.efi beside it',
  },
  'grubx64.efi': {
    package: 'grub-efi-amd64-signed',
    path: 'usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed',
    purpose: 'UEFI with Secure Boot, second stage, signed by Debian; reads grub/grub.cfg beside it',
  },
  // Debian builds no snponly for it. This one takes the firmware's driver of a card that it has none for.
  'ipxe-arm64.efi': {
    package: 'ipxe',
    path: 'usr/lib/ipxe/ipxe-arm64.efi',
    purpose: "UEFI on 64-bit ARM, U-Boot's UEFI too; network by iPXE's own drivers or the firmware's",
  },
  'shimaa64.efi': {
    package: 'shim-signed',
    architecture: 'arm64',
    path: 'usr/lib/shim/shimaa64.efi.signed',
    purpose: 'UEFI on 64-bit ARM with Secure Boot, first stage, signed by Microsoft; asks for grubaa64.efi beside it',
  },
  'grubaa64.efi': {
    package: 'grub-efi-arm64-signed',
    architecture: 'arm64',
    path: 'usr/lib/grub/arm64-efi-signed/grubnetaa64.efi.signed',
    purpose: 'UEFI on 64-bit ARM with Secure Boot, second stage, signed by Debian; reads grub/grub.cfg beside it',
  },
}

/** One entry of `manifest.json` in the folder of loaders. */
interface LoaderEntry {
  name: string
  purpose: string
  bytes: number
  sha256: string
  package: string
  version: string
}

/** Path of a cached folder with the loaders and their `manifest.json`. Needs root when it has to be built. */
export async function buildLoaders({ log }: { log: Log }): Promise<string> {
  const roots = { here: await loaderRoot(undefined, log), arm64: await loaderRoot('arm64', log) }
  const origins = [[...roots.here.versions], [...roots.arm64.versions]]
  return buildOnce('loaders', [LOADERS, SUITE, origins], async (dir) => {
    const manifest: LoaderEntry[] = []
    for (const [name, loader] of Object.entries(LOADERS)) {
      const { path, versions } = roots[loader.architecture ?? 'here']
      await copyFile(join(path, loader.path), join(dir, name)).catch((cause: unknown) => {
        throw new BootAssetError('CONTENT_MISSING', `no ${loader.path} in Debian's package ${loader.package}`, {
          cause,
        })
      })
      const content = await readFile(join(dir, name))
      manifest.push({
        name,
        purpose: loader.purpose,
        bytes: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
        package: loader.package,
        version: versions.get(loader.package) ?? 'unknown',
      })
    }
    await writeFile(join(dir, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  })
}

/** The packages of one processor, unpacked, and their versions. */
async function loaderRoot(architecture: DebianRootRequest['architecture'], log: Log) {
  const loaders = Object.values(LOADERS).filter((loader) => loader.architecture === architecture)
  const packages = [...new Set(loaders.map((loader) => loader.package))]
  const path = await debianRoot({ suite: SUITE, packages, variant: 'extract', architecture, log })
  const versions = await packageVersions(path)
  return { path, versions: new Map(packages.map((name) => [name, versions.get(name)])) }
}
