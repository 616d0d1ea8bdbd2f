// Garbage collection and check of the image store. Both operations answer with NDJSON; the last line is `done` or `failed`.
import { z } from 'zod'
import { Timestamp } from './common.ts'

const Count = z.number().int().nonnegative()

export const CollectRequest = z
  .strictObject({
    /** Only tell what would go. */
    dryRun: z.boolean().optional(),
  })
  .meta({ id: 'CollectRequest' })

/** An image as the search for room sees it. */
export const CachedImage = z.object({
  repository: z.string(),
  /** Of a manifest or index. */
  digest: z.string(),
  tags: z.array(z.string()),
  /** When it was read or brought in last. */
  usedAt: Timestamp,
  bytes: Count,
  /** Why it stays; null when it may go to make room. */
  kept: z.string().nullable(),
})
export type CachedImage = z.infer<typeof CachedImage>

export const GarbageReport = z
  .object({
    manifests: Count,
    blobs: Count,
    /** Of manifests and blobs. */
    bytes: Count,
    /** Abandoned ones. */
    uploads: Count,
    /** The manifests, and why they went. */
    removed: z.array(z.object({ repository: z.string(), digest: z.string(), why: z.string() })),
    /** What went to get below `images.maxBytes`, in this order. */
    evicted: z.array(CachedImage),
    /** Room that images may take, null without a limit, and what they take. */
    maxBytes: Count.nullable(),
    storedBytes: Count,
    /** What stays, in the order in which it would go to make room. */
    images: z.array(CachedImage),
  })
  .meta({ id: 'GarbageReport' })
export type GarbageReport = z.infer<typeof GarbageReport>

/** The room that images take, and what went last to make some for others. */
export const ImageRoom = z
  .object({
    storedBytes: Count,
    /** Null without a limit. */
    maxBytes: Count.nullable(),
    /** Newest first. */
    evicted: z.array(z.object({ at: Timestamp, reference: z.string(), bytes: Count, usedAt: Timestamp.nullable() })),
  })
  .meta({ id: 'ImageRoom' })
export type ImageRoom = z.infer<typeof ImageRoom>

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
