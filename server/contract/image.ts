// Images in the store and operations that bring them in.
import { z } from 'zod'
import { Architecture, Digest, Timestamp } from './common.ts'
import { ImageTrack, Interval } from './image-track.ts'
import { TrustVerdict } from './trust.ts'

/** How much is here of an image that is fetched from another registry. */
export const ImageArrival = z.object({
  /** `later`: nobody needs it yet. `failed`: is tried again once a minute while somebody needs it. */
  state: z.enum(['later', 'waiting', 'fetching', 'failed']),
  layers: z.number().int().nonnegative(),
  totalLayers: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  totalBytes: z.number().int().nonnegative(),
  /** Why it failed last. */
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
})
export type ImageArrival = z.infer<typeof ImageArrival>

export const ImagePlatform = z.object({
  architecture: Architecture.or(z.string()),
  /** Digest of the platform's own manifest, what a machine confirms. */
  digest: Digest,
  configDigest: Digest,
  /** Sum of compressed layers, bytes. */
  size: z.number().int().nonnegative(),
  layers: z.array(z.object({ digest: Digest, mediaType: z.string(), size: z.number().int().nonnegative() })),
  labels: z.record(z.string(), z.string()),
  /** Carries containers.bootc or ostree.bootable. */
  bootable: z.boolean(),
  createdAt: Timestamp.nullable(),
  /** Whether it may be installed, by its repository's policy; null while nobody judges. */
  trust: TrustVerdict.nullable(),
  /** Absent when all of it is here. */
  arrival: ImageArrival.optional(),
})
export type ImagePlatform = z.infer<typeof ImagePlatform>

export const Image = z
  .object({
    /** `repository:tag`, what specs name. */
    reference: z.string(),
    repository: z.string(),
    tag: z.string(),
    /** Of what the tag points to: a manifest or an index. */
    digest: Digest,
    mediaType: z.string(),
    platforms: z.array(ImagePlatform),
    addedAt: Timestamp,
    /** Machines that want it. */
    machines: z.number().int().nonnegative(),
    /** Null when its tag moves by hand only. */
    follows: ImageTrack.nullable(),
  })
  .meta({ id: 'Image' })
export type Image = z.infer<typeof Image>

/** POST /api/v1/images/pull. The answer is NDJSON: {@link ImageProgress} lines, the last one `done` or `failed`. */
export const PullRequest = z
  .strictObject({
    /** `registry.example/os/web:stable`, also with @digest. */
    reference: z.string().min(1),
    /** Repository and tag to store it as; by default the source's path and tag. */
    as: z.string().min(1).optional(),
    /** Speak plain HTTP to the source registry. */
    insecure: z.boolean().optional(),
    /** For multi-architecture indexes; by default all that Landfall can install. */
    architectures: z.array(Architecture).optional(),
  })
  .meta({ id: 'PullRequest' })
export type PullRequest = z.infer<typeof PullRequest>

/** POST /api/v1/images/prefetch: answers as a pull does. */
export const PrefetchRequest = z
  .strictObject({
    /** `repository:tag` below a `prefix` of `images.upstreams`. */
    reference: z.string().min(1),
  })
  .meta({ id: 'PrefetchRequest' })

/** POST /api/v1/image-tracks: what to pull whenever its tag stands for something else. */
export const TrackRequest = PullRequest.extend({ every: Interval }).meta({ id: 'TrackRequest' })
export type TrackRequest = z.infer<typeof TrackRequest>

export const ImageProgress = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    blob: z.string(),
    bytes: z.number(),
    totalBytes: z.number(),
    message: z.string(),
  }),
  z.object({ type: z.literal('done'), image: Image }),
  z.object({ type: z.literal('failed'), code: z.string(), message: z.string(), hint: z.string().optional() }),
])
export type ImageProgress = z.infer<typeof ImageProgress>
