// Images on their way to a medium, checked to be ones that its installer can install.
import { readFile } from 'node:fs/promises'
import type { Architecture } from '../../server/contract/common.ts'
import type { InstallTask } from '../../server/contract/agent.ts'
import { blobsOf, platformManifests } from '../../server/oci/image-graph.ts'
import { configLabels, isBootable, parseConfig } from '../../server/oci/manifest.ts'
import type { Descriptor } from '../../server/oci/manifest.ts'
import { formatReference } from '../../server/oci/reference.ts'
import type { Reference } from '../../server/oci/reference.ts'
import { IsoError } from './error.ts'

/** What the installer of a medium can install. */
const ARCHITECTURE: Architecture = 'amd64'

/** A blob in a file of this host. */
export interface IsoBlob {
  digest: string
  size: number
  file: string
  /** Whether its bytes were compared with the digest when it came here. */
  checked: boolean
}

/** One image for one architecture. */
export interface IsoImage {
  /** What a medium's entry says of it. */
  order: InstallTask['image']
  manifest: { mediaType: string; digest: string; size: number }
  /** Manifest, configuration and layers, each once. */
  blobs: readonly IsoBlob[]
}

/** Where images come from: a layout, an archive, a registry. */
export interface ImageShelf {
  /** Manifest or index of that name. Throws IsoError IMAGE_UNKNOWN. */
  find(reference: Reference): Promise<{ digest: string; mediaType: string; bytes: Buffer }>
  /** A manifest by digest. */
  manifest(repository: string, digest: string): Promise<IsoBlob>
  /** Makes blobs files of this host. */
  fetch(repository: string, blobs: readonly Descriptor[]): Promise<IsoBlob[]>
}

/**
 * Takes an image from the shelf, layers included. `follow` is what the deployed system upgrades from. Throws IsoError IMAGE_UNKNOWN,
 * IMAGE_UNUSABLE, and OciError.
 */
export async function takeImage(shelf: ImageShelf, reference: Reference, follow: string): Promise<IsoImage> {
  const { repository } = reference
  const name = formatReference(reference)
  const root = await shelf.find(reference)
  const read = async ({ digest }: { digest: string }) => readFile((await shelf.manifest(repository, digest)).file)
  const platforms = await platformManifests(root, read, [ARCHITECTURE]).catch((cause: unknown) => {
    throw unusable(name, (cause as Error).message, cause)
  })
  const { manifest, digest, mediaType } = platforms[0]!
  const [own, [config]] = await Promise.all([
    shelf.manifest(repository, digest),
    shelf.fetch(repository, [manifest.config]),
  ])
  const { architecture, ...rest } = parseConfig(await readFile(config!.file))
  if (architecture !== ARCHITECTURE) throw unusable(name, `it is for ${architecture}, want ${ARCHITECTURE}`)
  if (!isBootable(configLabels({ architecture, ...rest }))) {
    throw unusable(name, 'it is not a bootable container image: it has no label containers.bootc')
  }
  const blobs = await shelf.fetch(repository, blobsOf(manifest))
  return {
    order: { repository, digest, targetReference: follow },
    manifest: { mediaType, digest, size: own.size },
    blobs: [own, ...blobs],
  }
}

function unusable(reference: string, why: string, cause?: unknown): IsoError {
  return new IsoError('IMAGE_UNUSABLE', `${reference}: ${why}`, { cause })
}
