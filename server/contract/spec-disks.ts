// Where and how a system is laid out on the disks of a machine.
import { z } from 'zod'
import { EraseMethod } from './erase.ts'

const MIB = 2 ** 20

/** A text, or what is known of it; all given conditions must hold. Capitals count, in a WWN they do not. */
export const TextCondition = z.union([
  z.string().min(1),
  z.strictObject({
    startsWith: z.string().min(1).optional(),
    endsWith: z.string().min(1).optional(),
    contains: z.string().min(1).optional(),
    oneOf: z.array(z.string().min(1)).min(1).max(64).optional(),
    not: z.string().min(1).optional(),
  }),
])
export type TextCondition = z.infer<typeof TextCondition>

/**
 * Which disk to install on. All given conditions must hold, and exactly one disk of the machine may match:
 * none or several is a refusal, never a guess. An empty selector matches every usable disk.
 */
export const DiskSelector = z
  .strictObject({
    serial: TextCondition.optional(),
    wwn: TextCondition.optional(),
    /** A name below /dev/disk/by-id. */
    byId: TextCondition.optional(),
    /** A name below /dev/disk/by-path. */
    byPath: TextCondition.optional(),
    model: TextCondition.optional(),
    vendor: TextCondition.optional(),
    transport: z.enum(['nvme', 'sata', 'sas', 'scsi', 'virtio', 'usb', 'mmc', 'other']).optional(),
    rotational: z.boolean().optional(),
    /** Bytes. */
    minSize: z.number().int().positive().optional(),
    /** Bytes. */
    maxSize: z.number().int().positive().optional(),
    /** Of several that match, the one at this place; two that are equal in it are a refusal. */
    pick: z
      .strictObject({
        order: z.enum(['smallest', 'largest', 'path']),
        nth: z.number().int().positive().max(1000).default(1),
      })
      .optional(),
  })
  .meta({ id: 'DiskSelector' })
export type DiskSelector = z.infer<typeof DiskSelector>

export const Filesystem = z.enum(['xfs', 'ext4', 'btrfs'])
export type Filesystem = z.infer<typeof Filesystem>

/**
 * A file system besides root, or swap. In an image-based system only /var and what lies below it is the machine's own: everything else
 * is the image's, or a link into /var.
 */
const Volume = z.strictObject({
  mount: z
    .string()
    .regex(
      /^(swap|\/var(\/[A-Za-z0-9._-]+)*)$/,
      'must be swap, /var or a folder below /var: the rest of an image-based system belongs to the image',
    ),
  /** Bytes. */
  size: z
    .number()
    .int()
    .min(16 * MIB),
  /** Takes what is left of the disk, shared with others that grow. */
  grow: z.boolean().default(false),
  filesystem: Filesystem.optional(),
  /** What a partition of this volume holds stays through a reinstall; where there is none yet, it is made. */
  preserve: z.boolean().optional(),
})
export type Volume = z.infer<typeof Volume>

const Encryption = z.strictObject({
  /** Opens the disk wherever nothing else does. A secret. */
  passphrase: z.string().min(8).max(512),
  /** Binds it to the machine's TPM as well, so that it starts unattended. */
  tpm2: z.boolean().default(false),
  /** A second key for people, which the server keeps until it was shown once. */
  recoveryKey: z.boolean().optional(),
})

/** An array over several disks, each of them bootable. */
const Raid = z.strictObject({
  level: z.union([z.literal(0), z.literal(1), z.literal(5), z.literal(6), z.literal(10)]),
  /** Besides `disk`. */
  disks: z.array(DiskSelector).min(1).max(31),
})
export type Raid = z.infer<typeof Raid>

/** All values, none of them with a default. */
export const diskLayoutFields = {
  disk: DiskSelector,
  /** The second disk, for `raid1`. */
  mirror: DiskSelector,
  /** `raid1` is `plain` on a mirror of `disk` and `mirror`. */
  scheme: z.enum(['plain', 'lvm', 'btrfs', 'raid1']),
  /** For every scheme but `raid1`. */
  raid: Raid,
  /** Of the logical volumes of scheme `lvm`: they share what space they use. */
  thin: z.boolean(),
  /** What becomes of the old content: its signatures alone, or all of it by a method, or by the first of several that works. */
  erase: z.union([z.enum(['signatures', ...EraseMethod.options]), z.array(EraseMethod).min(1).max(16)]),
  /** Leaves sizes and mount points to the installer; Anaconda calls it autopart. */
  automatic: z.boolean(),
  filesystem: Filesystem,
  /** Bytes; at least what the image's boot loader needs. */
  espSize: z
    .number()
    .int()
    .min(64 * MIB),
  /** Bytes; kernels of two deployments and of one in flight live here. */
  bootSize: z
    .number()
    .int()
    .min(256 * MIB),
  /** Bytes of the root file system; absent, it takes all that others leave. */
  rootSize: z
    .number()
    .int()
    .min(2048 * MIB),
  volumes: z.array(Volume).max(32),
  encryption: Encryption,
}

export const DiskLayout = z
  .strictObject({
    disk: diskLayoutFields.disk.prefault({}),
    mirror: diskLayoutFields.mirror.optional(),
    scheme: diskLayoutFields.scheme.default('plain'),
    raid: diskLayoutFields.raid.optional(),
    thin: diskLayoutFields.thin.default(false),
    erase: diskLayoutFields.erase.default('signatures'),
    automatic: diskLayoutFields.automatic.default(false),
    filesystem: diskLayoutFields.filesystem.default('xfs'),
    espSize: diskLayoutFields.espSize.default(512 * MIB),
    bootSize: diskLayoutFields.bootSize.default(1024 * MIB),
    rootSize: diskLayoutFields.rootSize.optional(),
    volumes: diskLayoutFields.volumes.default([]),
    encryption: diskLayoutFields.encryption.optional(),
  })
  .meta({ id: 'DiskLayout' })
export type DiskLayout = z.infer<typeof DiskLayout>
