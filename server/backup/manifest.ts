// The last file of a backup: what it is, and a list of all others. A backup without it was cut short.
import { z } from 'zod'
import { Timestamp } from '../contract/common.ts'

/** Names of the parts of a backup that are no files of the data folder under the same name. */
export const MANIFEST = 'backup.json'
export const DATABASE = 'landfall.db'
export const CONFIGURATION = 'configuration'

export const BackupManifest = z.strictObject({
  format: z.literal(1, { error: 'it was written by a newer Landfall: restore it with that one' }),
  /** Of the Landfall that wrote it. */
  version: z.string(),
  createdAt: Timestamp,
  host: z.string(),
  /** Whether images and boot media are in it. */
  images: z.boolean(),
  files: z.array(z.strictObject({ name: z.string(), size: z.number().int().nonnegative(), sha256: z.string() })),
})
export type BackupManifest = z.infer<typeof BackupManifest>

export type BackupHead = Omit<BackupManifest, 'format' | 'files'>
