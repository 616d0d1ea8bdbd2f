// What the rest of the server asks of the image store, and what the image store asks of SQLite.
import type { Image } from '../contract/image.ts'

/** A tag of a repository and the manifest or index it points to. */
export interface TagRecord {
  repository: string
  tag: string
  digest: string
  mediaType: string
  /** ISO 8601 UTC. */
  addedAt: string
}

/** A manifest or index that a repository may serve by digest. */
export interface ManifestRecord {
  repository: string
  digest: string
  mediaType: string
}

/** Durable image metadata. Synchronous: a returned call is on disk. Blobs themselves are files. */
export interface ImageRecords {
  tags(): TagRecord[]
  tag(repository: string, tag: string): TagRecord | undefined
  manifest(repository: string, digest: string): ManifestRecord | undefined
  /** Stores the tag and all manifests it reaches in one transaction; an existing tag moves. */
  put(tag: TagRecord, manifests: ManifestRecord[]): void
  /** False when there was no such tag. Manifests stay for those who pinned the digest. */
  removeTag(repository: string, tag: string): boolean
}

/** An image reference resolved for one architecture. */
export interface ResolvedImage {
  /** As the caller wrote it. */
  reference: string
  repository: string
  /** Digest of the platform's own manifest. */
  digest: string
  /** `repository:tag`, or `repository@digest` when no tag was named: what the machine follows on upgrade. */
  followReference: string
  /** Sum of compressed layers, bytes. */
  size: number
}

export type ResolveFailure = {
  code:
    | 'IMAGE_NOT_FOUND'
    | 'ARCHITECTURE_MISMATCH'
    | 'IMAGE_NOT_BOOTABLE'
    | 'IMAGE_INVALID'
    | 'DIGEST_MISMATCH'
    | 'SIZE_MISMATCH'
    | 'TOO_MANY_LAYERS'
  message: string
}

/** The store as the install logic and the API see it. */
export interface ImageCatalog {
  list(): Promise<Image[]>
  get(repository: string, tag: string): Promise<Image | undefined>
  resolve(reference: string, architecture: string): Promise<ResolvedImage | ResolveFailure>
}
