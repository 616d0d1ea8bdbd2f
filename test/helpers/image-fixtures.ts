// Small images in memory: layers are tar files made with tar-stream, digests are real.
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from '../../server/oci/media-types.ts'
import { digestOf, readAll } from '../../server/oci/verify.ts'

export interface FixtureImage {
  manifest: { bytes: Buffer; digest: string }
  config: { bytes: Buffer; digest: string }
  layers: { bytes: Buffer; digest: string; diffId: string }[]
}

/** An image of one gzip layer per entry of `files`; bootable unless told otherwise. */
export async function fixtureImage(
  files: Record<string, string>[],
  options: { architecture?: string; bootable?: boolean } = {},
): Promise<FixtureImage> {
  const layers = await Promise.all(
    files.map(async (layer) => {
      const tar = await tarOf(layer)
      const bytes = gzipSync(tar)
      return { bytes, digest: digestOf(bytes), diffId: digestOf(tar) }
    }),
  )
  const configBytes = json({
    architecture: options.architecture ?? 'amd64',
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: { Labels: options.bootable === false ? {} : { 'containers.bootc': '1' } },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  })
  const config = { bytes: configBytes, digest: digestOf(configBytes) }
  const bytes = json({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: config.digest, size: configBytes.length },
    layers: layers.map(({ bytes, digest }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest,
      size: bytes.length,
    })),
  })
  return { manifest: { bytes, digest: digestOf(bytes) }, config, layers }
}

/** A multi-architecture index over images, in the order given. */
export function fixtureIndex(images: { image: FixtureImage; architecture: string }[]): {
  bytes: Buffer
  digest: string
} {
  const bytes = json({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: images.map(({ image, architecture }) => ({
      mediaType: OCI_MANIFEST,
      digest: image.manifest.digest,
      size: image.manifest.bytes.length,
      platform: { os: 'linux', architecture },
    })),
  })
  return { bytes, digest: digestOf(bytes) }
}

/** The files of an OCI layout; `names` are the ref.name annotations. */
export function layoutFiles(images: { image: FixtureImage; name?: string }[]): Record<string, Buffer> {
  const files: Record<string, Buffer> = { 'oci-layout': json({ imageLayoutVersion: '1.0.0' }) }
  for (const { image } of images) {
    for (const { bytes, digest } of [image.manifest, image.config, ...image.layers]) {
      files[`blobs/sha256/${digest.slice(7)}`] = bytes
    }
  }
  files['index.json'] = json({
    schemaVersion: 2,
    manifests: images.map(({ image, name }) => ({
      mediaType: OCI_MANIFEST,
      digest: image.manifest.digest,
      size: image.manifest.bytes.length,
      ...(name && { annotations: { 'org.opencontainers.image.ref.name': name } }),
    })),
  })
  return files
}

/** A tar of regular files. */
export async function tarOf(files: Record<string, string | Buffer>): Promise<Buffer> {
  const archive = pack()
  for (const [name, content] of Object.entries(files)) archive.entry({ name, mtime: new Date(0) }, content)
  archive.finalize()
  return readAll(archive as unknown as AsyncIterable<Uint8Array>, 2 ** 30, 'tar')
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
