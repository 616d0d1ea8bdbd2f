// Where and how a system is laid out on the disks of a machine.
import { z } from 'zod'

const MIB = 2 ** 20

/**
 * Which disk to install on. All given conditions must hold, and exactly one disk of the machine may match:
 * none or several is a refusal, never a guess. An empty selector matches every usable disk.
 */
export const DiskSelector = z
  .strictObject({
    serial: z.string().min(1).optional(),
    wwn: z.string().min(1).optional(),
    /** A name below /dev/disk/by-id. */
    byId: z.string().min(1).optional(),
    /** A name below /dev/disk/by-path. */
    byPath: z.string().min(1).optional(),
    model: z.string().min(1).optional(),
    transport: z.enum(['nvme', 'sata', 'sas', 'scsi', 'virtio', 'usb', 'mmc', 'other']).optional(),
    rotational: z.boolean().optional(),
    /** Bytes. */
    minSize: z.number().int().positive().optional(),
    /** Bytes. */
    maxSize: z.number().int().positive().optional(),
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
})
export type Volume = z.infer<typeof Volume>

const Encryption = z.strictObject({
  /** Opens the disk wherever nothing else does. A secret. */
  passphrase: z.string().min(8).max(512),
  /** Binds it to the machine's TPM as well, so that it starts unattended. */
  tpm2: z.boolean().default(false),
})

/** All values, none of them with a default. */
export const diskLayoutFields = {
  disk: DiskSelector,
  /** The second disk, for `raid1`. */
  mirror: DiskSelector,
  scheme: z.enum(['plain', 'lvm', 'btrfs', 'raid1']),
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
