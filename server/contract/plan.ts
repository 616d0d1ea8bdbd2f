// The dry-run plan: what will be written where, made before anything is, and shown to people word for word.
//
// A tree whose branches are named: disks have partitions, layers (arrays, encryption, volumes) lie on partitions or on each other, and
// file systems lie on any of them. Every UUID is chosen here, so that nothing has to be asked of the disks afterwards.
import { z } from 'zod'
import { Firmware } from './common.ts'
import { EraseAbility } from './erase.ts'
import { DiskFacts } from './facts.ts'
import { Filesystem } from './spec-disks.ts'

/** Names a node in its plan: `disk1`, `disk1/root`, `raid/boot`. */
const NodeId = z.string().min(1)

export const PlannedPartition = z.object({
  id: NodeId,
  number: z.number().int().positive(),
  /** GPT partition name. */
  name: z.string(),
  /** `scratch` is there only until the install is done. */
  role: z.enum(['bios-boot', 'esp', 'boot', 'root', 'volume', 'scratch']),
  /** GPT type GUID, upper case. */
  typeGuid: z.string(),
  uuid: z.uuid(),
  /** Bytes from the start of the disk, a multiple of 1 MiB unless it is kept. */
  start: z.number().int().nonnegative(),
  /** Bytes. */
  size: z.number().int().positive(),
  /** It is there already and stays as it is. */
  kept: z.boolean(),
})
export type PlannedPartition = z.infer<typeof PlannedPartition>

export const PlannedDisk = z.object({
  id: NodeId,
  disk: DiskFacts,
  /** /dev path to write to, by-id where there is one. */
  device: z.string(),
  /** GUID of the partition table. */
  uuid: z.uuid(),
  partitions: z.array(PlannedPartition),
  /** How the old content goes: by the first of these that the disk carries out. None: its signatures alone go. */
  erase: z.array(EraseAbility.omit({ unable: true })).default([]),
})
export type PlannedDisk = z.infer<typeof PlannedDisk>

const layer = {
  id: NodeId,
  /** As the kernel and its tools call it. */
  name: z.string(),
  /** Bytes, rounded down: what it holds can be a little less. */
  size: z.number().int().positive(),
  /** It is there already and stays as it is, with what it holds as far as that is kept. */
  kept: z.boolean().default(false),
}

export const PlannedLayer = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('raid'),
    ...layer,
    on: z.array(NodeId).min(2),
    level: z.union([z.literal(0), z.literal(1), z.literal(5), z.literal(6), z.literal(10)]),
    /** 1.0 has its superblock at the end: boot loaders and firmware read a member like a plain partition. */
    metadata: z.enum(['1.0', '1.2']),
    /** Arrays of other makers have numbers of any kind. */
    uuid: z.guid(),
  }),
  z.object({ type: z.literal('luks'), ...layer, on: NodeId, uuid: z.uuid() }),
  /** From one that is kept, the logical volumes in `remove` go. */
  z.object({ type: z.literal('volume-group'), ...layer, on: NodeId, remove: z.array(z.string()).default([]) }),
  z.object({ type: z.literal('thin-pool'), ...layer, on: NodeId }),
  /** On a volume group, or on a thin pool of one. */
  z.object({ type: z.literal('logical-volume'), ...layer, on: NodeId }),
])
export type PlannedLayer = z.infer<typeof PlannedLayer>

export const PlannedFilesystem = z.object({
  id: NodeId,
  on: NodeId,
  filesystem: z.enum([...Filesystem.options, 'vfat', 'swap']),
  label: z.string(),
  /** As blkid and fstab spell it; vfat has only `1234-ABCD`. */
  uuid: z.string(),
  size: z.number().int().positive(),
  kept: z.boolean(),
  /** Several with subvolumes; none of swap, nor of the ESPs beside the first, which are copies of it. */
  mounts: z.array(z.object({ mountPoint: z.string(), subvolume: z.string().optional() })),
})
export type PlannedFilesystem = z.infer<typeof PlannedFilesystem>

export const StoragePlan = z
  .object({
    firmware: Firmware,
    /** The first is the one that the firmware shall start. */
    disks: z.array(PlannedDisk).min(1),
    /** Each behind those it lies on. */
    layers: z.array(PlannedLayer),
    filesystems: z.array(PlannedFilesystem),
    /** Sentences for people: what will be lost. */
    warnings: z.array(z.string()),
  })
  .meta({ id: 'StoragePlan' })
export type StoragePlan = z.infer<typeof StoragePlan>
