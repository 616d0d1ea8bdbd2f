// A copy of the database for a backup. The operation answers with NDJSON; the last line is `done` or `failed`.
import { z } from 'zod'

/** Folder below the data folder, and what the operation's `file` is a name in. */
export const SNAPSHOTS_FOLDER = 'snapshots'

export const SnapshotRequest = z
  .strictObject({
    /** Keep garbage collection away from what is stored now, for as long as a backup takes. */
    keepImages: z.boolean().optional(),
  })
  .meta({ id: 'SnapshotRequest' })
export type SnapshotRequest = z.infer<typeof SnapshotRequest>

const Count = z.number().int().nonnegative()

export const SnapshotLine = z.discriminatedUnion('type', [
  /** `done` of `total` pages. */
  z.object({ type: z.literal('progress'), done: Count, total: Count }),
  z.object({ type: z.literal('done'), file: z.string().regex(/^[\w-]+\.db$/) }),
  z.object({ type: z.literal('failed'), code: z.string(), message: z.string(), hint: z.string().optional() }),
])
