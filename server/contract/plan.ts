// The dry-run plan: what will be written where, made before anything is, and shown to people word for word.
import { z } from 'zod'
import { Firmware } from './common.ts'
import { DiskFacts } from './facts.ts'

export const PlannedPartition = z.object({
  number: z.number().int().positive(),
  /** GPT partition name. */
  name: z.string(),
  role: z.enum(['bios-boot', 'esp', 'boot', 'root']),
  /** GPT type GUID, upper case. */
  typeGuid: z.string(),
  /** Bytes from the start of the disk, a multiple of 1 MiB. */
  start: z.number().int().nonnegative(),
  /** Bytes. */
  size: z.number().int().positive(),
  filesystem: z.enum(['vfat', 'xfs', 'ext4', 'btrfs']).optional(),
  mountPoint: z.string().optional(),
})
export type PlannedPartition = z.infer<typeof PlannedPartition>

export const DiskPlan = z
  .object({
    disk: DiskFacts,
    /** /dev path to write to, by-id where there is one. */
    device: z.string(),
    firmware: Firmware,
    partitions: z.array(PlannedPartition),
    /** Sentences for people: what will be lost. */
    warnings: z.array(z.string()),
  })
  .meta({ id: 'DiskPlan' })
export type DiskPlan = z.infer<typeof DiskPlan>
