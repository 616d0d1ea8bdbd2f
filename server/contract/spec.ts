// What a person wants of a machine. Profiles and machines hold partial specs; merging them gives the spec of an install.
import { z } from 'zod'
import { Hostname } from './common.ts'

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

export const DiskLayout = z
  .strictObject({
    disk: DiskSelector.prefault({}),
    filesystem: z.enum(['xfs', 'ext4', 'btrfs']).default('xfs'),
    /** Bytes; at least what the image's boot loader needs. */
    espSize: z
      .number()
      .int()
      .min(64 * 2 ** 20)
      .default(512 * 2 ** 20),
    /** Bytes; kernels of two deployments and of one in flight live here. */
    bootSize: z
      .number()
      .int()
      .min(256 * 2 ** 20)
      .default(1024 * 2 ** 20),
  })
  .meta({ id: 'DiskLayout' })
export type DiskLayout = z.infer<typeof DiskLayout>

/** One OpenSSH public key in authorized_keys form. */
const SshKey = z
  .string()
  .trim()
  .regex(/^(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\n\r]*)?$/, 'must be one OpenSSH public key on one line')

const UserSpec = z.strictObject({
  name: z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be a Linux user name'),
  sshKeys: z.array(SshKey).default([]),
  groups: z.array(z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/)).default([]),
})

/** One kernel argument, without blanks or control characters. */
export const KernelArgument = z.string().regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks')

export const MachineSpec = z
  .strictObject({
    /** `repository:tag` or `repository@sha256:...` as known to this Landfall. */
    image: z.string().min(1).optional(),
    engine: z.enum(['auto', 'ostree', 'bootc']).default('auto'),
    disks: DiskLayout.prefault({}),
    hostname: Hostname.optional(),
    rootSshKeys: z.array(SshKey).default([]),
    users: z.array(UserSpec).default([]),
    kernelArguments: z.array(KernelArgument).default([]),
    /** Values for `console=`, the last becomes /dev/console: `tty0`, `ttyS0,115200`. */
    consoles: z.array(z.string().regex(/^[A-Za-z0-9,]+$/)).default(['tty0', 'ttyS0,115200']),
    finish: z.enum(['reboot', 'poweroff']).default('reboot'),
  })
  .meta({ id: 'MachineSpec' })
export type MachineSpec = z.infer<typeof MachineSpec>

/** A spec in which everything may be absent: what profiles and machines store. No defaults are filled in. */
export const PartialSpec = z
  .strictObject({
    image: z.string().min(1),
    engine: z.enum(['auto', 'ostree', 'bootc']),
    disks: z
      .strictObject({
        disk: DiskSelector,
        filesystem: z.enum(['xfs', 'ext4', 'btrfs']),
        espSize: z
          .number()
          .int()
          .min(64 * 2 ** 20),
        bootSize: z
          .number()
          .int()
          .min(256 * 2 ** 20),
      })
      .partial(),
    hostname: Hostname,
    rootSshKeys: z.array(SshKey),
    users: z.array(UserSpec),
    kernelArguments: z.array(KernelArgument),
    consoles: z.array(z.string().regex(/^[A-Za-z0-9,]+$/)),
    finish: z.enum(['reboot', 'poweroff']),
  })
  .partial()
  .meta({ id: 'PartialSpec' })
export type PartialSpec = z.infer<typeof PartialSpec>

/** Where each value of a merged spec came from: dotted path to `machine`, `default` or `profile:<name>`. */
export const SpecOrigins = z.record(z.string(), z.string())
export type SpecOrigins = z.infer<typeof SpecOrigins>
