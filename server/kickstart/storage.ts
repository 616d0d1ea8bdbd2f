// Disks and file systems as kickstart commands (kickstart-and-iso.md section 2.6).
import type { KickstartRelease } from '../contract/kickstart-release.ts'
import type { MachineSpec } from '../contract/spec.ts'
import { ksCommand } from './command.ts'
import { onlyFor } from './firmware-lines.ts'
import { isFedora } from './commands.ts'
import { KickstartError } from './errors.ts'

export interface StorageInput {
  disks: MachineSpec['disks']
  release: KickstartRelease
  /** Undefined as long as the machine has not told: then Anaconda makes what its firmware needs. */
  firmware: 'bios' | 'uefi' | undefined
  /** What the disks are called in the commands, the mirror second; see target-disks.ts. */
  targets: readonly string[]
  /** Values of `--append`. */
  kernelArguments: readonly string[]
}

const MIB = 2 ** 20
/** Anaconda since Fedora 39 refuses a smaller one. */
const MIN_ESP = 500
/** MiB; what root gets at least, where it grows. */
const MIN_ROOT = 10_240

/** Commands in the order in which they are to be written. Throws SPEC_UNSUPPORTED naming what does not go together. */
export function storageCommands(input: StorageInput): string[] {
  refuseContradictions(input)
  const { disks, targets, kernelArguments } = input
  return [
    ksCommand('ignoredisk', { 'only-use': targets }),
    ksCommand('zerombr', {}),
    ksCommand('clearpart', { all: true, initlabel: true, disklabel: 'gpt', drives: targets }),
    ...(disks.automatic ? [automatic(input)] : byHand(input)),
    ksCommand('bootloader', { 'boot-drive': targets[0], append: kernelArguments.join(' ') || undefined }),
  ]
}

function refuseContradictions({ disks, release }: StorageInput): void {
  const { scheme, automatic, volumes, encryption, rootSize, mirror, raid, thin, erase } = disks
  const refuse = (message: string, hint: string): never => {
    throw new KickstartError('SPEC_UNSUPPORTED', message, { hint })
  }
  const own = "only Landfall's own agent does that"
  if (raid) refuse(`disks.raid: ${own}`, 'take disks.scheme raid1 with disks.mirror, or installer agent')
  if (thin) refuse(`disks.thin: ${own}`, 'set disks.thin to false, or take installer agent')
  if (erase !== 'signatures')
    refuse(`disks.erase ${[erase].flat().join(', ')}: ${own}`, 'leave it out, or take installer agent')
  if (volumes.some(({ preserve }) => preserve)) {
    refuse(`disks.volumes preserves what is there: ${own}`, 'leave preserve out, or take installer agent')
  }
  if (encryption?.recoveryKey) refuse(`disks.encryption.recoveryKey: ${own}`, 'leave it out, or take installer agent')
  if (scheme === 'btrfs' && !isFedora(release)) {
    refuse(`disks.scheme btrfs: ${release} has no btrfs`, 'take plain or lvm')
  }
  if (disks.filesystem === 'btrfs' && !isFedora(release)) {
    refuse(`disks.filesystem btrfs: ${release} has no btrfs`, 'take xfs or ext4')
  }
  if (scheme === 'raid1' && automatic) {
    refuse('disks.automatic: Anaconda cannot lay out a mirror by itself', 'set disks.automatic to false')
  }
  if (automatic && (volumes.length > 0 || rootSize !== undefined)) {
    refuse(
      'disks.automatic leaves sizes and mount points to Anaconda, but disks.volumes or disks.rootSize names some',
      'set disks.automatic to false, or leave these out',
    )
  }
  if ((scheme === 'raid1') !== (mirror !== undefined)) {
    refuse('disks.scheme raid1 and disks.mirror belong together', 'set both, or neither')
  }
  if (scheme === 'btrfs' && encryption && !automatic) {
    refuse('disks.encryption with disks.scheme btrfs needs disks.automatic', 'set disks.automatic, or take lvm')
  }
  const mounts = volumes.map(({ mount }) => mount)
  const twice = mounts.find((mount, at) => mounts.indexOf(mount) !== at)
  if (twice !== undefined) refuse(`disks.volumes has ${twice} twice`, 'leave one out')
  const below = mounts.find((mount) => mount.startsWith('/var/'))
  if (below !== undefined && !mounts.includes('/var')) {
    refuse(
      `disks.volumes has ${below} without /var`,
      'add a volume for /var: Anaconda cannot mount one without the other',
    )
  }
}

function automatic({ disks }: StorageInput): string {
  const { scheme, filesystem, encryption } = disks
  return ksCommand('autopart', {
    type: scheme,
    fstype: scheme === 'btrfs' ? undefined : filesystem,
    nohome: true,
    ...luks(encryption),
  })
}

interface Wanted {
  mount: string
  name: string
  size: number
  grow: boolean
  fstype: string
}

function byHand(input: StorageInput): string[] {
  const { disks, targets } = input
  switch (disks.scheme) {
    case 'plain':
      return [
        ...bootParts(input),
        ...wanted(disks).map(({ mount, name, ...rest }) =>
          ksCommand('part', { ...fs(rest, name), ondisk: targets[0], ...luks(disks.encryption) }, mount),
        ),
      ]
    case 'lvm':
      return [
        ...bootParts(input),
        ksCommand('part', { size: sumOf(disks), grow: true, ondisk: targets[0], ...luks(disks.encryption) }, 'pv.01'),
        ksCommand('volgroup', {}, 'system', 'pv.01'),
        ...wanted(disks).map(({ mount, name, ...rest }) =>
          ksCommand('logvol', { vgname: 'system', name, ...fs(rest) }, mount),
        ),
      ]
    case 'btrfs':
      return [
        ...bootParts(input),
        ksCommand('part', { size: sumOf(disks), grow: true, ondisk: targets[0] }, 'btrfs.01'),
        ksCommand('btrfs', { label: 'system' }, 'none', 'btrfs.01'),
        ...wanted(disks).map(({ mount, name, ...rest }) =>
          mount === 'swap'
            ? ksCommand('part', { ...fs(rest), ondisk: targets[0] }, mount)
            : ksCommand('btrfs', { subvol: true, name }, mount, 'LABEL=system'),
        ),
      ]
    case 'raid1':
      return mirrored(input)
  }
}

/** What firmware and boot loader need. Left to Anaconda while the firmware is unknown. */
function bootParts({ disks, firmware, targets }: StorageInput): string[] {
  const ondisk = targets[0]
  if (firmware === undefined) return [ksCommand('reqpart', { 'add-boot': true })]
  return [
    firmware === 'uefi'
      ? ksCommand('part', { fstype: 'efi', size: espSize(disks), ondisk }, '/boot/efi')
      : ksCommand('part', { fstype: 'biosboot', size: 1, ondisk }, 'biosboot'),
    ksCommand('part', { fstype: bootFilesystem(disks), size: mib(disks.bootSize), label: 'boot', ondisk }, '/boot'),
  ]
}

/**
 * Each of the two disks holds a member of every array; the firmware finds an ESP on either (section 2.6). While the firmware is unknown,
 * what only one kind needs is marked, for `%pre` to choose.
 */
function mirrored({ disks, firmware, targets }: StorageInput): string[] {
  const only = (kind: 'bios' | 'uefi', lines: readonly string[]): string[] =>
    firmware === undefined ? lines.map((line) => onlyFor(kind, line)) : firmware === kind ? [...lines] : []
  const esp: Mirror = { mount: '/boot/efi', name: 'esp', size: espSize(disks), grow: false, fstype: 'efi' }
  const boot: Mirror = {
    mount: '/boot',
    name: 'boot',
    size: mib(disks.bootSize),
    grow: false,
    fstype: bootFilesystem(disks),
  }
  const mirrors = [boot, ...wanted(disks).map((one) => ({ ...one, ...luks(disks.encryption) }))]
  return [
    ...only(
      'bios',
      targets.map((ondisk) => ksCommand('part', { fstype: 'biosboot', size: 1, ondisk }, 'biosboot')),
    ),
    ...only('uefi', members(esp, 0, targets)),
    ...mirrors.flatMap((mirror, at) => members(mirror, at + 1, targets)),
    ...only('uefi', [arrayOf(esp, 0, targets)]),
    ...mirrors.map((mirror, at) => arrayOf(mirror, at + 1, targets)),
  ]
}

type Mirror = Wanted & Partial<NonNullable<ReturnType<typeof luks>>>

function members({ size, grow }: Mirror, array: number, targets: readonly string[]): string[] {
  return targets.map((ondisk, side) => ksCommand('part', { size, grow, ondisk }, member(array, side)))
}

function arrayOf({ mount, name, fstype, ...luksOptions }: Mirror, array: number, targets: readonly string[]): string {
  const { size: _size, grow: _grow, ...encryption } = luksOptions
  const options = { device: name, level: 'RAID1', fstype, ...encryption }
  return ksCommand('raid', options, mount, ...targets.map((_, side) => member(array, side)))
}

/** `raid.21`: third array, first disk. */
function member(array: number, side: number): string {
  return `raid.${array + 1}${side + 1}`
}

/** Root and the volumes; root grows unless something says how large it shall be and something else grows. */
function wanted({ filesystem, rootSize, volumes }: MachineSpec['disks']): Wanted[] {
  const others = volumes.map(({ mount, size, grow, filesystem: own }) => ({
    mount,
    name: mount === 'swap' ? 'swap' : mount.slice(1).replaceAll('/', '_'),
    size: mib(size),
    grow,
    fstype: mount === 'swap' ? 'swap' : (own ?? filesystem),
  }))
  const root = {
    mount: '/',
    name: 'root',
    size: rootSize === undefined ? MIN_ROOT : mib(rootSize),
    grow: rootSize === undefined,
    fstype: filesystem,
  }
  return [root, ...others]
}

function fs({ size, grow, fstype }: Omit<Wanted, 'mount' | 'name'>, label?: string) {
  return { fstype, size, grow, label: fstype === 'swap' ? undefined : label }
}

function sumOf(disks: MachineSpec['disks']): number {
  return wanted(disks).reduce((sum, { size }) => sum + size, 0)
}

function espSize({ espSize: bytes }: MachineSpec['disks']): number {
  return Math.max(MIN_ESP, mib(bytes))
}

/** Boot loaders read no btrfs of every kind. */
function bootFilesystem({ filesystem }: MachineSpec['disks']): string {
  return filesystem === 'btrfs' ? 'ext4' : filesystem
}

function luks(encryption: MachineSpec['disks']['encryption']) {
  return encryption && { encrypted: true, 'luks-version': 'luks2', passphrase: encryption.passphrase }
}

function mib(bytes: number): number {
  return Math.ceil(bytes / MIB)
}
