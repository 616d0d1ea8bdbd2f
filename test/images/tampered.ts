// Images whose bytes are not what their digests promise, to test that nothing of them is installed.
import { createHash } from 'node:crypto'
import { copyFile, open } from 'node:fs/promises'
import { blobPath, readImage, repositoryOf, tagManifest } from './layout.ts'

/** Changes one byte in the middle of a file: same length, another digest. The file must be no hard link of a good one. */
export async function corruptFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    const { size } = await handle.stat()
    if (size === 0) throw new Error(`corrupting ${path}: it is empty`)
    const position = Math.floor(size / 2)
    const byte = Buffer.alloc(1)
    await handle.read(byte, 0, 1, position)
    await handle.write(Buffer.from([byte[0]! ^ 0xff]), 0, 1, position)
  } finally {
    await handle.close()
  }
}

/**
 * Adds an image to the layout under `toTag` that is the one tagged `tag` but for one layer: its blob has the promised length and
 * lies under the promised digest, and hashes to another. The image tagged `tag` stays good. `layer` is an index, negative from
 * the end; the default is the largest. The layout is changed: give it a copy (`copyLayout`) of one that others use.
 */
export async function tamperLayer(
  layout: string,
  tag: string,
  toTag: string,
  layer?: number,
): Promise<{ digest: string; layerDigest: string }> {
  const image = await readImage(layout, tag)
  const { layers } = image.manifest
  const victim = layer === undefined ? layers.toSorted((a, b) => b.size - a.size)[0] : layers.at(layer)
  if (victim === undefined)
    throw new Error(`tampering with layer ${layer} of ${layout}:${tag}: it has ${layers.length}`)
  const layerDigest = `sha256:${createHash('sha256').update(`tampered ${victim.digest}`).digest('hex')}`
  await copyFile(blobPath(layout, victim.digest), blobPath(layout, layerDigest))
  await corruptFile(blobPath(layout, layerDigest))
  const manifest = {
    ...image.manifest,
    layers: layers.map((descriptor) => (descriptor === victim ? { ...descriptor, digest: layerDigest } : descriptor)),
  }
  const { digest } = await tagManifest(layout, manifest, {
    repository: repositoryOf(image),
    tag: toTag,
    architecture: image.config.architecture,
  })
  return { digest, layerDigest }
}
