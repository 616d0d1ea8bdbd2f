// Small OCI images for tests, made of tar entries.
import { createHash } from 'node:crypto'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { ImageConfig, Manifest } from '../../../server/oci/manifest.ts'
import { writeTar } from '../stream/tar-writer.ts'
import type { Entry } from '../stream/tar-writer.ts'

type Compression = 'gzip' | 'zstd' | 'none'

export interface TestImage {
  manifest: Manifest
  config: ImageConfig
  manifestDigest: string
  /** Compressed layers by digest. */
  blobs: Map<string, Buffer>
}

const PACK = {
  gzip: (tar: Buffer) => gzipSync(tar, { level: 1 }),
  zstd: (tar: Buffer) => zstdCompressSync(tar),
  none: (tar: Buffer) => tar,
}
const SUFFIX = { gzip: '+gzip', zstd: '+zstd', none: '' }

function sha256(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function makeLayer(
  tar: Buffer,
  compression: Compression,
): { descriptor: Manifest['layers'][number]; diffId: string; blob: Buffer } {
  const blob = PACK[compression](tar)
  const mediaType = `application/vnd.oci.image.layer.v1.tar${SUFFIX[compression]}`
  return { descriptor: { mediaType, digest: sha256(blob), size: blob.length }, diffId: sha256(tar), blob }
}

/** An image of these layers, lowest first, compressed in turn with gzip, zstd and not at all. Labels may depend on the diff-ids. */
export function makeImage(
  layers: readonly (readonly Entry[] | Buffer)[],
  labels: Record<string, string> | ((diffIds: string[]) => Record<string, string>) = {},
): TestImage {
  const made = layers.map((layer, index) =>
    makeLayer(Buffer.isBuffer(layer) ? layer : writeTar(layer), (['gzip', 'zstd', 'none'] as const)[index % 3]!),
  )
  const diffIds = made.map(({ diffId }) => diffId)
  const config: ImageConfig = {
    created: '2026-02-03T04:05:06.789Z',
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: { 'containers.bootc': '1', ...(typeof labels === 'function' ? labels(diffIds) : labels) } },
    rootfs: { type: 'layers', diff_ids: diffIds },
  }
  const configBytes = JSON.stringify(config)
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: sha256(configBytes),
      size: configBytes.length,
    },
    layers: made.map(({ descriptor }) => descriptor),
  }
  return {
    manifest,
    config,
    manifestDigest: sha256(JSON.stringify(manifest)),
    blobs: new Map(made.map(({ descriptor, blob }) => [descriptor.digest, blob])),
  }
}
