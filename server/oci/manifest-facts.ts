// What a registry has to know of a manifest: what it needs, what it is about, how lists of referrers describe it.
import { z } from 'zod'
import type { ManifestFacts } from '../core/images.ts'
import { OciError } from './errors.ts'
import { checkedDocument, MAX_MANIFEST_BYTES, manifestType, parseJson } from './manifest.ts'
import { isIndexType } from './media-types.ts'
import { isContentDigest } from './reference.ts'

const AnyDescriptor = z.looseObject({
  mediaType: z.string().min(1),
  digest: z.string().refine(isContentDigest, 'must be a sha256 or sha512 digest'),
  size: z.number().int().nonnegative(),
})
type AnyDescriptor = z.infer<typeof AnyDescriptor>

const Common = z.looseObject({
  schemaVersion: z.literal(2),
  subject: AnyDescriptor.nullish(),
  artifactType: z.string().nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
})
const AnyManifest = Common.extend({ config: AnyDescriptor, layers: z.array(AnyDescriptor).max(10_000).default([]) })
const AnyIndex = Common.extend({ manifests: z.array(AnyDescriptor).max(10_000) })

export interface ReadManifest extends ManifestFacts {
  mediaType: string
}

/**
 * Reads a manifest or index of any artifact, signed by either digest algorithm; whether machines can be installed from it is another
 * question. Throws MANIFEST_INVALID.
 */
export function readManifest(bytes: Uint8Array, declaredType?: string): ReadManifest {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new OciError('MANIFEST_INVALID', `manifest of ${bytes.length} bytes is larger than ${MAX_MANIFEST_BYTES}`)
  }
  const document = parseJson(bytes, 'manifest')
  const mediaType = manifestType(document, declaredType)
  if (isIndexType(mediaType)) {
    const index = checkedDocument(AnyIndex, document, 'image index')
    const manifests = unique(index.manifests).map(({ digest }) => digest)
    return { mediaType, size: bytes.length, blobs: [], manifests, ...about(index, index.artifactType) }
  }
  const manifest = checkedDocument(AnyManifest, document, 'image manifest')
  const layers = manifest.layers.filter((layer) => !isForeign(layer))
  const blobs = unique([manifest.config, ...layers]).map(({ digest, size }) => ({ digest, size }))
  const artifactType = manifest.artifactType || manifest.config.mediaType
  return { mediaType, size: bytes.length, blobs, manifests: [], ...about(manifest, artifactType) }
}

function about({ subject, annotations }: z.infer<typeof Common>, artifactType: string | null | undefined) {
  return { subject: subject?.digest ?? null, artifactType: artifactType || null, annotations: annotations ?? null }
}

function unique(descriptors: AnyDescriptor[]): AnyDescriptor[] {
  return [...new Map(descriptors.map((one) => [one.digest, one])).values()]
}

/** Layers that licences keep out of registries: clients fetch them from their `urls`. */
function isForeign({ mediaType }: AnyDescriptor): boolean {
  return /nondistributable|\.foreign\./.test(mediaType)
}
