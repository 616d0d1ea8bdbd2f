// Manifests, indexes and image configurations: OCI image specification 1.1; Docker schema 2 has the same shape.
import { z } from 'zod'
import { Digest } from '../contract/common.ts'
import { OciError } from './errors.ts'
import { isIndexType, isManifestType, OCI_INDEX, OCI_MANIFEST } from './media-types.ts'

/** Larger manifests are refused, as registries do (distribution specification, "pushing manifests"). */
export const MAX_MANIFEST_BYTES = 4 * 2 ** 20

/** More no engine stacks: overlayfs takes 500, image builders stop well before. */
const MAX_LAYERS = 500

const Annotations = z.record(z.string(), z.string())

export const Descriptor = z.looseObject({
  mediaType: z.string(),
  digest: Digest,
  size: z.number().int().nonnegative(),
  annotations: Annotations.optional(),
})
export type Descriptor = z.infer<typeof Descriptor>

export const Manifest = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: Descriptor,
  layers: z.array(Descriptor),
  annotations: Annotations.optional(),
})
export type Manifest = z.infer<typeof Manifest>

const Platform = z.looseObject({ architecture: z.string(), os: z.string(), variant: z.string().optional() })

export const Index = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(Descriptor.extend({ platform: Platform.optional() })).max(10_000),
  annotations: Annotations.optional(),
})
export type Index = z.infer<typeof Index>

export const ImageConfig = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  created: z.string().optional(),
  config: z.looseObject({ Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
  rootfs: z.looseObject({ type: z.literal('layers'), diff_ids: z.array(Digest) }),
})
export type ImageConfig = z.infer<typeof ImageConfig>

export type ParsedManifest =
  { kind: 'manifest'; mediaType: string; manifest: Manifest } | { kind: 'index'; mediaType: string; index: Index }

/**
 * Parses the bytes of a manifest or index. The document's own `mediaType` decides, then the one the transport declared, then
 * its shape (OCI lets `mediaType` be absent). Throws MANIFEST_INVALID.
 */
export function parseManifest(bytes: Uint8Array, declaredType?: string): ParsedManifest {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new OciError('MANIFEST_INVALID', `manifest of ${bytes.length} bytes is larger than ${MAX_MANIFEST_BYTES}`)
  }
  const document = parseJson(bytes, 'manifest')
  const mediaType = manifestType(document, declaredType)
  if (isIndexType(mediaType))
    return { kind: 'index', mediaType, index: checkedDocument(Index, document, 'image index') }
  return { kind: 'manifest', mediaType, manifest: checkedDocument(Manifest, document, 'image manifest') }
}

/** The media type of a manifest or index, found as {@link parseManifest} says. Throws MANIFEST_INVALID for any other. */
export function manifestType(document: unknown, declaredType: string | undefined): string {
  const own = (document as { mediaType?: unknown } | null)?.mediaType
  const shape = document !== null && typeof document === 'object' && 'manifests' in document ? OCI_INDEX : OCI_MANIFEST
  const mediaType = typeof own === 'string' ? own : declaredType && known(declaredType) ? declaredType : shape
  if (known(mediaType)) return mediaType
  throw new OciError('MANIFEST_INVALID', `media type ${mediaType} is neither an image manifest nor an index`)
}

/** Parses an image configuration. Throws MANIFEST_INVALID. */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  return checkedDocument(ImageConfig, parseJson(bytes, 'image configuration'), 'image configuration')
}

/** Throws TOO_MANY_LAYERS for what no machine is to work through. A registry may carry it all the same. */
export function requireInstallable({ layers }: Manifest): void {
  if (layers.length <= MAX_LAYERS) return
  throw new OciError('TOO_MANY_LAYERS', `the image has ${layers.length} layers, want ${MAX_LAYERS} at most`, {
    hint: 'build it with fewer layers, or squash them',
  })
}

export function configLabels(config: ImageConfig): Record<string, string> {
  return config.config?.Labels ?? {}
}

/** Whether the image says of itself that it boots (ostree-container-deploy 2.1). */
export function isBootable(labels: Record<string, string>): boolean {
  return 'containers.bootc' in labels || 'ostree.bootable' in labels
}

function known(mediaType: string): boolean {
  return isIndexType(mediaType) || isManifestType(mediaType)
}

/** Throws MANIFEST_INVALID. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new OciError('MANIFEST_INVALID', `${what} is not JSON`, { cause })
  }
}

/** Throws MANIFEST_INVALID with the field at fault. */
export function checkedDocument<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new OciError('MANIFEST_INVALID', `${what}: ${issue?.path.join('.') || 'document'}: ${issue?.message}`, {
    cause: result.error,
  })
}
