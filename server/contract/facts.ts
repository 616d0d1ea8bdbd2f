// What a machine tells about itself from inside the installer. Sizes are bytes.
import { z } from 'zod'
import { Architecture, Firmware, Mac, Timestamp } from './common.ts'
import { EraseAbility } from './erase.ts'

export const NicFacts = z.object({
  name: z.string(),
  mac: Mac,
  driver: z.string().optional(),
  link: z.boolean(),
  speedMbps: z.number().int().positive().optional(),
  addresses: z.array(z.string()).default([]),
  pciAddress: z.string().optional(),
  /** The NIC named by BOOTIF. */
  boot: z.boolean().default(false),
})
export type NicFacts = z.infer<typeof NicFacts>

export const PartitionFacts = z.object({
  number: z.number().int().positive(),
  /** Bytes from the start of the disk. */
  start: z.number().int().nonnegative(),
  size: z.number().int().nonnegative(),
  /** GPT name, type and unique GUID. */
  name: z.string().optional(),
  type: z.string().optional(),
  uuid: z.string().optional(),
  /** What blkid finds on it: `xfs`, `crypto_LUKS`, ... */
  filesystem: z.string().optional(),
  filesystemUuid: z.string().optional(),
})
export type PartitionFacts = z.infer<typeof PartitionFacts>

export const DiskFacts = z.object({
  /** Kernel name without /dev, good for one boot only: `nvme0n1`. */
  name: z.string(),
  size: z.number().int().nonnegative(),
  model: z.string().optional(),
  vendor: z.string().optional(),
  serial: z.string().optional(),
  wwn: z.string().optional(),
  transport: z.enum(['nvme', 'sata', 'sas', 'scsi', 'virtio', 'usb', 'mmc', 'other']),
  rotational: z.boolean(),
  removable: z.boolean(),
  readOnly: z.boolean().default(false),
  logicalBlockSize: z.number().int().positive(),
  physicalBlockSize: z.number().int().positive(),
  /** Names below /dev/disk/by-id, best first. */
  byId: z.array(z.string()).default([]),
  byPath: z.array(z.string()).default([]),
  /** Why the disk can't be a target, e.g. the installer booted from it. */
  blocked: z.string().optional(),
  /** Signatures found on it now: `gpt`, `xfs`, `linux_raid_member`, ... */
  signatures: z.array(z.string()).default([]),
  /** Of a GPT, by number. */
  partitions: z.array(PartitionFacts).default([]),
  /** How its content can be erased, besides overwriting; absent from installers that did not ask. */
  erasure: z.array(EraseAbility).optional(),
})
export type DiskFacts = z.infer<typeof DiskFacts>

export const Facts = z
  .object({
    collectedAt: Timestamp,
    architecture: Architecture,
    firmware: Firmware,
    secureBoot: z.boolean(),
    tpm: z.enum(['1.2', '2.0']).optional(),
    smbios: z.object({
      uuid: z.string().optional(),
      vendor: z.string().optional(),
      product: z.string().optional(),
      serial: z.string().optional(),
      sku: z.string().optional(),
      assetTag: z.string().optional(),
      boardSerial: z.string().optional(),
      biosVersion: z.string().optional(),
    }),
    cpu: z.object({
      model: z.string(),
      sockets: z.number().int().positive(),
      cores: z.number().int().positive(),
      threads: z.number().int().positive(),
    }),
    memoryBytes: z.number().int().positive(),
    nics: z.array(NicFacts),
    disks: z.array(DiskFacts),
    installer: z.object({ kernel: z.string(), version: z.string() }),
  })
  .meta({ id: 'Facts' })
export type Facts = z.infer<typeof Facts>
