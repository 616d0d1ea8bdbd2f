// The commits an import makes: one per layer, one for the merged image (specification items 2.3 to 2.5).
import { S_IFDIR } from './objects.ts'
import type { Checksum, DirectoryRef } from './objects.ts'
import type { Repo } from './repo.ts'

/** The release of ostree-ext whose commits ours are equal to; part of each commit, so part of its checksum. */
const IMPORTER_VERSION = '0.15.3'

/**
 * Commits one layer's tree. ostree-ext stamps these with the time of the import; ours have time 0, as chunk commits have, so that
 * a layer always becomes the same commit.
 */
export function writeLayerCommit(repo: Repo, root: DirectoryRef): Checksum {
  const metadata = [['ostree.importer.version', IMPORTER_VERSION]] as const
  return repo.writeCommit({ metadata, parent: null, timestamp: 0, root })
}

/** Commits a chunk: a flat folder of its file objects, each under its own checksum, so that a ref keeps them over a prune. */
export function writeChunkCommit(repo: Repo, objects: Iterable<Checksum>): Checksum {
  const tree = repo.writeDirtree({ files: new Map([...objects].map((sum) => [sum, sum])), directories: new Map() })
  const meta = repo.writeDirmeta({ uid: 0, gid: 0, mode: S_IFDIR | 0o755, xattrs: [] })
  return repo.writeCommit({ metadata: [], parent: null, timestamp: 0, root: { tree, meta } })
}

export interface MergeCommit {
  root: DirectoryRef
  /** The commit that the image embeds; null for a plain image. */
  parent: Checksum | null
  /** As the registry serves it for this platform. */
  manifestDigest: string
  /** Canonical JSON. */
  manifest: string
  /** Canonical JSON. */
  config: string
  /** Seconds since 1970. */
  timestamp: number
}

/** Commits the merged tree of an image: exactly four keys, ordered by name. */
export function writeMergeCommit(repo: Repo, image: MergeCommit): Checksum {
  const metadata = [
    ['ostree.container.image-config', image.config],
    ['ostree.importer.version', IMPORTER_VERSION],
    ['ostree.manifest', image.manifest],
    ['ostree.manifest-digest', image.manifestDigest],
  ] as const
  return repo.writeCommit({ metadata, parent: image.parent, timestamp: image.timestamp, root: image.root })
}

/**
 * Time of the merge commit: the manifest's annotation, else the configuration's `created`, else now. An annotation that is not a
 * time does not fall back to the configuration (as in ostree-ext).
 */
export function imageTimestamp(
  manifest: { annotations?: Record<string, string> | undefined },
  config: { created?: string | undefined },
  now: Date,
): number {
  const text = manifest.annotations?.['org.opencontainers.image.created'] ?? config.created
  const time = text !== undefined && /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d/.test(text) ? Date.parse(text) : NaN
  return Math.max(0, Math.floor((Number.isNaN(time) ? now.getTime() : time) / 1000))
}
