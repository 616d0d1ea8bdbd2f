// The image store as the rest of the server uses it: what is there, bringing images in, finding the one a machine shall get.
import type { Readable } from 'node:stream'
import type { Image, ImageArrival, ImagePlatform, ImageProgress, PullRequest } from '../contract/image.ts'
import type {
  ImageCatalog,
  ImageRecords,
  NewManifest,
  ResolvedImage,
  ResolveFailure,
  TagRecord,
} from '../core/images.ts'
import type { ImageTrack } from '../contract/image-track.ts'
import type { TrustGate } from '../core/trust.ts'
import type { BlobStore } from './blob-store.ts'
import { OciError } from './errors.ts'
import { readLayoutArchive } from './image-archive.ts'
import { blobsOf, linuxEntries, platformManifests } from './image-graph.ts'
import { readManifest } from './manifest-facts.ts'
import type { PlatformManifest } from './image-graph.ts'
import type { PullThrough } from './pull-through.ts'
import {
  configLabels,
  isBootable,
  MAX_MANIFEST_BYTES,
  parseConfig,
  parseManifest,
  requireInstallable,
} from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { isDigest, isTag, parseLocalReference, parseRemoteReference } from './reference.ts'
import type { Reference } from './reference.ts'
import { keepSignatures } from './signature-keeping.ts'
import { upstreamSignatures } from './signature-places.ts'
import { isDigestTag, readSignatures } from './signatures.ts'
import type { UpstreamSource } from './upstream-source.ts'
import { Upstreams } from './upstreams.ts'

/** Blobs of one pull that are fetched at the same time. */
const PULL_CONCURRENCY = 3
const PROGRESS_INTERVAL_MS = 250

export type OnProgress = (progress: Extract<ImageProgress, { type: 'progress' }>) => void

export interface ImageServiceOptions {
  /** Machines whose spec names a reference, for the list. */
  machinesUsing?: (reference: string) => number
  now?: () => Date
  /** Digests that machines run, want, or are being installed from. */
  pinned?: () => ReadonlySet<string>
  /** How registries are reached. */
  upstreams?: Upstreams
  /** Judges each platform of an image that is shown. */
  trust?: TrustGate
  /** What a tag follows, for the list. */
  followed?: (repository: string, tag: string) => ImageTrack | undefined
  /** Brings manifests of repositories that other registries have. */
  through?: Pick<PullThrough, 'manifest' | 'registryBehind'>
  /** How much of a platform's image is here; undefined when all of it is. */
  arrival?: (image: { repository: string; digest: string }) => Promise<ImageArrival | undefined>
}

export class ImageService implements ImageCatalog {
  readonly #blobs: BlobStore
  readonly #records: ImageRecords
  readonly #machinesUsing: (reference: string) => number
  readonly #now: () => Date
  readonly #upstreams: Upstreams
  readonly #pinned: () => ReadonlySet<string>
  readonly #trust: TrustGate | undefined
  readonly #followed: (repository: string, tag: string) => ImageTrack | undefined
  readonly #through: ImageServiceOptions['through']
  readonly #arrival: NonNullable<ImageServiceOptions['arrival']>

  constructor(blobs: BlobStore, records: ImageRecords, options: ImageServiceOptions = {}) {
    this.#blobs = blobs
    this.#records = records
    this.#machinesUsing = options.machinesUsing ?? (() => 0)
    this.#now = options.now ?? (() => new Date())
    this.#upstreams = options.upstreams ?? new Upstreams()
    this.#pinned = options.pinned ?? (() => new Set())
    this.#trust = options.trust
    this.#followed = options.followed ?? (() => undefined)
    this.#through = options.through
    this.#arrival = options.arrival ?? (() => Promise.resolve(undefined))
  }

  /** Every image, by reference. One whose blobs were damaged is listed without platforms rather than hidden. */
  async list(): Promise<Image[]> {
    const tags = this.#records.tags().filter(({ tag }) => !isDigestTag(tag))
    const images = await Promise.all(tags.map((tag) => this.#describe(tag)))
    return images.sort((a, b) => (a.reference < b.reference ? -1 : 1))
  }

  async get(repository: string, tag: string): Promise<Image | undefined> {
    const record = this.#records.tag(repository, tag)
    return record && this.#describe(record)
  }

  /**
   * Resolves `repository:tag` (default tag `latest`) or `repository@digest` to the manifest for one architecture. With `lookUp`, repositories of
   * other registries are asked there first, unless that was just now.
   */
  async resolve(
    text: string,
    architecture: string,
    { lookUp = true }: { lookUp?: boolean } = {},
  ): Promise<ResolvedImage | ResolveFailure> {
    try {
      if (lookUp) await this.#bringManifests(parseLocalReference(text), architecture)
      return await this.#resolve(text, architecture)
    } catch (error) {
      if (error instanceof OciError) return { code: failureCode(error), message: error.message }
      throw error
    }
  }

  /**
   * Copies an image from a registry: manifests, configs and layers, each verified while it streams. Blobs already here are not fetched
   * again; the tag appears only when everything is stored. `admit` may refuse the image by throwing when its signatures are here and its
   * layers are not. Throws OciError.
   */
  async pull(
    pull: PullRequest,
    onProgress: OnProgress,
    signal?: AbortSignal,
    admit?: (digest: string, platforms: readonly string[]) => Promise<void>,
  ): Promise<Image> {
    const source = parseRemoteReference(pull.reference)
    const target = storedName(source, pull.as)
    const upstream = this.#upstreams.open(source.registry, pull.insecure)
    const manifest = (tagOrDigest: string) =>
      upstream.any(source.repository, (client, name) => client.manifest(name, tagOrDigest, signal))
    try {
      const root = await manifest(source.digest ?? source.tag ?? 'latest')
      const children = new Map<string, Buffer>()
      const platforms = await platformManifests(
        root,
        async ({ digest }) => {
          const { bytes } = await manifest(digest)
          children.set(digest, bytes)
          return bytes
        },
        pull.architectures,
      )
      for (const { manifest } of platforms) requireInstallable(manifest)
      for (const bytes of children.values()) await this.#blobs.put(bytes)
      await this.#blobs.put(root.bytes)
      // Signatures first: whoever sees the tag finds them.
      const place = upstreamSignatures(upstream, source.repository, signal)
      for (const digest of new Set([root.digest, ...platforms.map((platform) => platform.digest)])) {
        const found = await readSignatures(place, digest)
        await keepSignatures(this.#blobs, this.#records, { repository: target.repository, digest }, found, this.#now())
      }
      const digests = platforms.map((platform) => platform.digest)
      await admit?.(root.digest, digests)
      await this.#fetchBlobs(upstream, source.repository, platforms, onProgress, signal)
      return await this.#publish(target, root, platforms)
    } finally {
      await upstream.close()
    }
  }

  /** What a pulled image is called here. Throws REFERENCE_INVALID. */
  nameFor(pull: PullRequest): { repository: string; tag: string } {
    return storedName(parseRemoteReference(pull.reference), pull.as)
  }

  digestOf(repository: string, tag: string): string | undefined {
    return this.#records.tag(repository, tag)?.digest
  }

  /** What a reference stands for here now; undefined for one that is none. */
  digestNamed(reference: string): string | undefined {
    try {
      const { repository, tag = 'latest', digest } = parseLocalReference(reference)
      return digest ?? this.digestOf(repository, tag)
    } catch (error) {
      if (error instanceof OciError) return undefined
      throw error
    }
  }

  /** The digest that a registry's tag stands for now. Throws OciError. */
  async lookUp(pull: PullRequest, signal?: AbortSignal): Promise<string> {
    const { registry, repository, tag = 'latest' } = parseRemoteReference(pull.reference)
    const upstream = this.#upstreams.open(registry, pull.insecure)
    try {
      return (await upstream.any(repository, (client, name) => client.manifest(name, tag, signal))).digest
    } finally {
      await upstream.close()
    }
  }

  /**
   * Takes in a tar of an OCI image layout. `as` names the image; it may be left out when index.json names every image with a full
   * `repository:tag`. Throws ARCHIVE_INVALID, DIGEST_MISMATCH, NO_SPACE...
   */
  async importArchive(
    archive: Readable,
    as: string | undefined,
    onProgress: OnProgress,
    signal?: AbortSignal,
  ): Promise<Image[]> {
    const throttle = throttled()
    const found = await readLayoutArchive(
      archive,
      this.#blobs,
      (blob, bytes, totalBytes) => {
        if (throttle() || bytes === totalBytes) {
          onProgress({ type: 'progress', blob, bytes, totalBytes, message: `storing ${blob.slice(7, 19)}` })
        }
      },
      signal,
    )
    const named = found.map(({ descriptor, name }) => ({ descriptor, target: archiveName(name, as, found.length) }))
    const images: Image[] = []
    for (const { descriptor, target } of named) {
      const bytes = await this.#blobs.read(descriptor.digest, MAX_MANIFEST_BYTES)
      const root = { digest: descriptor.digest, mediaType: descriptor.mediaType, bytes }
      const platforms = await platformManifests(root, ({ digest }) => this.#blobs.read(digest, MAX_MANIFEST_BYTES))
      await this.#requireBlobs(platforms)
      for (const { manifest } of platforms) requireInstallable(manifest)
      images.push(await this.#publish(target, root, platforms))
    }
    return images
  }

  /**
   * Removes a tag, and what it pointed to unless another tag or a machine holds on to it; or a manifest by its digest, with all its tags.
   * The bytes go with the next garbage collection. False when there was none. Throws IMAGE_IN_USE.
   */
  async remove(repository: string, reference: string): Promise<boolean> {
    const records = this.#records
    const isPinned = (digest: string) => this.#pinned().has(digest)
    if (isDigest(reference)) {
      const message = `${repository}@${reference} is what a machine runs or shall run, or a part of a multi-architecture image`
      if (records.manifest(repository, reference) && (isPinned(reference) || isPart(records, repository, reference))) {
        throw new OciError('IMAGE_IN_USE', message, { hint: 'assign the machines another image first' })
      }
      return records.removeManifest(repository, reference)
    }
    return records.together(() => {
      const tag = records.tag(repository, reference)
      if (!tag) return false
      records.removeTag(repository, reference)
      for (const digest of [tag.digest, ...partsOf(records, repository, tag.digest)]) {
        const isTagged = records.tags().some((other) => other.repository === repository && other.digest === digest)
        if (!isTagged && !isPinned(digest) && !isPart(records, repository, digest)) {
          records.removeManifest(repository, digest)
        }
      }
      return true
    })
  }

  /** What the reference stands for at its registry, and the manifest for this architecture. */
  async #bringManifests({ repository, tag = 'latest', digest }: Reference, architecture: string): Promise<void> {
    const through = this.#through
    if (through?.registryBehind(repository) === undefined) return
    await through.manifest(repository, digest ?? tag)
    const root = digest ?? this.digestOf(repository, tag)
    const record = root === undefined ? undefined : this.#records.manifest(repository, root)
    if (!record) return
    const parsed = parseManifest(await this.#blobs.read(record.digest, MAX_MANIFEST_BYTES), record.mediaType)
    if (parsed.kind === 'manifest') return
    for (const child of linuxEntries(parsed.index, [architecture])) await through.manifest(repository, child.digest)
  }

  async #resolve(text: string, architecture: string): Promise<ResolvedImage | ResolveFailure> {
    const ref = parseLocalReference(text)
    const tag = ref.tag ?? 'latest'
    const record = ref.digest
      ? this.#records.manifest(ref.repository, ref.digest)
      : this.#records.tag(ref.repository, tag)
    if (!record)
      return { code: 'IMAGE_NOT_FOUND', message: `image ${text} is not in the store: import or pull it first` }
    const platforms = await this.#platforms(record)
    for (const platform of platforms) {
      const config = parseConfig(await this.#blobs.read(platform.manifest.config.digest, MAX_MANIFEST_BYTES))
      if (config.architecture !== architecture) continue
      if (!isBootable(configLabels(config))) {
        const message = `image ${text} has neither label containers.bootc nor ostree.bootable: it is not a bootable image`
        return { code: 'IMAGE_NOT_BOOTABLE', message }
      }
      requireInstallable(platform.manifest)
      await this.#requireSizes(platform)
      return {
        reference: text,
        repository: ref.repository,
        digest: platform.digest,
        followReference: ref.digest ? `${ref.repository}@${ref.digest}` : `${ref.repository}:${tag}`,
        size: sizeOf(platform.manifest),
      }
    }
    return { code: 'ARCHITECTURE_MISMATCH', message: `image ${text} has nothing for ${architecture}` }
  }

  async #describe(tag: TagRecord): Promise<Image> {
    const platforms: ImagePlatform[] = []
    try {
      for (const platform of await this.#platforms(tag)) {
        platforms.push(await this.#describePlatform(tag.repository, platform))
      }
    } catch (error) {
      if (!(error instanceof OciError)) throw error
    }
    const reference = `${tag.repository}:${tag.tag}`
    const follows = this.#followed(tag.repository, tag.tag) ?? null
    return { ...tag, reference, platforms, machines: this.#machinesUsing(reference), follows }
  }

  async #describePlatform(repository: string, { digest, manifest }: PlatformManifest): Promise<ImagePlatform> {
    const config = parseConfig(await this.#blobs.read(manifest.config.digest, MAX_MANIFEST_BYTES))
    const labels = configLabels(config)
    const created = config.created ? new Date(config.created) : undefined
    const arrival = await this.#arrival({ repository, digest })
    return {
      architecture: config.architecture,
      digest,
      configDigest: manifest.config.digest,
      size: sizeOf(manifest),
      layers: manifest.layers.map(({ digest, mediaType, size }) => ({ digest, mediaType, size })),
      labels,
      bootable: isBootable(labels),
      createdAt: created && !Number.isNaN(created.getTime()) ? created.toISOString() : null,
      trust: (await this.#trust?.check({ repository, digest }))?.verdict ?? null,
      ...(arrival && { arrival }),
    }
  }

  async #platforms(record: { digest: string; mediaType: string }): Promise<PlatformManifest[]> {
    const read = (digest: string) => this.#blobs.read(digest, MAX_MANIFEST_BYTES)
    const bytes = await read(record.digest)
    const parsed = parseManifest(bytes, record.mediaType)
    if (parsed.kind === 'manifest') return platformManifests({ ...record, bytes }, ({ digest }) => read(digest))
    // A pull may have brought some architectures only: what was not stored is not offered.
    const stored = new Set<string>()
    for (const { digest } of parsed.index.manifests) if (await this.#blobs.size(digest)) stored.add(digest)
    const index = { ...parsed.index, manifests: parsed.index.manifests.filter(({ digest }) => stored.has(digest)) }
    const kept = Buffer.from(JSON.stringify(index))
    return platformManifests({ ...record, bytes: kept }, ({ digest }) => read(digest))
  }

  async #fetchBlobs(
    upstream: UpstreamSource,
    repository: string,
    platforms: PlatformManifest[],
    onProgress: OnProgress,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const blobs = [
      ...new Map(platforms.flatMap(({ manifest }) => blobsOf(manifest)).map((blob) => [blob.digest, blob])).values(),
    ]
    const total = blobs.reduce((sum, { size }) => sum + size, 0)
    const throttle = throttled()
    let bytes = 0
    const failed = new AbortController()
    const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
    const queue = blobs.values()
    const work = async () => {
      for (const blob of queue) {
        let arrived = 0
        const what = `blob ${blob.digest}`
        const onBytes = (count: number): void => {
          arrived += count
          bytes += count
          if (!throttle()) return
          const message = `pulling ${blob.digest.slice(7, 19)}`
          onProgress({ type: 'progress', blob: blob.digest, bytes, totalBytes: total, message })
        }
        await upstream.any(repository, (client, name) => {
          // What another place sent in vain counts for nothing.
          bytes -= arrived
          arrived = 0
          const expected = { what, digest: blob.digest, size: blob.size }
          const content = () => Promise.resolve(client.blob(name, blob.digest, blob.size, stop))
          return this.#blobs.ingest(content, expected, { onBytes })
        })
        bytes += blob.size - arrived // was here already
        onProgress({
          type: 'progress',
          blob: blob.digest,
          bytes,
          totalBytes: total,
          message: `have ${blob.digest.slice(7, 19)}`,
        })
      }
    }
    const workers = Array.from({ length: PULL_CONCURRENCY }, work)
    try {
      await Promise.all(workers)
    } catch (error) {
      failed.abort()
      await Promise.allSettled(workers)
      throw error
    }
  }

  async #requireBlobs(platforms: PlatformManifest[]): Promise<void> {
    for (const platform of platforms) {
      await this.#requireSizes(platform)
      for (const { digest } of blobsOf(platform.manifest)) {
        if ((await this.#blobs.size(digest)) !== undefined) continue
        const message = `manifest ${platform.digest} names blob ${digest}, which the archive lacks`
        throw new OciError('ARCHIVE_INVALID', message)
      }
    }
  }

  /** What is in the store is as long as the manifest says. */
  async #requireSizes({ digest, manifest }: PlatformManifest): Promise<void> {
    for (const blob of blobsOf(manifest)) {
      const size = await this.#blobs.size(blob.digest)
      if (size === undefined || size === blob.size) continue
      throw new OciError('SIZE_MISMATCH', `blob ${blob.digest}: ${size} bytes, manifest ${digest} says ${blob.size}`)
    }
  }

  async #publish(
    target: { repository: string; tag: string },
    root: { digest: string; mediaType: string; bytes: Uint8Array },
    platforms: PlatformManifest[],
  ): Promise<Image> {
    const { mediaType } = parseManifest(root.bytes, root.mediaType)
    const { repository } = target
    const addedAt = this.#now().toISOString()
    const tag: TagRecord = { ...target, digest: root.digest, mediaType, addedAt }
    const held = new Set([root.digest, ...platforms.map(({ digest }) => digest)])
    const manifests: NewManifest[] = []
    for (const digest of held) {
      const bytes = digest === root.digest ? root.bytes : await this.#blobs.read(digest, MAX_MANIFEST_BYTES)
      const facts = readManifest(bytes, digest === root.digest ? mediaType : undefined)
      // Of an index only what was brought in counts.
      const children = facts.manifests.filter((child) => held.has(child))
      manifests.push({ ...facts, manifests: children, repository, digest, addedAt })
    }
    this.#records.put(manifests, [tag])
    this.#blobs.settle(manifests.flatMap(({ digest, blobs }) => [digest, ...blobs.map((blob) => blob.digest)]))
    return this.#describe(tag)
  }
}

/** What a pulled image is called here: `as`, or the source's repository and tag. */
function storedName(source: Reference, as: string | undefined): { repository: string; tag: string } {
  const ref = as === undefined ? source : parseLocalReference(as)
  const tag = ref.tag ?? source.tag ?? (source.digest ? undefined : 'latest')
  if (!tag) throw new OciError('REFERENCE_INVALID', 'pulling by digest needs a name: add `as` with repository:tag')
  return { repository: ref.repository, tag }
}

/** What an image of an archive is called here; a bare tag in the archive completes a repository given by `as`. */
function archiveName(
  name: string | undefined,
  as: string | undefined,
  count: number,
): { repository: string; tag: string } {
  if (as !== undefined) {
    const ref = parseLocalReference(as)
    const tag =
      ref.tag ?? (name !== undefined && isTag(name) ? name : undefined) ?? (count === 1 ? 'latest' : undefined)
    if (!tag || (ref.tag && count > 1)) {
      const hint = 'name the repository only, so that each image keeps its own tag'
      throw new OciError('REFERENCE_INVALID', `the archive holds ${count} images, "${as}" can name one`, { hint })
    }
    return { repository: ref.repository, tag }
  }
  if (name === undefined || isTag(name)) {
    const hint = 'say what to call it, with `--as repository:tag`'
    throw new OciError('REFERENCE_INVALID', `the archive does not say which repository its image belongs to`, { hint })
  }
  const ref = /^[^/]*[.:][^/]*\//.test(name) ? parseRemoteReference(name) : parseLocalReference(name)
  return { repository: ref.repository, tag: ref.tag ?? 'latest' }
}

/** Manifests of an index that the repository holds. */
function partsOf(records: ImageRecords, repository: string, index: string): string[] {
  const links = records.links().filter((link) => link.repository === repository && link.parent === index)
  return links.map(({ child }) => child).filter((child) => records.manifest(repository, child))
}

/** Whether an index of the repository lists it. */
function isPart(records: ImageRecords, repository: string, digest: string): boolean {
  return records.neededBy(repository, digest).length > 0
}

/** A damaged image is said to be damaged in the words that installs use. */
function failureCode({ code }: OciError): ResolveFailure['code'] {
  if (code === 'REGISTRY_UNREACHABLE' || code === 'REGISTRY_ERROR' || code === 'UNAUTHORIZED') return 'IMAGE_NOT_FOUND'
  return code === 'SIZE_MISMATCH' || code === 'DIGEST_MISMATCH' || code === 'TOO_MANY_LAYERS' ? code : 'IMAGE_INVALID'
}

function sizeOf(manifest: Manifest): number {
  return manifest.layers.reduce((sum, { size }) => sum + size, 0)
}

/** True at most once per interval. */
function throttled(): () => boolean {
  let last = 0
  return () => {
    const now = Date.now()
    if (now - last < PROGRESS_INTERVAL_MS) return false
    last = now
    return true
  }
}
