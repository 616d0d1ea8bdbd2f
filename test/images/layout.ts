// OCI image layout folders (image-spec, image-layout.md): streams layers into blobs, writes manifests, keeps index.json.
import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { copyFile, link, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip, createZstdCompress } from 'node:zlib'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const LAYER = 'application/vnd.oci.image.layer.v1.tar'
/** Annotation of an index entry that holds the tag (image-spec, annotations.md). */
const REF_NAME = 'org.opencontainers.image.ref.name'
/** containerd's annotation for the whole name, repository included. */
const IMAGE_NAME = 'io.containerd.image.name'

const GZIP_LEVEL = 6
/** The last level that packs a base layer in seconds. */
const ZSTD_LEVEL = 9

export type Compression = 'gzip' | 'zstd' | 'none'

/** Bytes that a compressor is given at a time. */
const PIECE = 2 ** 16

export interface Descriptor {
  mediaType: string
  digest: string
  size: number
  annotations?: Record<string, string>
}

export interface Manifest {
  schemaVersion: 2
  mediaType: string
  config: Descriptor
  layers: Descriptor[]
  annotations?: Record<string, string>
}

export interface ImageConfig {
  created: string
  architecture: string
  os: 'linux'
  config: { Labels?: Record<string, string> } & Record<string, unknown>
  rootfs: { type: 'layers'; diff_ids: string[] }
  history: { created: string; created_by: string }[]
}

/** A layer blob in a layout, with what the image's config says about it. */
export interface Layer {
  descriptor: Descriptor
  diffId: string
  createdBy: string
}

export interface ImageOptions {
  repository: string
  tag: string
  layers: readonly Layer[]
  labels?: Record<string, string>
  annotations?: Record<string, string>
  /** Seconds since the epoch. */
  created: number
  architecture?: string
}

export interface Image {
  descriptor: Descriptor
  manifest: Manifest
  config: ImageConfig
}

/** Path of a blob of the layout. */
export function blobPath(layout: string, digest: string): string {
  return join(layout, 'blobs', ...digest.split(':'))
}

/** Makes an empty layout in `dir`, which may exist. */
export async function createLayout(dir: string): Promise<void> {
  await mkdir(join(dir, 'blobs', 'sha256'), { recursive: true })
  await writeFile(join(dir, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  await writeIndex(dir, [])
}

/** Copies a layout, blobs as hard links where possible: cheap, and tags can be added without touching the original. */
export async function copyLayout(from: string, to: string): Promise<void> {
  await createLayout(to)
  const blobs = join('blobs', 'sha256')
  for (const name of await readdir(join(from, blobs))) await linkOrCopy(join(from, blobs, name), join(to, blobs, name))
  await writeIndex(to, await readIndex(from))
}

/** Gives a file a second name, or where that is on another file system, a copy. A file that is there already stays. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') await copyFile(from, to)
  })
}

/** Streams a tar into a layer blob; memory stays bounded whatever its size. */
export async function addLayer(
  layout: string,
  tarBytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  {
    compression,
    level,
    createdBy,
  }: { compression: Compression; /** Of the compressor's own scale. */ level?: number; createdBy: string },
): Promise<Layer & { unpacked: number }> {
  const temporary = join(layout, `blobs/sha256/.${randomBytes(6).toString('hex')}.tmp`)
  const plain = new Meter()
  const packed = new Meter()
  try {
    await pipeline(
      inEvenPieces(plain.measure(tarBytes)),
      compressor(compression, level),
      (stream: AsyncIterable<Buffer>) => packed.measure(stream),
      createWriteStream(temporary),
    )
    const digest = packed.digest()
    await rename(temporary, blobPath(layout, digest))
    return {
      descriptor: { mediaType: compression === 'none' ? LAYER : `${LAYER}+${compression}`, digest, size: packed.size },
      diffId: plain.digest(),
      unpacked: plain.size,
      createdBy,
    }
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** The same bytes in pieces of one size: what a compressor writes depends on how its input was cut, and a pipe cuts it by chance. */
async function* inEvenPieces(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let waiting = Buffer.alloc(0)
  for await (const chunk of source) {
    waiting = Buffer.concat([waiting, chunk])
    for (; waiting.length >= PIECE; waiting = waiting.subarray(PIECE)) yield waiting.subarray(0, PIECE)
  }
  if (waiting.length > 0) yield waiting
}

/** Stores bytes as a blob. */
export async function addBlob(layout: string, bytes: Uint8Array, mediaType: string): Promise<Descriptor> {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  // What is there already may be another layout's file, too: never write into it.
  await writeFile(blobPath(layout, digest), bytes, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return { mediaType, digest, size: bytes.length }
}

/** Writes config and manifest of an image whose layers are in the layout, and tags it; a tag that exists moves. */
export async function addImage(layout: string, options: ImageOptions): Promise<Descriptor> {
  const { repository, tag, layers, labels, annotations, architecture = 'amd64' } = options
  const created = new Date(options.created * 1000).toISOString().replace('.000Z', 'Z')
  const config: ImageConfig = {
    created,
    architecture,
    os: 'linux',
    config: labels === undefined ? {} : { Labels: labels },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map((layer) => ({ created, created_by: layer.createdBy })),
  }
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: await addBlob(layout, json(config), CONFIG),
    layers: layers.map((layer) => layer.descriptor),
    ...(annotations === undefined ? {} : { annotations }),
  }
  return await tagManifest(layout, manifest, { repository, tag, architecture })
}

/** Stores a manifest and lets a tag of the layout's index point to it. */
export async function tagManifest(
  layout: string,
  manifest: Manifest,
  { repository, tag, architecture = 'amd64' }: { repository: string; tag: string; architecture?: string },
): Promise<Descriptor> {
  const stored = await addBlob(layout, json(manifest), MANIFEST)
  const descriptor = {
    ...stored,
    platform: { architecture, os: 'linux' },
    // The OCI annotation holds the bare tag; containerd's, which skopeo and others ignore, the whole name.
    annotations: { [REF_NAME]: tag, [IMAGE_NAME]: `${repository}:${tag}` },
  }
  const others = (await readIndex(layout)).filter((entry) => entry.annotations?.[REF_NAME] !== tag)
  await writeIndex(layout, [...others, descriptor])
  return stored
}

/** Reads back what a tag of the layout names; throws if there is no such tag. */
export async function readImage(layout: string, tag: string): Promise<Image> {
  const index = await readIndex(layout)
  const descriptor = index.find((entry) => entry.annotations?.[REF_NAME] === tag)
  if (descriptor === undefined) {
    const tags = index.map((entry) => entry.annotations?.[REF_NAME]).join(', ')
    throw new Error(`reading tag ${tag} of OCI layout ${layout}: it has ${tags || 'no tags'}`)
  }
  const manifest = await readJson<Manifest>(blobPath(layout, descriptor.digest))
  const config = await readJson<ImageConfig>(blobPath(layout, manifest.config.digest))
  return { descriptor, manifest, config }
}

/** Repository an image of a layout was tagged in. */
export function repositoryOf({ descriptor }: Image): string {
  const name = descriptor.annotations?.[IMAGE_NAME] ?? ''
  return name.slice(0, name.lastIndexOf(':'))
}

/** Layers of an image read back, to build another image on them. */
export function layersOf({ manifest, config }: Image): Layer[] {
  return manifest.layers.map((descriptor, i) => ({
    descriptor,
    diffId: config.rootfs.diff_ids[i]!,
    createdBy: config.history[i]?.created_by ?? '',
  }))
}

/** Counts and hashes bytes that pass. */
class Meter {
  size = 0
  readonly #hash = createHash('sha256')

  async *measure(bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      this.size += chunk.length
      this.#hash.update(chunk)
      yield chunk
    }
  }

  /** Only once, after the last byte. */
  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`
  }
}

/** Both compressors write no time and no name: same tar, same blob, as long as the library's version stays. */
function compressor(compression: Compression, level?: number): Duplex {
  if (compression === 'gzip') return createGzip({ level: level ?? GZIP_LEVEL })
  if (compression === 'zstd') {
    const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag } = constants
    return createZstdCompress({ params: { [ZSTD_c_compressionLevel]: level ?? ZSTD_LEVEL, [ZSTD_c_checksumFlag]: 1 } })
  }
  return new PassThrough()
}

async function readIndex(layout: string): Promise<Descriptor[]> {
  return (await readJson<{ manifests: Descriptor[] }>(join(layout, 'index.json'))).manifests
}

async function writeIndex(layout: string, manifests: Descriptor[]): Promise<void> {
  await writeFile(join(layout, 'index.json'), json({ schemaVersion: 2, mediaType: INDEX, manifests }))
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
