// What an image is, from its manifest, its configuration and what its layers tell. Pure.
import { parse as parseToml } from 'smol-toml'
import { chooseEngine } from '../../boot-assets/agent/bootc/engine.ts'
import { kernelArguments } from '../../boot-assets/agent/deployment/kernel-arguments.ts'
import type { TomlFile } from '../../boot-assets/agent/deployment/kernel-arguments.ts'
import { parseOsRelease } from '../../boot-assets/agent/deployment/os-release.ts'
import { AgentError } from '../../boot-assets/agent/errors.ts'
import { OstreeError } from '../../boot-assets/agent/ostree/errors.ts'
import { imageLayers } from '../../boot-assets/agent/ostree/image-layers.ts'
import type { BootloaderFindings, ImageFindings } from '../contract/image-inspection.ts'
import type { LayerFacts, Package } from '../contract/layer-facts.ts'
import { configLabels, isBootable } from '../oci/manifest.ts'
import type { ImageConfig, Manifest } from '../oci/manifest.ts'
import { ImageFiles } from './image-files.ts'
import { READS_ENTRIES } from './layer-contents.ts'

export interface KnownImage {
  manifest: Manifest
  config: ImageConfig
  /** By digest; those not read yet are left out. */
  layers: ReadonlyMap<string, LayerFacts>
}

export function findingsOf(image: KnownImage): ImageFindings {
  const { manifest, config } = image
  const facts = manifest.layers.flatMap(({ digest }) => image.layers.get(digest) ?? [])
  const files = new ImageFiles(facts)
  const database = files.database()
  const packages = database?.packages ?? []
  const program = (name: string, command = name) => {
    const present = files.hasProgram(command)
    return { present, version: present ? versionOf(packages, name) : null }
  }
  const sum = (value: (layer: LayerFacts) => number) => facts.reduce((total, layer) => total + value(layer), 0)
  return {
    kind: kindOf(image),
    bootable: isBootable(configLabels(config)),
    engine: chooseEngine('auto', config),
    os: osOf(files),
    kernels: kernelsOf(files),
    bootc: program('bootc'),
    ostree: program('ostree'),
    bootupd: program('bootupd', 'bootupctl'),
    bootloader: bootloaderOf(files, config.architecture),
    selinux: selinuxOf(files),
    rootFilesystem: rootFilesystemOf(files),
    kernelArguments: argumentsOf(files, config.architecture),
    packages: database ? { format: database.format, count: packages.length, problem: database.problem } : null,
    size: manifest.layers.reduce((total, { size }) => total + size, 0),
    unpackedBytes: sum(({ unpackedBytes }) => unpackedBytes),
    entries: {
      files: sum(({ entries }) => entries.files),
      directories: sum(({ entries }) => entries.directories),
      links: sum(({ entries }) => entries.links),
      removals: sum(({ entries }) => entries.removals),
    },
  }
}

/** The packages of an image; undefined where no database of them can be read. */
export function packagesOf({ manifest, layers }: KnownImage): Package[] | undefined {
  const database = new ImageFiles(manifest.layers.flatMap(({ digest }) => layers.get(digest) ?? [])).database()
  return database && database.problem === null ? database.packages : undefined
}

function kindOf({ manifest, config }: KnownImage): ImageFindings['kind'] {
  try {
    const roles = imageLayers(manifest, config).map(({ role }) => role)
    if (roles[0] !== 'commit') return 'plain'
    return roles.includes('derived') ? 'derived' : 'chunked'
  } catch (error) {
    if (error instanceof OstreeError) return 'plain'
    throw error
  }
}

function osOf(files: ImageFiles): ImageFindings['os'] {
  const text = files.text('usr/lib/os-release') ?? files.text('etc/os-release')
  if (text === undefined) return null
  const release = parseOsRelease(text)
  const id = release.get('ID') ?? 'linux'
  return {
    id,
    name: release.get('PRETTY_NAME') ?? release.get('NAME') ?? id,
    version: release.get('OSTREE_VERSION') ?? release.get('IMAGE_VERSION') ?? release.get('VERSION_ID') ?? null,
  }
}

function kernelsOf(files: ImageFiles): ImageFindings['kernels'] {
  return files
    .matching(/^usr\/lib\/modules\/([^/]+)\/vmlinuz$/)
    .map(({ groups: [version = ''] }) => ({
      version,
      initramfs: files.has(`usr/lib/modules/${version}/initramfs.img`),
    }))
    .sort((a, b) => (a.version < b.version ? -1 : 1))
}

const SUFFIXES: Record<string, { efi: string; grub: string }> = {
  amd64: { efi: 'x64', grub: 'x86_64-efi' },
  arm64: { efi: 'aa64', grub: 'arm64-efi' },
}

/** By the rules that the agent installs by. */
function bootloaderOf(files: ImageFiles, architecture: string): BootloaderFindings {
  const { efi, grub } = SUFFIXES[architecture] ?? SUFFIXES['amd64']!
  const updates = files.matching(/^usr\/lib\/bootupd\/updates\/(EFI|BIOS)\.json$/).map(({ groups }) => groups[0])
  if (files.hasProgram('bootupctl') && updates.length > 0) {
    const shim = new RegExp(`/EFI/[^/]+/shim${efi}\\.efi$`, 'i')
    const secureBoot = files.matching(shim).length > 0
    return { kind: 'bootupd', uefi: updates.includes('EFI'), bios: updates.includes('BIOS'), secureBoot }
  }
  const uefi = files.has(`usr/lib/grub/${grub}/normal.mod`)
  const install = files.hasProgram('grub-install') || files.hasProgram('grub2-install')
  const bios = install && files.has('usr/lib/grub/i386-pc/normal.mod')
  if (uefi || bios) {
    // A signed GRUB loads no modules under Secure Boot: what it reads boot entries with must be built in.
    const signed = files.text(`usr/lib/grub/${grub}-signed/grub${efi}.efi.signed`) === READS_ENTRIES
    return { kind: 'grub', uefi, bios, secureBoot: signed && files.has(`usr/lib/shim/shim${efi}.efi.signed`) }
  }
  if (files.matching(/^(boot\/EFI\/Linux|usr\/lib\/modules\/[^/]+)\/[^/]+\.efi$/).length > 0) {
    return { kind: 'uki', uefi: true, bios: false, secureBoot: false }
  }
  if (files.matching(/^usr\/lib\/systemd\/boot\/efi\//).length > 0) {
    return { kind: 'systemd-boot', uefi: true, bios: false, secureBoot: false }
  }
  return { kind: 'none', uefi: false, bios: false, secureBoot: false }
}

function selinuxOf(files: ImageFiles): ImageFindings['selinux'] {
  const [policy] = files.matching(/^etc\/selinux\/([^/]+)\/policy\/policy\.\d+$/)
  const config = files.text('etc/selinux/config')
  const value = (key: string) => new RegExp(`^${key}=(\\w+)`, 'm').exec(config ?? '')?.[1]
  const name = value('SELINUXTYPE') ?? policy?.groups[0]
  return policy && name !== undefined ? { policy: name, mode: value('SELINUX') ?? 'enforcing' } : null
}

function tomlFiles(files: ImageFiles, folder: string): TomlFile[] {
  const found = files.matching(new RegExp(`^usr/lib/bootc/${folder}/([^/]+)$`))
  return found.map(({ groups: [name = ''], text = '' }) => ({ name, text })).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function rootFilesystemOf(files: ImageFiles): string | null {
  let type: string | null = null
  for (const { text } of tomlFiles(files, 'install')) {
    try {
      const { install } = parseToml(text) as { install?: { filesystem?: { root?: { type?: unknown } } } }
      const found = install?.filesystem?.root?.type
      if (typeof found === 'string') type = found
    } catch {
      // Said by the kernel arguments, which come from the same files.
    }
  }
  return type
}

/** What the image itself adds: without root file system and `rw`, which the install knows. */
function argumentsOf(files: ImageFiles, architecture: string): string[] | null {
  const root = 'root=UUID='
  try {
    const all = kernelArguments({
      architecture,
      storage: [],
      rootUuid: '',
      rootFlags: [],
      bootUuid: undefined,
      installConfig: tomlFiles(files, 'install'),
      kargsD: tomlFiles(files, 'kargs.d'),
      consoles: [],
      own: [],
    })
    return all.filter((argument) => argument !== root && argument !== 'rw')
  } catch (error) {
    if (error instanceof AgentError) return null
    throw error
  }
}

function versionOf(packages: readonly Package[], name: string): string | null {
  return packages.find((one) => one.name === name)?.version ?? null
}
