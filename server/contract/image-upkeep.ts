// Garbage collection and check of the image store. Both operations answer with NDJSON; the last line is `done` or `failed`.
import { z } from 'zod'

const Count = z.number().int().nonnegative()

export const CollectRequest = z
  .strictObject({
    /** Only tell what would go. */
    dryRun: z.boolean().optional(),
  })
  .meta({ id: 'CollectRequest' })

export const GarbageReport = z
  .object({
    manifests: Count,
    blobs: Count,
    /** Of manifests and blobs. */
    bytes: Count,
    /** Abandoned ones. */
    uploads: Count,
  })
  .meta({ id: 'GarbageReport' })
export type GarbageReport = z.infer<typeof GarbageReport>

export const CheckRequest = z
  .strictObject({
    /** Remove damaged files, so that they can be brought in again. */
    repair: z.boolean().optional(),
  })
  .meta({ id: 'CheckRequest' })

export const StoreProblem = z
  .object({
    /** `damaged`: the file is not what its name says. `missing`: something needs it. `dangling`: a tag points to nothing. */
    kind: z.enum(['damaged', 'missing', 'dangling']),
    digest: z.string(),
    message: z.string(),
  })
  .meta({ id: 'StoreProblem' })
export type StoreProblem = z.infer<typeof StoreProblem>

export const CheckReport = z
  .object({
    /** Files read, and their bytes. */
    files: Count,
    bytes: Count,
    problems: z.array(StoreProblem),
  })
  .meta({ id: 'CheckReport' })
export type CheckReport = z.infer<typeof CheckReport>

/** `done` of `total`: files or bytes, as the operation counts. */
const Progress = z.object({ type: z.literal('progress'), done: Count, total: Count })
export type UpkeepProgress = z.infer<typeof Progress>
const Failed = z.object({
  type: z.literal('failed'),
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
})

export const CollectLine = z.discriminatedUnion('type', [
  Progress,
  z.object({ type: z.literal('done'), report: GarbageReport }),
  Failed,
])
export const CheckLine = z.discriminatedUnion('type', [
  Progress,
  z.object({ type: z.literal('done'), report: CheckReport }),
  Failed,
])
