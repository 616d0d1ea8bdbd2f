// Boot media: installer ISOs of Fedora and RHEL's family, unpacked into trees that machines boot Anaconda from.
import { z } from 'zod'
import { Architecture, Digest, Timestamp } from './common.ts'
import { KickstartRelease } from './kickstart-release.ts'

/** Names product, release and content: `fedora-43-x86_64-1f2e3d4c`. Part of URLs. */
export const MediaId = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,127}$/, 'must be the id of a boot medium')

/** Outcome of the checksum that the maker implanted into the ISO; a wrong one is refused at import. */
const ImplantedChecksum = z.enum(['verified', 'absent'])

/** One file of the tree, served at `/media/<id>/<path>`. */
const MediaFile = z.object({ path: z.string(), size: z.number().int().nonnegative(), digest: Digest })
export type MediaFile = z.infer<typeof MediaFile>

/** Paths in the tree of what a boot needs; all from the same ISO, or Secure Boot would refuse the chain. */
const MediaBootFiles = z.object({
  kernel: z.string(),
  initrd: z.string(),
  stage2: z.string(),
  /** Signed first loader for UEFI; null where the ISO has none. */
  shim: z.string().nullable(),
  grub: z.string().nullable(),
})
export type MediaBootFiles = z.infer<typeof MediaBootFiles>

export const Media = z
  .object({
    id: MediaId,
    name: z.string(),
    /** `Fedora`, `Red Hat Enterprise Linux`, `CentOS Stream`, `AlmaLinux`, `Rocky Linux`. */
    product: z.string(),
    /** `43`, `9.6`. */
    version: z.string(),
    /** The kickstart language its installer reads. */
    release: KickstartRelease,
    architecture: Architecture,
    volumeId: z.string(),
    /** Of the ISO. */
    sizeBytes: z.number().int().positive(),
    /** Of the ISO. */
    digest: Digest,
    checksum: ImplantedChecksum,
    boot: MediaBootFiles,
    files: z.array(MediaFile),
    importedAt: Timestamp,
    /** What is unusual about it, in sentences. */
    warnings: z.array(z.string()),
    /** Profiles and machines whose spec names it. */
    users: z.number().int().nonnegative(),
  })
  .meta({ id: 'Media' })
export type Media = z.infer<typeof Media>

/** POST /api/v1/media/import and /verify answer with these as NDJSON, the last one `done` or `failed`. */
export const MediaProgress = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    phase: z.enum(['receive', 'unpack', 'check']),
    bytes: z.number(),
    totalBytes: z.number(),
    message: z.string(),
  }),
  z.object({ type: z.literal('done'), media: Media }),
  z.object({ type: z.literal('failed'), code: z.string(), message: z.string(), hint: z.string().optional() }),
])
export type MediaProgress = z.infer<typeof MediaProgress>
