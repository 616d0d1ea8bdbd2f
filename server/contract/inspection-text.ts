// Findings about an image in words; the same on the command line and on the page.
import { formatBytes } from './bytes.ts'
import type { Change, PlatformInspection } from './image-inspection.ts'

const KINDS: Record<PlatformInspection['kind'], string> = {
  chunked: 'chunked: an OSTree commit in layers',
  derived: 'chunked, with layers of its own on top',
  plain: 'plain',
}

/** What there is to say, as name and text; what is not known is left out. */
export function findingRows(image: PlatformInspection): [name: string, text: string][] {
  const { os, kernels, bootloader, selinux, rootFilesystem, kernelArguments, packages, engine, kind } = image
  const rows: [string, string | undefined][] = [
    ['System', os ? [os.name, os.version].filter(Boolean).join(', ') : undefined],
    ['Kernel', kernels.map(({ version, initramfs }) => (initramfs ? version : `${version} (no initramfs)`)).join(', ')],
    ['bootc', programText(image.bootc)],
    ['ostree', programText(image.ostree)],
    ['bootupd', programText(image.bootupd)],
    ['Boot loader', bootloaderText(bootloader)],
    ['Engine', engine],
    ['SELinux', selinux ? `${selinux.policy}, ${selinux.mode}` : 'no policy'],
    ['Root file system', rootFilesystem ?? undefined],
    ['Kernel arguments', kernelArguments === null ? 'a file of them is malformed' : kernelArguments.join(' ')],
    ['Packages', packages ? (packages.problem ?? `${packages.count} of ${packages.format}`) : 'no list of them found'],
    ['Layers', `${image.layers.length}, ${KINDS[kind]}`],
    [
      'Size',
      `${formatBytes(image.size)}, unpacked ${formatBytes(image.unpackedBytes)} in ${image.entries.files} files`,
    ],
    ['Shared', sharedText(image)],
    ['Attached', image.attached.map(({ artifactType }) => artifactType ?? 'unknown').join(', ')],
  ]
  return rows.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== '')
}

export function readingText({ reading, problem }: Pick<PlatformInspection, 'reading' | 'problem'>): string {
  if (problem) return `must not be installed: ${problem.message} (${problem.code})`
  return reading ? `reading: ${reading.layers} of ${reading.totalLayers} layers` : 'fit for a disk'
}

/** @example changeText({ name: 'bash', from: '5.1', to: '5.2' }) // 'bash 5.1 -> 5.2' */
export function changeText({ name, from, to }: Change): string {
  if (from === null) return `${name} ${to} added`
  return to === null ? `${name} ${from} removed` : `${name} ${from} -> ${to}`
}

function programText({ present, version }: PlatformInspection['bootc']): string {
  return present ? (version ?? 'yes') : 'no'
}

function bootloaderText({ kind, uefi, bios, secureBoot }: PlatformInspection['bootloader']): string {
  if (kind === 'none') return 'none'
  const under = [uefi && 'UEFI', bios && 'BIOS', secureBoot && 'Secure Boot'].filter(Boolean)
  return `${kind}, for ${under.join(', ')}`
}

function sharedText({ layers }: PlatformInspection): string {
  const shared = layers.filter(({ sharedWith }) => sharedWith > 0)
  const bytes = shared.reduce((sum, { size }) => sum + size, 0)
  return shared.length === 0
    ? 'no layer with other images'
    : `${shared.length} layers (${formatBytes(bytes)}) with other images`
}
