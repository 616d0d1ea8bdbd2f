// Tags that are followed: looked up where they come from every so often, with a history of what they stood for.
import { z } from 'zod'
import { Digest, Timestamp } from './common.ts'

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** `30m`, `6h`, `1d`, `2w`. */
export const Interval = z.string().regex(/^[1-9]\d{0,2}[mhdw]$/, 'must be a time like 30m, 6h, 1d or 1w')

/** @example intervalMs('6h') // 21600000 */
export function intervalMs(interval: string): number {
  return Number(interval.slice(0, -1)) * UNITS[interval.at(-1) as keyof typeof UNITS]
}

export const ImageTrack = z
  .object({
    /** `repository:tag` here. */
    reference: z.string(),
    /** What it follows: `registry.example/os/web:stable`. */
    source: z.string(),
    every: Interval,
    /** When it was looked up last; null when that is still to come. */
    checkedAt: Timestamp.nullable(),
    nextAt: Timestamp,
    /** Why the last look brought nothing; null when all is well. */
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: 'ImageTrack' })
export type ImageTrack = z.infer<typeof ImageTrack>

/** A digest that the followed tag stood for, and what became of it here. */
export const TrackedDigest = z.object({
  digest: Digest,
  at: Timestamp,
  /** `refused` by the policy of the repository: the tag stayed where it was. */
  outcome: z.enum(['taken', 'refused']),
  /** Why, when it was refused. */
  message: z.string(),
})
export type TrackedDigest = z.infer<typeof TrackedDigest>

export const ImageHistory = z
  .object({
    track: ImageTrack,
    /** The newest first. */
    digests: z.array(TrackedDigest),
  })
  .meta({ id: 'ImageHistory' })
export type ImageHistory = z.infer<typeof ImageHistory>
