// What an image is, as far as reading its layers tells; whether it can start a machine; what two images differ in.
import { z } from 'zod'
import { Architecture, Digest, Timestamp, Uuid } from './common.ts'
import { Package } from './layer-facts.ts'

const Count = z.number().int().nonnegative()

/** A program of the image; its version as the database of packages has it. */
const Program = z.object({ present: z.boolean(), version: z.string().nullable() })

export const BootloaderFindings = z.object({
  /** `bootupd` installs it, or Landfall does from the image's `grub`; `uki` and `systemd-boot` only the image's bootc can install. */
  kind: z.enum(['bootupd', 'grub', 'uki', 'systemd-boot', 'none']),
  /** Firmware that it starts under. */
  uefi: z.boolean(),
  bios: z.boolean(),
  /** Has what Secure Boot wants signed: shim and boot loader. */
  secureBoot: z.boolean(),
})
export type BootloaderFindings = z.infer<typeof BootloaderFindings>

/** What the layers of one platform's image tell. */
export const ImageFindings = z.object({
  /** `chunked` embeds an OSTree commit, `derived` has layers on top of one, `plain` has none. */
  kind: z.enum(['chunked', 'derived', 'plain']),
  /** Carries containers.bootc or ostree.bootable. */
  bootable: z.boolean(),
  /** What installs it unless the spec says otherwise. */
  engine: z.enum(['ostree', 'bootc']),
  os: z.object({ id: z.string(), name: z.string(), version: z.string().nullable() }).nullable(),
  kernels: z.array(z.object({ version: z.string(), initramfs: z.boolean() })),
  bootc: Program,
  ostree: Program,
  bootupd: Program,
  bootloader: BootloaderFindings,
  selinux: z.object({ policy: z.string(), mode: z.string() }).nullable(),
  /** Default of the image's own bootc. */
  rootFilesystem: z.string().nullable(),
  /** Of its `kargs.d` and `install` configuration; null when one of these files cannot be read. */
  kernelArguments: z.array(z.string()).nullable(),
  /** Null when no database of packages was found. */
  packages: z.object({ format: z.enum(['rpm', 'dpkg']), count: Count, problem: z.string().nullable() }).nullable(),
  /** Compressed layers, and what they unpack to; each layer counts as often as the image has it. */
  size: Count,
  unpackedBytes: Count,
  entries: z.object({ files: Count, directories: Count, links: Count, removals: Count }),
})
export type ImageFindings = z.infer<typeof ImageFindings>

const InspectedLayer = z.object({
  digest: Digest,
  mediaType: z.string(),
  size: Count,
  /** Null until it was read. */
  unpackedBytes: Count.nullable(),
  files: Count.nullable(),
  /** Other images here that have it too. */
  sharedWith: Count,
})

export const PlatformInspection = ImageFindings.extend({
  architecture: Architecture.or(z.string()),
  digest: Digest,
  createdAt: Timestamp.nullable(),
  /** How far reading has come; what the rest says is preliminary. Null when it is done. */
  reading: z.object({ layers: Count, totalLayers: Count, bytes: Count, totalBytes: Count }).nullable(),
  /** Why it must not be installed; null when nothing speaks against it. */
  problem: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
  layers: z.array(InspectedLayer),
  labels: z.record(z.string(), z.string()),
  /** What refers to it: SBOMs, signatures, attestations. */
  attached: z.array(z.object({ digest: Digest, artifactType: z.string().nullable() })),
})
export type PlatformInspection = z.infer<typeof PlatformInspection>

export const ImageInspection = z
  .object({ reference: z.string(), platforms: z.array(PlatformInspection) })
  .meta({ id: 'ImageInspection' })
export type ImageInspection = z.infer<typeof ImageInspection>

export const ImagePackages = z.object({ items: z.array(Package) }).meta({ id: 'ImagePackages' })

export const FitCheck = z.object({
  name: z.enum(['contents', 'trust', 'architecture', 'kernel', 'engine', 'firmware', 'secure-boot', 'disk', 'memory']),
  /** `unknown`: the machine or the image has not told enough. */
  result: z.enum(['ok', 'warning', 'refused', 'unknown']),
  /** One sentence: why. */
  message: z.string(),
})
export type FitCheck = z.infer<typeof FitCheck>

export const ImageFit = z
  .object({
    reference: z.string(),
    machineId: Uuid,
    /** The worst of the checks. */
    result: FitCheck.shape.result,
    checks: z.array(FitCheck),
  })
  .meta({ id: 'ImageFit' })
export type ImageFit = z.infer<typeof ImageFit>

const Change = z.object({ name: z.string(), from: z.string().nullable(), to: z.string().nullable() })
export type Change = z.infer<typeof Change>

export const ImageDifference = z
  .object({
    architecture: z.string(),
    from: z.object({ reference: z.string(), digest: Digest }),
    to: z.object({ reference: z.string(), digest: Digest }),
    layers: z.object({
      shared: Count,
      sharedBytes: Count,
      added: Count,
      /** What a machine that has the one fetches for the other. */
      transferBytes: Count,
      removed: Count,
    }),
    /** System, kernel, programs, boot loader: only what differs. */
    facts: z.array(Change),
    /** Added when `from` is null, removed when `to` is; null when a list of packages is missing. */
    packages: z.array(Change).nullable(),
    kernelArguments: z.object({ added: z.array(z.string()), removed: z.array(z.string()) }),
    labels: z.array(Change),
  })
  .meta({ id: 'ImageDifference' })
export type ImageDifference = z.infer<typeof ImageDifference>
