// What reading a layer once has told of it: enough to say what an image is without unpacking it, and whether it may be installed.
import { z } from 'zod'
import { Digest } from './common.ts'

const Count = z.number().int().nonnegative()

/** Why a layer must not reach a disk. Stable; installs fail with the same codes. */
export const LayerProblemCode = z.enum([
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
  'DIFFID_MISMATCH',
  'LAYER_BOMB',
  'LAYER_INVALID',
  'PATH_INVALID',
  'IMAGE_UNSUPPORTED',
])
export type LayerProblemCode = z.infer<typeof LayerProblemCode>

const HINTS: Record<LayerProblemCode, string> = {
  DIGEST_MISMATCH: '`landfall image fsck --repair`, then push or pull the image again',
  SIZE_MISMATCH: '`landfall image fsck --repair`, then push or pull the image again',
  DIFFID_MISMATCH: 'the image itself is inconsistent: build or copy it again',
  LAYER_BOMB: 'find out who built it; images.maxLayerBytes of the configuration bounds what a layer may unpack to',
  LAYER_INVALID: 'the image itself is damaged: build or copy it again',
  PATH_INVALID: 'nothing of this image is to be trusted: find out who built it',
  IMAGE_UNSUPPORTED: 'build the image without it',
}

/** What to do about it. */
export function layerHint(code: LayerProblemCode): string {
  return HINTS[code]
}

export const Package = z.object({
  name: z.string(),
  /** `2:1.4.1-3.el10` of rpm, `1.4.1-3` of dpkg. */
  version: z.string(),
  architecture: z.string(),
})
export type Package = z.infer<typeof Package>

export const LayerFacts = z.object({
  /** Digest of the unpacked bytes; null when they could not all be unpacked. */
  diffId: Digest.nullable(),
  unpackedBytes: Count,
  entries: z.object({ files: Count, directories: Count, links: Count, removals: Count }),
  /** Files that tell what the image is, as names in the running system; `text` where the content tells more. */
  kept: z.array(z.object({ path: z.string(), size: Count, text: z.string().optional() })),
  /** What the layer takes away of those below; with a slash at the end all that is in a folder. */
  removed: z.array(z.string()),
  databases: z.array(
    z.object({
      path: z.string(),
      format: z.enum(['rpm', 'dpkg']),
      packages: z.array(Package),
      /** Why it cannot be read; null when it was. */
      problem: z.string().nullable(),
    }),
  ),
  problem: z.object({ code: LayerProblemCode, message: z.string() }).nullable(),
})
export type LayerFacts = z.infer<typeof LayerFacts>
