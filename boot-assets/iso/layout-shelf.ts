// Images of an OCI layout: a folder, or an archive of one.
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { BlobStore } from '../../server/oci/blob-store.ts'
import { readLayoutArchive } from '../../server/oci/image-archive.ts'
import type { LayoutImage } from '../../server/oci/image-archive.ts'
import { Index, MAX_MANIFEST_BYTES } from '../../server/oci/manifest.ts'
import { formatReference } from '../../server/oci/reference.ts'
import type { Reference } from '../../server/oci/reference.ts'
import { IsoError } from './error.ts'
import type { ImageShelf, IsoBlob } from './image.ts'

const REF_NAME = 'org.opencontainers.image.ref.name'
const IMAGE_NAME = 'io.containerd.image.name'

/**
 * Opens the layout at `path`; what an archive holds is unpacked into `work`. Throws IsoError INPUT_INVALID, and OciError for a damaged
 * archive.
 */
export async function layoutShelf(path: string, work: string, signal?: AbortSignal): Promise<ImageShelf> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new IsoError('INPUT_INVALID', `reading ${path}: ${(cause as Error).message}`, { cause })
  })
  if (info.isDirectory()) {
    const file = (digest: string) => join(path, 'blobs/sha256', digest.slice('sha256:'.length))
    return shelf(path, await readIndex(path), { file, checked: false })
  }
  const store = await BlobStore.open(work)
  const images = await readLayoutArchive(createReadStream(path), store, () => {}, signal)
  return shelf(path, images, { file: (digest) => store.file(digest), checked: true })
}

async function readIndex(folder: string): Promise<LayoutImage[]> {
  try {
    const { manifests } = Index.parse(JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')))
    return manifests.map((descriptor) => ({
      descriptor,
      name: descriptor.annotations?.[REF_NAME] ?? descriptor.annotations?.[IMAGE_NAME],
    }))
  } catch (cause) {
    throw new IsoError('INPUT_INVALID', `${folder} is not an OCI image layout: ${(cause as Error).message}`, { cause })
  }
}

function shelf(
  path: string,
  images: readonly LayoutImage[],
  { file, checked }: { file: (digest: string) => string; checked: boolean },
): ImageShelf {
  const blob = async (digest: string, want?: number): Promise<IsoBlob> => {
    const info = await stat(file(digest)).catch((cause: unknown) => {
      throw new IsoError('IMAGE_UNUSABLE', `${path} does not hold ${digest}`, { cause })
    })
    if (want !== undefined && info.size !== want) {
      throw new IsoError('IMAGE_UNUSABLE', `${digest} in ${path} has ${info.size} bytes, want ${want}`)
    }
    return { digest, size: info.size, file: file(digest), checked }
  }
  return {
    async find(reference) {
      const { mediaType, digest, size } = named(path, images, reference)
      if (size > MAX_MANIFEST_BYTES) throw new IsoError('IMAGE_UNUSABLE', `manifest ${digest} has ${size} bytes`)
      return { digest, mediaType, bytes: await readFile((await blob(digest, size)).file) }
    },
    manifest: (_, digest) => blob(digest),
    fetch: (_, blobs) => Promise.all(blobs.map(({ digest, size }) => blob(digest, size))),
  }
}

/** Tools write the whole reference into a layout, or without registry, or the tag alone. */
function named(path: string, images: readonly LayoutImage[], reference: Reference): LayoutImage['descriptor'] {
  const { repository, tag, digest } = reference
  const found = images.filter(({ name, descriptor }) =>
    digest === undefined
      ? [formatReference(reference), formatReference({ repository, tag: tag ?? 'latest' }), tag].includes(name)
      : descriptor.digest === digest,
  )
  if (found.length === 1) return found[0]!.descriptor
  const there = images.map(({ name, descriptor }) => name ?? descriptor.digest).join(', ')
  const count = found.length === 0 ? 'no image' : `${found.length} images`
  throw new IsoError('IMAGE_UNKNOWN', `${path} holds ${count} named ${formatReference(reference)}; it has: ${there}`)
}
