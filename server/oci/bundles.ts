// Offline bundles: an OCI image layout as a tar with everything that a site needs of images, indexes, signatures and what else refers to them.
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pack } from 'tar-stream'
import type { Pack } from 'tar-stream'
import { BUNDLE_POLICIES } from '../contract/bundle.ts'
import type { TrustPolicy } from '../contract/trust.ts'
import type { ImageRecords, NewManifest, TagRecord } from '../core/images.ts'
import type { BlobStore } from './blob-store.ts'
import { OciError } from './errors.ts'
import { readLayoutArchive, REF_NAME } from './image-archive.ts'
import type { LayoutImage } from './image-archive.ts'
import { MAX_MANIFEST_BYTES } from './manifest.ts'
import { readManifest } from './manifest-facts.ts'
import type { ReadManifest } from './manifest-facts.ts'
import { formatReference, isRepository, parseLocalReference } from './reference.ts'
import { isDigestTag, taggedDigest } from './signatures.ts'

/** Tells the repository of a manifest without a tag, such as a referrer. */
const REPOSITORY = 'io.landfall.repository'
/** The same content gives the same bundle. */
const MTIME = new Date(0)

export interface Bundle {
  /** Sum of its files. */
  totalBytes: number
  stream: Readable
}

export interface BundlesOptions {
  records: ImageRecords
  blobs: BlobStore
  /** Of the configuration, for bundles that are to have them. */
  policies: readonly TrustPolicy[]
  now?: () => Date
}

/** What one repository adds to a bundle. */
interface Part {
  repository: string
  /** Grows while what it leads to is found. */
  manifests: Set<string>
  /** Manifests that an index of these lists. */
  listed: Set<string>
  tags: TagRecord[]
}

export class Bundles {
  readonly #options: Required<BundlesOptions>

  constructor(options: BundlesOptions) {
    this.#options = { now: () => new Date(), ...options }
  }

  /**
   * These images, or all that have a tag, each with what is about it. Nothing of it is removed while it is read within a day. Throws MANIFEST_UNKNOWN,
   * and BLOB_UNKNOWN for an image that is not here whole.
   */
  async make(references: readonly string[], withPolicies: boolean): Promise<Bundle> {
    const sizes = new Map<string, number>()
    const manifests: object[] = []
    for (const part of this.#choose(references)) {
      await this.#complete(part, sizes)
      manifests.push(...this.#entries(part, sizes))
    }
    const files = [
      { name: 'oci-layout', bytes: json({ imageLayoutVersion: '1.0.0' }) },
      { name: 'index.json', bytes: json({ schemaVersion: 2, manifests }) },
      ...(withPolicies ? [{ name: BUNDLE_POLICIES, bytes: json(this.#options.policies) }] : []),
    ]
    const archive = pack()
    void this.#fill(archive, files, sizes).catch((error: unknown) => archive.destroy(error as Error))
    const totalBytes = [...files.map(({ bytes }) => bytes.length), ...sizes.values()].reduce((a, b) => a + b, 0)
    return { totalBytes, stream: Readable.from(archive, { objectMode: false }) }
  }

  /**
   * Takes in a bundle, all of it or nothing: blobs are stored as they come, each verified, and tags appear in one step when every manifest
   * has what it needs. What was stored before a failure is not stored again. Returns the images. Throws ARCHIVE_INVALID, DIGEST_MISMATCH...
   */
  async take(
    archive: Readable,
    onBlob: (digest: string, bytes: number, total: number) => void,
    signal?: AbortSignal,
  ): Promise<TagRecord[]> {
    const { records, blobs, now } = this.#options
    const entries = await readLayoutArchive(archive, blobs, onBlob, signal)
    const addedAt = now().toISOString()
    const manifests = new Map<string, NewManifest>()
    const tags: TagRecord[] = []
    for (const entry of entries) {
      const { repository, tag } = namesOf(entry)
      const { digest } = entry.descriptor
      const mediaType = await this.#collect(repository, digest, addedAt, manifests)
      if (tag !== undefined) tags.push({ repository, tag, digest, mediaType, addedAt })
    }
    records.put([...manifests.values()], tags)
    blobs.settle(manifests.values().toArray().flatMap(({ digest, blobs }) => [digest, ...blobs.map((blob) => blob.digest)])) // prettier-ignore
    return tags.filter(({ tag }) => !isDigestTag(tag))
  }

  #choose(references: readonly string[]): Part[] {
    const { records } = this.#options
    const isImage = ({ tag }: TagRecord) => !isDigestTag(tag)
    const wanted = references.length > 0 ? references.map((text) => this.#found(text)) : records.tags().filter(isImage)
    return [...Map.groupBy(wanted, ({ repository }) => repository)].map(([repository, chosen]) => ({
      repository,
      manifests: new Set(chosen.map(({ digest }) => digest)),
      listed: new Set(),
      tags: chosen.flatMap(({ tag }) => (tag === undefined ? [] : [records.tag(repository, tag)!])),
    }))
  }

  /** Adds what the part's manifests need, what they list and what is about any of them. */
  async #complete(part: Part, sizes: Map<string, number>): Promise<void> {
    const { records, blobs } = this.#options
    const { repository, manifests, listed, tags } = part
    const about = records.tags().filter((one) => one.repository === repository && isDigestTag(one.tag))
    // A set that grows while it is walked ends when nothing new is found.
    for (const digest of manifests) {
      const name = formatReference({ repository, digest })
      sizes.set(digest, await this.#sizeOf(digest, name))
      const facts = readManifest(await blobs.read(digest, MAX_MANIFEST_BYTES))
      for (const blob of facts.blobs) sizes.set(blob.digest, await this.#sizeOf(blob.digest, name))
      for (const child of facts.manifests.filter((one) => records.manifest(repository, one))) {
        manifests.add(child)
        listed.add(child)
      }
      for (const referrer of records.referrers(repository, digest)) manifests.add(referrer.digest)
      for (const tag of about.filter((one) => taggedDigest(one.tag) === digest)) {
        manifests.add(tag.digest)
        tags.push(tag)
      }
    }
  }

  #found(text: string): { repository: string; digest: string; tag?: string } {
    const { records } = this.#options
    const { repository, digest, tag = 'latest' } = parseLocalReference(text)
    const found = digest === undefined ? records.tag(repository, tag) : records.manifest(repository, digest)
    if (found) return { repository, digest: found.digest, ...(digest === undefined && { tag }) }
    throw new OciError('MANIFEST_UNKNOWN', `there is no image ${text}`, {
      hint: '`landfall image list` shows them all',
    })
  }

  async #sizeOf(digest: string, needing: string): Promise<number> {
    const { blobs } = this.#options
    blobs.touch(digest)
    const size = await blobs.size(digest)
    if (size !== undefined) return size
    throw new OciError('BLOB_UNKNOWN', `${needing} needs ${digest}, which is not here`, {
      hint: 'an image of another registry may not be here whole: pull it first',
    })
  }

  /** Lines of index.json. */
  #entries({ repository, manifests, listed, tags }: Part, sizes: ReadonlyMap<string, number>): object[] {
    const { records } = this.#options
    const tagged = new Set(tags.map(({ digest }) => digest))
    const entry = (digest: string, annotations: Record<string, string> = {}) => {
      const { mediaType } = records.manifest(repository, digest)!
      return { mediaType, digest, size: sizes.get(digest)!, annotations: { ...annotations, [REPOSITORY]: repository } }
    }
    return [
      ...tags.map(({ tag, digest }) => entry(digest, { [REF_NAME]: `${repository}:${tag}` })),
      ...[...manifests].filter((digest) => !tagged.has(digest) && !listed.has(digest)).map((digest) => entry(digest)),
    ]
  }

  async #fill(
    archive: Pack,
    files: readonly { name: string; bytes: Buffer }[],
    sizes: ReadonlyMap<string, number>,
  ): Promise<void> {
    for (const { name, bytes } of files) archive.entry({ name, mtime: MTIME }, bytes)
    for (const [digest, size] of sizes) {
      const entry = archive.entry({ name: `blobs/${digest.replace(':', '/')}`, size, mtime: MTIME })
      // Whoever reads may stop at any moment; that is told where the archive is read.
      entry.on('error', () => {})
      for await (const chunk of this.#options.blobs.stream(digest) as AsyncIterable<Buffer>) {
        if (archive.destroyed) return
        if (!entry.write(chunk)) await once(entry, 'drain')
      }
      entry.end(undefined)
    }
    archive.finalize()
  }

  /** Adds the manifest and all below it that is here; returns its media type. */
  async #collect(
    repository: string,
    digest: string,
    addedAt: string,
    found: Map<string, NewManifest>,
  ): Promise<string> {
    const { blobs } = this.#options
    const key = `${repository}@${digest}`
    const known = found.get(key)
    if (known) return known.mediaType
    const name = formatReference({ repository, digest })
    if ((await blobs.size(digest)) === undefined)
      throw incomplete(`the bundle lacks manifest ${digest} of ${repository}`)
    const facts = readManifest(await blobs.read(digest, MAX_MANIFEST_BYTES))
    await this.#requireBlobs(name, facts)
    const held: string[] = []
    for (const child of facts.manifests) if ((await blobs.size(child)) !== undefined) held.push(child)
    if (facts.manifests.length > 0 && held.length === 0)
      throw incomplete(`the bundle has none of the images of index ${name}`)
    found.set(key, { ...facts, manifests: held, repository, digest, addedAt })
    for (const child of held) await this.#collect(repository, child, addedAt, found)
    return facts.mediaType
  }

  async #requireBlobs(name: string, facts: ReadManifest): Promise<void> {
    for (const { digest, size } of facts.blobs) {
      const stored = await this.#options.blobs.size(digest)
      if (stored === undefined) throw incomplete(`${name} names blob ${digest}, which the bundle lacks`)
      if (stored === size) continue
      throw new OciError('SIZE_MISMATCH', `blob ${digest}: ${stored} bytes, ${name} says ${size}`)
    }
  }
}

function namesOf({ descriptor, name }: LayoutImage): { repository: string; tag: string | undefined } {
  const repository = descriptor.annotations?.[REPOSITORY]
  if (name === undefined) {
    if (repository !== undefined && isRepository(repository)) return { repository, tag: undefined }
    throw notBundle(`${descriptor.digest} has neither a name nor a repository`)
  }
  const parsed = parseLocalReference(name)
  if (parsed.tag !== undefined && (repository === undefined || repository === parsed.repository)) {
    return { repository: parsed.repository, tag: parsed.tag }
  }
  throw notBundle(`${descriptor.digest} is named ${JSON.stringify(name.slice(0, 300))}, want repository:tag`)
}

function notBundle(why: string): OciError {
  return new OciError('ARCHIVE_INVALID', `not a bundle of Landfall: ${why}`, {
    hint: 'archives of other programs come in by `landfall image import FILE --as repository:tag`',
  })
}

function incomplete(message: string): OciError {
  return new OciError('ARCHIVE_INVALID', message)
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
