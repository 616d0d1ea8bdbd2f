// What the rest of the server asks of the image store, and what the image store asks of SQLite.
import type { Image, ImageArrival } from '../contract/image.ts'

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

/** A digest and the bytes it stands for. */
export interface Sized {
  digest: string
  size: number
}

/** A manifest as it is recorded: with what it needs and what it says of itself in lists of referrers. */
export interface NewManifest extends ManifestRecord, ManifestFacts {
  /** ISO 8601 UTC. */
  addedAt: string
  /** The repository does not hold its blobs yet: each comes when somebody asks for it. */
  blobsLater?: true
}

export interface ManifestFacts {
  size: number
  /** Config and layers that the repository holds. */
  blobs: Sized[]
  /** Manifests of an index that the repository holds. */
  manifests: string[]
  /** The manifest it is about, as a signature is about an image. */
  subject: string | null
  artifactType: string | null
  annotations: Record<string, string> | null
}

/** One line of a list of referrers. */
export type ReferrerRecord = Pick<NewManifest, 'digest' | 'mediaType' | 'size' | 'artifactType' | 'annotations'>

/** A manifest as garbage collection sees it. */
export type HeldManifest = Pick<NewManifest, 'repository' | 'digest' | 'size' | 'addedAt' | 'subject'>

/** A blob of a repository. */
export interface HeldBlob extends Sized {
  repository: string
  addedAt: string
}

/** A layer in another wrapping, zstd instead of gzip: a file made here, which can be made again. */
export interface LayerVariant extends Sized {
  /** Digest of the layer that it was made of. */
  layer: string
  madeAt: string
}

/** `parent` needs `child`, a blob or a manifest of the same repository. */
export interface ManifestLink {
  repository: string
  parent: string
  child: string
}

/** Durable image metadata. Synchronous: a returned call is on disk. Blobs themselves are files. */
export interface ImageRecords {
  tags(): TagRecord[]
  /** Names in ASCII order. */
  tagsOf(repository: string): string[]
  tag(repository: string, tag: string): TagRecord | undefined
  manifest(repository: string, digest: string): ManifestRecord | undefined
  /** Whether the repository holds anything. */
  hasRepository(repository: string): boolean
  /** Records manifests, the blobs they need and the tags in one transaction; existing tags move. */
  put(manifests: readonly NewManifest[], tags: readonly TagRecord[]): void
  /** False when there was no such tag. Manifests stay for those who pinned the digest. */
  removeTag(repository: string, tag: string): boolean
  /** Removes a manifest and the tags that point to it. False when there was none. */
  removeManifest(repository: string, digest: string): boolean
  /** Manifests whose subject this is, by digest. */
  referrers(repository: string, subject: string): ReferrerRecord[]
  /** Manifests that need this blob or manifest. */
  neededBy(repository: string, digest: string): string[]

  blob(repository: string, digest: string): HeldBlob | undefined
  /** A repository that holds the blob. */
  holderOf(digest: string): string | undefined
  /** Records that the repository holds the blob. */
  putBlob(blob: HeldBlob): void
  /** False when the repository did not hold it. */
  removeBlob(repository: string, digest: string): boolean

  variant(layer: string): LayerVariant | undefined
  /** The one first that was made first. */
  variants(): LayerVariant[]
  /** It goes with the layer's last holder; false, and then it is not recorded, when that is gone already. */
  putVariant(variant: LayerVariant): boolean
  removeVariant(layer: string): void

  /** Bytes of all blobs, manifests and variants, each digest once. */
  storedBytes(): number
  /** Whether anything refers to the file of this digest. */
  isKnown(digest: string): boolean
  /** All there is, for garbage collection and checks. */
  heldManifests(): HeldManifest[]
  heldBlobs(): HeldBlob[]
  links(): ManifestLink[]
  /** A manifest was read. */
  noteUse(repository: string, digest: string, at: string): void
  /** When manifests were read last, by `repository@digest`; absent when never. */
  uses(): Map<string, string>
  /** Manifests that an earlier version recorded, without what they need. */
  unread(): ManifestRecord[]
  /** Runs `work` in one transaction. */
  together<T>(work: () => T): T
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
  /** With `lookUp` false, tags of other registries stand for what they were found to be last. */
  resolve(
    reference: string,
    architecture: string,
    options?: { lookUp: boolean },
  ): Promise<ResolvedImage | ResolveFailure>
}

/** Images that are fetched from other registries, layer by layer. */
export interface ImageArrivals {
  /** How much of the image is here; undefined when all of it is. The rest is fetched from now on. */
  want(image: { repository: string; digest: string }): Promise<ImageArrival | undefined>
  /** Resolves when `want` may say something else. */
  settled(): Promise<void>
}
