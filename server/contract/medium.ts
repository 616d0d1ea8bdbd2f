// What an installation medium (stick, CD, virtual drive) holds beside kernel and initramfs: which machine becomes what.
import { z } from 'zod'
import { InstallTask } from './agent.ts'
import { Mac, Uuid } from './common.ts'
import { MachineSpec } from './spec.ts'

/** Path of the {@link Medium} on the medium. */
export const MEDIUM_FILE = 'landfall/medium.json'

/** Path of an OCI image layout with all images of the medium; layers they share are there once. */
export const MEDIUM_IMAGES = 'landfall/images'

/**
 * Folder on the boot file system of an installed disk: a file in it, named after the medium, says that this medium did it. The
 * medium's own boot menu looks for that file and starts the disk instead of installing over it again.
 */
export const INSTALLED_FROM = 'landfall/installed-from'

/** How the deployed system tells a server that it runs. */
const MediumReport = z.strictObject({
  /** Origin of the server. */
  url: z.url(),
  /** Certificate of its CA, PEM. */
  ca: z.string(),
  installId: Uuid,
  /** Good for this one report. */
  token: z.string().min(1),
})

export const MediumEntry = z.strictObject({
  /** For people: what the console calls it. */
  name: z.string().min(1),
  /** The machines it is for, by any of these; absent: whatever machine the medium is put into. */
  machines: z
    .strictObject({ macs: z.array(Mac).default([]), serials: z.array(z.string().min(1)).default([]) })
    .optional(),
  spec: MachineSpec,
  image: InstallTask.shape.image,
  trust: InstallTask.shape.trust,
  report: MediumReport.optional(),
})
export type MediumEntry = z.infer<typeof MediumEntry>

export const Medium = z.strictObject({
  version: z.literal(1),
  /** The first that fits a machine counts. */
  entries: z.array(MediumEntry),
  /** Asked when no entry fits, and trusted by the fingerprint of its CA. */
  server: z
    .strictObject({
      /** Origin of agent API and registry, HTTPS. */
      url: z.url(),
      /** Origin of plain HTTP boot files, where the CA certificate lies. */
      http: z.url(),
      /** SHA-256 of the CA certificate's DER, lower-case hex. */
      ca: z.string().regex(/^[0-9a-f]{64}$/),
      /** Join token: lets machines register that the server does not know. */
      token: z.string().min(1),
    })
    .optional(),
})
export type Medium = z.infer<typeof Medium>

/** POST /api/v1/machines/{id}/medium: what an {@link MediumEntry} for this one machine is made of. */
export const MachineMedium = z
  .object({
    name: z.string(),
    macs: z.array(z.string()),
    serial: z.string().nullable(),
    spec: MachineSpec,
    image: InstallTask.shape.image,
    trust: InstallTask.shape.trust,
    installId: Uuid,
    /** For the first-boot report. */
    token: z.string(),
  })
  .meta({ id: 'MachineMedium' })
export type MachineMedium = z.infer<typeof MachineMedium>
