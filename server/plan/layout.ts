// From a layout and the chosen disks to partitions, layers and file systems. The same on every x86 machine, so that its disks boot under
// either firmware.
import { formatBytes } from '../contract/bytes.ts'
import type { DiskFacts, Facts } from '../contract/facts.ts'
import type { Failure } from '../contract/install.ts'
import type { PlannedDisk, PlannedFilesystem, PlannedPartition, StoragePlan } from '../contract/plan.ts'
import type { DiskLayout, Raid } from '../contract/spec-disks.ts'
import { chooseErasure } from './erasure.ts'
import type { Insides } from './inside.ts'
import { findKept } from './kept.ts'
import type { Kept } from './kept.ts'
import { encryptedSize, groupRoom, groupSize, keptIn, Layers, memberSize } from './layers.ts'
import type { Base } from './layers.ts'
import { LINUX_DATA, placePartitions, TABLES } from './partitions.ts'
import type { WantedPartition } from './partitions.ts'
import { describeDisk } from './select-disk.ts'
import type { IdOf } from './stable-ids.ts'
import { MIB, roundUp } from './units.ts'
import { raidOf, SYSTEM, wantedVolumes } from './wanted-volumes.ts'
import type { WantedVolume } from './wanted-volumes.ts'

/** GPT type GUIDs: those of `bootc install to-disk` (specs/ostree-container-deploy.md 3.5), and what systemd and mdadm look for. */
const TYPE = {
  biosBoot: '21686148-6449-6E6F-744E-656564454649',
  esp: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  linux: LINUX_DATA,
  swap: '0657FD6D-A4AB-43C4-84E5-0933C84B4F4F',
  raid: 'A19D880F-05FC-4D3B-A006-743F0F84911E',
  lvm: 'E6D6D379-F507-44C2-A23C-238F2A3DF928',
  luks: 'CA7D7CCB-63ED-4C53-861C-1742536059CC',
  root: {
    amd64: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
    arm64: 'B921B045-1DF0-41C3-AF44-4C6F280D3FAE',
  },
} as const

type Architecture = Facts['architecture']

export type Laid = Pick<StoragePlan, 'disks' | 'layers' | 'filesystems'> & {
  /** What stays, by the names of partitions. */
  kept: ReadonlyMap<string, Kept>
}

/**
 * Lays everything out, or refuses with DISK_TOO_SMALL, DISK_LAYOUT, DISK_LOCKED or DISK_ERASE. The layout is free of contradictions. `insides` is what
 * the installer found in partitions whose content stays; undefined where nobody has looked.
 */
export function layOut(
  layout: DiskLayout,
  disks: readonly DiskFacts[],
  architecture: Architecture,
  idOf: IdOf,
  insides: Insides | undefined,
): Laid | Failure {
  const kept = findKept(layout, disks, insides)
  if ('code' in kept) return kept
  const wanted = wantedPartitions(layout, architecture).map((one) => {
    return { ...one, existing: kept.get(one.name)?.partitions[0] }
  })
  // All disks alike: a member that is larger than the others has no use for it.
  const smallest = disks.reduce((least, disk) => (disk.size < least.size ? disk : least))
  const placed = placePartitions(smallest.size, wanted)
  if (placed === undefined) return tooSmall(smallest, smallestDisk(layout, architecture), [...kept.keys()])
  const full = groupTooSmall(layout, kept)
  if (full) return full
  const planned: PlannedDisk[] = []
  for (const [at, disk] of disks.entries()) {
    const erase = chooseErasure(layout.erase, disk)
    if ('code' in erase) return erase
    const id = `disk${at + 1}`
    const partitions = placed.map((partition): PlannedPartition => {
      const own = `${id}/${partition.name}`
      const existing = kept.get(partition.name)?.partitions[at]
      return { id: own, ...partition, uuid: existing?.uuid?.toLowerCase() ?? idOf(own) }
    })
    planned.push({ id, disk, device: devicePath(disk), uuid: idOf(id), partitions, erase })
  }
  return { disks: planned, ...layersAndFilesystems(layout, planned, kept, idOf), kept }
}

/** The smallest disk that {@link layOut} accepts for a layout that preserves nothing, bytes. */
export function smallestDisk(layout: DiskLayout, architecture: Architecture): number {
  return wantedPartitions(layout, architecture).reduce((sum, { size }) => sum + size, TABLES)
}

type Wanted = WantedPartition & { volume?: WantedVolume }

function wantedPartitions(layout: DiskLayout, architecture: Architecture): Wanted[] {
  const { espSize, bootSize, scheme, thin, encryption } = layout
  const raid = raidOf(layout)
  const count = 1 + (raid?.disks.length ?? 0)
  const member = (size: number, level: Raid['level']) => (raid ? memberSize(size, level, count) : size)
  const content = (size: number) => member(encryption ? encryptedSize(size) : size, raid?.level ?? 1)
  const type = (plain: string) => (raid ? TYPE.raid : encryption ? TYPE.luks : plain)
  const volumes = wantedVolumes(layout)
  const partition = (volume: WantedVolume): Wanted => {
    const { name, size, grow, mount } = volume
    const role = mount === '/' ? 'root' : 'volume'
    const plain = mount === '/' ? TYPE.root[architecture] : mount === 'swap' ? TYPE.swap : TYPE.linux
    return { name, role, typeGuid: type(plain), size: content(size), grow, volume }
  }
  const system = (size: number, plain: string): Wanted => {
    return { name: SYSTEM, role: 'root', typeGuid: type(plain), size: content(size), grow: true }
  }
  const before: Wanted[] = [
    ...(architecture === 'amd64'
      ? [{ name: 'BIOS-BOOT', role: 'bios-boot' as const, typeGuid: TYPE.biosBoot, size: MIB, grow: false }]
      : []),
    { name: 'EFI-SYSTEM', role: 'esp', typeGuid: TYPE.esp, size: roundUp(espSize), grow: false },
    {
      name: 'boot',
      role: 'boot',
      typeGuid: raid ? TYPE.raid : TYPE.linux,
      size: member(roundUp(bootSize), 1),
      grow: false,
    },
  ]
  switch (scheme) {
    case 'plain':
    case 'raid1':
      return [...before, ...volumes.map(partition)]
    case 'lvm':
      return [...before, system(groupSize(volumes, thin), TYPE.lvm)]
    case 'btrfs': {
      const inside = volumes.filter(({ mount }) => mount !== 'swap')
      const size = inside.reduce((sum, volume) => sum + volume.size, 0)
      return [
        ...before,
        ...volumes.filter(({ mount }) => mount === 'swap').map(partition),
        system(size, TYPE.root[architecture]),
      ]
    }
  }
}

function layersAndFilesystems(
  layout: DiskLayout,
  disks: readonly PlannedDisk[],
  kept: ReadonlyMap<string, Kept>,
  idOf: IdOf,
): Pick<StoragePlan, 'layers' | 'filesystems'> {
  const { scheme, thin, encryption } = layout
  const raid = raidOf(layout)
  const layers = new Layers(idOf)
  const [first] = disks
  const found = (name: string) => disks.map(({ partitions }) => partitions.find((one) => one.name === name)!)
  const base = (name: string): Base => {
    const members = found(name)
    const { array, luks } = kept.get(name) ?? {}
    const below = raid ? layers.raid(name, members, raid.level, { kept: array }) : members[0]!
    return encryption ? layers.luks(name, below, luks) : below
  }
  const on = (
    at: Base,
    volume: Omit<WantedVolume, 'size' | 'grow' | 'preserve'>,
    mounts: PlannedFilesystem['mounts'],
  ) => {
    const existing = stays.get(volume.name)
    const { id, size } = at
    // As large as what it lies on: what a volume asks for is only the least of it.
    return filesystem({ ...volume, id, size, mounts, kept: existing !== undefined, uuid: existing?.uuid }, idOf)
  }
  const stays = new Map([...kept.values()].flatMap(({ filesystems }) => [...filesystems]))
  const mounted = (volume: WantedVolume) => (volume.mount === 'swap' ? [] : [{ mountPoint: volume.mount }])

  const filesystems: PlannedFilesystem[] = found('EFI-SYSTEM').map((esp, at) =>
    on(
      esp,
      { name: 'EFI-SYSTEM', mount: '/boot/efi', filesystem: 'vfat' },
      at === 0 ? [{ mountPoint: '/boot/efi' }] : [],
    ),
  )
  const boot = raid ? layers.raid('boot', found('boot'), 1, { metadata: '1.0' }) : found('boot')[0]!
  // Whatever the root is: every GRUB reads ext4 and can write grubenv on it, and mkfs.xfs refuses small partitions.
  filesystems.push(on(boot, { name: 'boot', mount: '/boot', filesystem: 'ext4' }, [{ mountPoint: '/boot' }]))

  const volumes = wantedVolumes(layout)
  if (first && scheme === 'lvm') {
    const bases = layers.volumes(base(SYSTEM), volumes, thin, kept.get(SYSTEM))
    filesystems.push(...volumes.map((volume, at) => on(bases[at]!, volume, mounted(volume))))
  } else if (scheme === 'btrfs') {
    const swaps = volumes.filter(({ mount }) => mount === 'swap')
    filesystems.push(...swaps.map((volume) => on(base(volume.name), volume, [])))
    const inside = volumes.filter(({ mount }) => mount !== 'swap')
    const mounts = inside.map(({ mount, name }) => ({ mountPoint: mount, subvolume: name }))
    filesystems.push(on(base(SYSTEM), { name: SYSTEM, mount: '/', filesystem: 'btrfs' }, mounts))
  } else {
    filesystems.push(...volumes.map((volume) => on(base(volume.name), volume, mounted(volume))))
  }
  return { layers: layers.list, filesystems }
}

interface Made extends Base, Pick<PlannedFilesystem, 'filesystem' | 'mounts' | 'kept'> {
  name: string
  uuid: string | undefined
}

/** What mkfs.xfs takes for a label, which is least. */
const MAX_LABEL = 12

function filesystem({ id: on, size, name, filesystem: kind, mounts, kept, uuid }: Made, idOf: IdOf): PlannedFilesystem {
  const id = `${on}/${kind}`
  return {
    id,
    on,
    filesystem: kind,
    label: name.slice(0, MAX_LABEL),
    uuid: uuid ?? spelled(kind, idOf(id)),
    size,
    kept,
    mounts,
  }
}

/** As blkid spells it: vfat has a short volume id. */
function spelled(kind: PlannedFilesystem['filesystem'], uuid: string): string {
  return kind === 'vfat' ? `${uuid.slice(0, 4)}-${uuid.slice(4, 8)}`.toUpperCase() : uuid
}

/** A by-id name stays right when kernel names change between the plan and the write. */
function devicePath({ name, byId }: DiskFacts): string {
  return byId[0] ? `/dev/disk/by-id/${byId[0]}` : `/dev/${name}`
}

/** A group that stays is as large as it is. */
function groupTooSmall(layout: DiskLayout, kept: ReadonlyMap<string, Kept>): Failure | undefined {
  const { group, filesystems } = kept.get(SYSTEM) ?? {}
  if (!group || !filesystems) return undefined
  const needed = wantedVolumes(layout)
    .filter(({ name }) => !filesystems.has(name))
    .reduce((sum, { size }) => sum + roundUp(size, group.extent), 0)
  const room = groupRoom(group, layout.thin) - keptIn(group, filesystems)
  if (needed <= room) return undefined
  return {
    code: 'DISK_TOO_SMALL',
    message: `volume group ${group.name} has ${formatBytes(Math.max(room, 0))} beside ${[...filesystems.keys()].join(', ')}, which stay: the layout needs ${formatBytes(needed)}`,
    hint: 'choose smaller sizes in spec.disks, or save what is kept and leave preserve out for one install',
  }
}

/** `stays` are partitions that nothing can be laid over. */
function tooSmall(disk: DiskFacts, needed: number, stays: readonly string[]): Failure {
  if (stays.length > 0) {
    return {
      code: 'DISK_TOO_SMALL',
      message: `disk ${describeDisk(disk)} has no room for the rest of the layout beside ${stays.join(', ')}, which stays where it is`,
      hint: 'use the sizes of the install that made it, or smaller ones; or leave preserve out for one install if nothing there is needed',
    }
  }
  return {
    code: 'DISK_TOO_SMALL',
    message: `disk ${describeDisk(disk)} is too small: the layout needs ${formatBytes(needed)}`,
    hint: 'choose another disk with spec.disks.disk, or smaller sizes in spec.disks',
  }
}
