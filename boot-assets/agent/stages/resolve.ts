// Reads and checks what the image is, before the disk is touched.
import { createHash } from 'node:crypto'
import type { InstallTask } from '../../../server/contract/agent.ts'
import {
  configLabels,
  isBootable,
  MAX_MANIFEST_BYTES,
  parseConfig,
  parseManifest,
  requireInstallable,
} from '../../../server/oci/manifest.ts'
import type { ImageConfig, Manifest } from '../../../server/oci/manifest.ts'
import { AgentError } from '../errors.ts'
import { retry } from '../link/retry.ts'
import { ServerError } from '../link/server.ts'
import type { ImageSource } from '../link/task-source.ts'
import { imageLayers } from '../ostree/image-layers.ts'
import { layerCompression } from '../stream/decompress.ts'

export interface ResolvedImage {
  repository: string
  /** `sha256:...` of the manifest's bytes. */
  digest: string
  /** `registry.example:8443/os/web:stable`: what the deployed system follows. */
  targetReference: string
  manifest: Manifest
  /** The manifest as its source has it. */
  manifestBytes: Buffer
  config: ImageConfig
  configBytes: Buffer
  /** Sum of compressed layers. */
  totalBytes: number
}

/**
 * Fetches manifest and configuration and checks digests, architecture and bootability. Throws AgentError with
 * DIGEST_MISMATCH, IMAGE_NOT_FOUND, IMAGE_INVALID, ARCHITECTURE_MISMATCH or IMAGE_NOT_BOOTABLE; OciError TOO_MANY_LAYERS; OstreeError
 * IMAGE_INVALID; StreamError COMPRESSION_UNSUPPORTED.
 */
export async function resolveImage(
  images: Pick<ImageSource, 'bytes'>,
  image: InstallTask['image'],
  architecture: string,
  onTrouble: (message: string, pauseMs: number) => void,
  signal?: AbortSignal,
): Promise<ResolvedImage> {
  const fetchVerified = async (kind: 'manifests' | 'blobs', digest: string): Promise<Buffer> => {
    const bytes = await retry(() => images.bytes(kind, image.repository, digest, signal), {
      again: (error) => error instanceof ServerError && error.temporary,
      onRetry: (error, pause) => onTrouble((error as Error).message, pause),
      signal,
    })
    const got = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    if (got === digest) return bytes
    throw new AgentError(
      'DIGEST_MISMATCH',
      `verifying ${kind === 'blobs' ? 'the configuration' : 'the manifest'} of ${image.repository}: got ${got}, want ${digest}`,
    )
  }

  const manifestBytes = await fetchVerified('manifests', image.digest)
  if (manifestBytes.length > MAX_MANIFEST_BYTES) throw new AgentError('IMAGE_INVALID', 'the manifest is too large')
  const parsed = parseManifest(manifestBytes)
  if (parsed.kind !== 'manifest') {
    throw new AgentError('IMAGE_INVALID', `${image.digest} is an image index, want the manifest of one platform`)
  }
  requireInstallable(parsed.manifest)
  const configBytes = await fetchVerified('blobs', parsed.manifest.config.digest)
  const config = parseConfig(configBytes)
  if (config.architecture !== architecture) {
    throw new AgentError(
      'ARCHITECTURE_MISMATCH',
      `the image is for ${config.architecture}, this machine is ${architecture}`,
    )
  }
  if (!isBootable(configLabels(config))) {
    throw new AgentError('IMAGE_NOT_BOOTABLE', `${image.repository} is not a bootable container image`, {
      hint: 'the image needs the label containers.bootc=1, a kernel below /usr/lib/modules and an initramfs',
    })
  }
  // What no layer can be taken in by need not cost a disk.
  for (const { descriptor } of imageLayers(parsed.manifest, config)) layerCompression(descriptor.mediaType)
  return {
    ...image,
    manifest: parsed.manifest,
    manifestBytes,
    config,
    configBytes,
    totalBytes: parsed.manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
  }
}
