// Where the image comes from, and bringing it into the store of the private server.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Image } from '../contract/image.ts'
import { BlobStore } from '../oci/blob-store.ts'
import { OciError } from '../oci/errors.ts'
import { platformManifests } from '../oci/image-graph.ts'
import { ImageService } from '../oci/image-service.ts'
import type { OnProgress } from '../oci/image-service.ts'
import { MAX_MANIFEST_BYTES, parseManifest } from '../oci/manifest.ts'
import { OCI_INDEX } from '../oci/media-types.ts'
import { formatReference, parseRemoteReference } from '../oci/reference.ts'
import { RegistryClient } from '../oci/registry-client.ts'
import { Upstreams } from '../oci/upstreams.ts'
import { openStore } from '../store/store.ts'

export type ImageSource =
  /** A reference with its registry, and the certificate (PEM) that one is trusted by. */
  | { kind: 'registry'; reference: string; ca: string | undefined }
  /** An OCI image layout; `index` is its index.json with one image only, `open` gives both as a tar. */
  | { kind: 'layout'; folder: string; index: Buffer; open: () => Promise<Readable> }

export interface PackedLayer {
  size: number
  mediaType: string
}

/** What disk images are made for. */
const ARCHITECTURES = ['amd64'] as const

export interface StoredImage {
  /** As specs name it. */
  reference: string
  /** What deployed systems upgrade from, with its registry. */
  follows: string
  /** `host:port` of that. */
  registry: string
  digest: string
  /** Sum of compressed layers, bytes. */
  packedBytes: number
}

export interface StoreOptions {
  dataDir: string
  source: ImageSource
  /** What deployed systems upgrade from: `registry.example/os/web:stable`, also with @digest. */
  follows: string
  onProgress: OnProgress
  signal: AbortSignal
}

/** The layers that {@link storeImage} will store, without storing anything. Throws OciError. */
export async function layersOf(source: ImageSource, signal: AbortSignal): Promise<readonly PackedLayer[]> {
  const [platform] = await (source.kind === 'layout' ? inLayout(source) : inRegistry(source, signal))
  return platform?.manifest.layers ?? []
}

async function inRegistry({ reference, ca }: Extract<ImageSource, { kind: 'registry' }>, signal: AbortSignal) {
  const { registry, repository, tag = 'latest', digest } = parseRemoteReference(reference)
  const client = new RegistryClient(registry, ca === undefined ? {} : { ca })
  try {
    const read = (tagOrDigest: string) => client.manifest(repository, tagOrDigest, signal)
    const root = await read(digest ?? tag)
    return await platformManifests(root, async (child) => (await read(child.digest)).bytes, ARCHITECTURES)
  } finally {
    await client.close()
  }
}

async function inLayout({ folder, index }: Extract<ImageSource, { kind: 'layout' }>) {
  const named = parseManifest(index, OCI_INDEX)
  const [entry] = named.kind === 'index' ? named.index.manifests : []
  if (entry === undefined) throw new OciError('ARCHIVE_INVALID', `${folder} names no image`)
  const read = ({ digest }: { digest: string }) => readManifest(join(folder, 'blobs', digest.replace(':', '/')))
  return platformManifests({ ...entry, bytes: await read(entry) }, read, ARCHITECTURES)
}

async function readManifest(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file)
    if (size <= MAX_MANIFEST_BYTES) return await readFile(file)
  } catch (cause) {
    throw new OciError('ARCHIVE_INVALID', `${file}: ${(cause as NodeJS.ErrnoException).code}`, { cause })
  }
  throw new OciError('ARCHIVE_INVALID', `${file} is larger than any manifest`)
}

/**
 * Stores the image under the name deployed systems will know it by. For a server that is not running: the folder is opened and closed
 * here. Throws OciError.
 */
export async function storeImage({ dataDir, source, follows, onProgress, signal }: StoreOptions): Promise<StoredImage> {
  const { registry, ...named } = parseRemoteReference(follows)
  const store = openStore(join(dataDir, 'landfall.db'))
  try {
    const ca = source.kind === 'registry' ? source.ca : undefined
    const upstreams = new Upstreams([], ca === undefined ? {} : { ca })
    const images = new ImageService(await BlobStore.open(join(dataDir, 'oci')), store.images, { upstreams })
    // A digest is no name to store under; the tag here is seen by nobody.
    const as = formatReference({ repository: named.repository, tag: named.tag ?? 'latest' })
    const image = await bringIn(images, source, as, onProgress, signal)
    const platform = image.platforms.find(({ architecture }) => architecture === 'amd64')
    return {
      reference: formatReference(named.digest ? named : { ...named, tag: named.tag ?? 'latest' }),
      follows,
      registry,
      digest: platform?.digest ?? image.digest,
      packedBytes: platform?.size ?? 0,
    }
  } finally {
    store.close()
  }
}

async function bringIn(
  images: ImageService,
  source: ImageSource,
  as: string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<Image> {
  if (source.kind === 'registry') {
    return images.pull({ reference: source.reference, as, architectures: [...ARCHITECTURES] }, onProgress, signal)
  }
  const [image] = await images.importArchive(await source.open(), as, onProgress, signal)
  return image!
}
