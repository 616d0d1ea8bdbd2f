// Walking an image: from a tag's manifest or index to every manifest, config and layer it needs.
import type { Architecture } from '../contract/common.ts'
import { OciError } from './errors.ts'
import { parseManifest } from './manifest.ts'
import type { Descriptor, Index, Manifest } from './manifest.ts'

/** One platform's manifest, found below the tag. */
export interface PlatformManifest {
  digest: string
  mediaType: string
  manifest: Manifest
  /** As the index says; undefined when the tag points to a manifest directly (its config tells). */
  architecture?: string
}

/** Bytes of a manifest by digest. */
export type ManifestReader = (descriptor: { digest: string; mediaType?: string }) => Promise<Uint8Array>

/**
 * The Linux manifests below `root`, nested indexes included (one level, as clients support), optionally only those of some architectures.
 * Throws MANIFEST_INVALID when nothing is left.
 */
export async function platformManifests(
  root: { digest: string; mediaType: string; bytes: Uint8Array },
  read: ManifestReader,
  architectures?: readonly Architecture[],
): Promise<PlatformManifest[]> {
  const parsed = parseManifest(root.bytes, root.mediaType)
  if (parsed.kind === 'manifest') {
    return [{ digest: root.digest, mediaType: parsed.mediaType, manifest: parsed.manifest }]
  }
  const found: PlatformManifest[] = []
  for (const entry of linuxEntries(parsed.index, architectures)) {
    const child = parseManifest(await read(entry), entry.mediaType)
    if (child.kind !== 'manifest') throw new OciError('MANIFEST_INVALID', `index ${root.digest} nests another index`)
    found.push({
      digest: entry.digest,
      mediaType: child.mediaType,
      manifest: child.manifest,
      ...(entry.platform && { architecture: entry.platform.architecture }),
    })
  }
  if (found.length === 0) {
    const wanted = architectures ? ` for ${architectures.join(', ')}` : ''
    throw new OciError('MANIFEST_INVALID', `index ${root.digest} holds no Linux image${wanted}`)
  }
  return found
}

/** Config and layers, each digest once. */
export function blobsOf(manifest: Manifest): Descriptor[] {
  return [...new Map([manifest.config, ...manifest.layers].map((blob) => [blob.digest, blob])).values()]
}

/** What an index lists for Linux and these architectures, or any. */
export function linuxEntries(index: Index, architectures: readonly string[] | undefined): Index['manifests'] {
  return index.manifests.filter(
    // Attestations are listed as platform unknown/unknown.
    ({ platform }) =>
      !platform || (platform.os === 'linux' && (!architectures || architectures.includes(platform.architecture))),
  )
}
