// File systems and disks of a blueprint.
import { Filesystem } from '../contract/spec-disks.ts'
import type { Volume } from '../contract/spec-disks.ts'
import { PartialSpec } from '../contract/spec.ts'
import { BlueprintError } from './errors.ts'
import type { Outcome } from './outcome.ts'
import type { BlueprintPartition, Customizations } from './schema.ts'

const limits = PartialSpec.shape.disks.unwrap().shape
const LAYS_OUT = 'Landfall lays partitions out and names them itself'
const ROOT_GROWS = 'the root file system takes all that is left of the disk; whether that is enough is not checked'

/** A file system as either section of a blueprint describes it. */
interface Wanted {
  key: string
  mountpoint?: string | undefined
  minsize?: number | undefined
  fs_type?: string | undefined
}

export function applyDisks({ filesystem = [], disk, installation_device }: Customizations, outcome: Outcome): void {
  if (installation_device !== undefined) {
    outcome.skip('customizations.installation_device', "the disk is chosen by the spec's disks.disk")
  }
  filesystem.forEach(({ mountpoint, minsize }, at) =>
    applyFilesystem({ key: `customizations.filesystem[${at}]`, mountpoint, minsize }, outcome),
  )
  if (disk === undefined) return
  const key = 'customizations.disk'
  if (disk.type === 'dos') outcome.skip(`${key}.type`, 'disks get a GUID partition table')
  outcome.skipAll(key, disk, ['start_offset', 'sector_size'], LAYS_OUT)
  if (disk.minsize !== undefined) {
    if (outcome.target === 'disk-image') outcome.minDiskSize = disk.minsize
    else outcome.skip(`${key}.minsize`, "the size of the disk is the machine's")
  }
  disk.partitions.forEach((partition, at) => applyPartition(partition, `${key}.partitions[${at}]`, outcome))
}

function applyPartition(partition: BlueprintPartition, key: string, outcome: Outcome): void {
  outcome.skipAll(key, partition, ['part_type', 'part_label', 'part_uuid', 'label', 'name'], LAYS_OUT)
  const { type, mountpoint, fs_type, minsize, logical_volumes = [], subvolumes = [] } = partition
  refuseForeign(partition, key)
  if (type === 'plain') return applyFilesystem({ key, mountpoint, minsize, fs_type }, outcome)
  setDisks(outcome, 'scheme', type, `${key}.type`)
  if (type === 'lvm') {
    logical_volumes.forEach((volume, at) => {
      const inner = `${key}.logical_volumes[${at}]`
      outcome.skipAll(inner, volume, ['name', 'label'], LAYS_OUT)
      applyFilesystem({ ...volume, key: inner }, outcome)
    })
    return
  }
  setDisks(outcome, 'filesystem', 'btrfs', `${key}.type`)
  if (minsize !== undefined) growRoot(minsize, `${key}.minsize`, outcome)
  subvolumes.forEach(({ mountpoint: mount }, at) => {
    if (mount !== '/') outcome.skip(`${key}.subvolumes[${at}]`, 'of Btrfs only the root is laid out')
  })
}

/** Keys of the other kinds of partition. */
function refuseForeign(
  { type, mountpoint, fs_type, logical_volumes, subvolumes }: BlueprintPartition,
  key: string,
): void {
  const foreign = {
    mountpoint: type !== 'plain' && mountpoint !== undefined,
    fs_type: type !== 'plain' && fs_type !== undefined,
    logical_volumes: type !== 'lvm' && logical_volumes !== undefined,
    subvolumes: type !== 'btrfs' && subvolumes !== undefined,
  }
  const [name] = Object.entries(foreign).find(([, found]) => found) ?? []
  if (name !== undefined) throw invalid(`${key}.${name}`, `has no meaning in a partition of type ${type}`)
}

function applyFilesystem({ key, mountpoint, minsize, fs_type }: Wanted, outcome: Outcome): void {
  const swap = fs_type === 'swap'
  if (mountpoint === undefined && !swap) throw invalid(`${key}.mountpoint`, 'is needed')
  if (mountpoint === '/') {
    if (fs_type !== undefined) setDisks(outcome, 'filesystem', filesystemOf(fs_type, key), `${key}.fs_type`)
    if (minsize !== undefined) growRoot(minsize, `${key}.minsize`, outcome)
  } else if (mountpoint === '/boot') {
    if (fs_type !== undefined && fs_type !== 'ext4') outcome.skip(`${key}.fs_type`, '/boot is always ext4')
    if (minsize !== undefined) setDisks(outcome, 'bootSize', checked(limits.bootSize, minsize, key), key)
  } else if (mountpoint === '/boot/efi') {
    if (minsize !== undefined) setDisks(outcome, 'espSize', checked(limits.espSize, minsize, key), key)
  } else {
    const volume = {
      mount: swap ? 'swap' : mountpoint,
      size: minsize,
      grow: false,
      ...(fs_type !== undefined && !swap && { filesystem: filesystemOf(fs_type, key) }),
    }
    const volumes = checked(limits.volumes, [volume], key)
    setDisks(outcome, 'volumes', [...(outcome.spec.disks?.volumes ?? []), ...(volumes as Volume[])], key)
  }
}

function growRoot(size: number, key: string, outcome: Outcome): void {
  if (outcome.target === 'disk-image') outcome.minRootSize = Math.max(outcome.minRootSize, size)
  else outcome.skip(key, ROOT_GROWS)
}

type Disks = NonNullable<PartialSpec['disks']>

function setDisks<K extends keyof Disks>(outcome: Outcome, name: K, value: Disks[K], key: string): void {
  outcome.spec.disks = { ...outcome.spec.disks, [name]: value }
  outcome.set(`disks.${name}`, key)
}

function filesystemOf(text: string, key: string): Filesystem {
  return checked(Filesystem, text, `${key}.fs_type`)
}

interface Checker<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: { message: string }[] } }
}

function checked<T>(schema: Checker<T>, value: unknown, key: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalid(key, parsed.error.issues[0]?.message ?? 'is not valid')
}

function invalid(key: string, why: string): BlueprintError {
  return new BlueprintError('INVALID_VALUE', `${key}: ${why}`)
}
