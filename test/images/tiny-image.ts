// A container image that is made in milliseconds and boots nothing: for tests of import, pull and registry.
import { addImage, addLayer, createLayout, readImage } from './layout.ts'
import type { Compression, Image, Layer } from './layout.ts'
import { directory, file, hardlink, symlink, tar } from './tar.ts'
import type { TarEntry } from './tar.ts'

/** 2025-01-01: a fixed time makes the digests the same in every run. */
const CREATED = 1_735_689_600

export interface TinyImageOptions {
  repository?: string
  tag?: string
  /** Lowest first. Default: `TINY_LAYERS`. */
  layers?: readonly { entries: readonly TarEntry[]; compression: Compression }[]
  /** Default: none, so that the image is not a bootable one. */
  labels?: Record<string, string>
  annotations?: Record<string, string>
  /** As in OCI: `amd64`, `arm64`. */
  architecture?: string
}

/** Three layers, one of each compression; the last one removes a file of the first. */
export const TINY_LAYERS: NonNullable<TinyImageOptions['layers']> = [
  {
    compression: 'gzip',
    entries: [
      directory('etc'),
      file('etc/os-release', 'ID=tiny\nPRETTY_NAME="Tiny"\n'),
      directory('usr'),
      directory('usr/bin'),
      file('usr/bin/tiny', '#!/bin/sh\necho tiny\n', { mode: 0o755 }),
      hardlink('usr/bin/tiny-too', 'usr/bin/tiny'),
      file('usr/bin/removed', 'x'),
    ],
  },
  {
    compression: 'zstd',
    entries: [
      directory('usr/share'),
      file('usr/share/größe', 'UTF-8\n'),
      file('usr/share/zeros', Buffer.alloc(100_000)),
      symlink('usr/share/link', '../bin/tiny'),
    ],
  },
  { compression: 'none', entries: [file('usr/bin/.wh.removed', ''), file('usr/share/last', 'last\n')] },
]

/**
 * Writes an OCI image layout with one image into `dir`, which is created; what was in an older layout there is forgotten. Same
 * options, same digests.
 */
export async function writeTinyImage(
  dir: string,
  {
    repository = 'landfall/tiny',
    tag = '1',
    layers = TINY_LAYERS,
    labels,
    annotations,
    architecture,
  }: TinyImageOptions = {},
): Promise<Image> {
  await createLayout(dir)
  const stored: Layer[] = []
  for (const { entries, compression } of layers) {
    stored.push(await addLayer(dir, tar(entries, { mtime: CREATED }), { compression, createdBy: 'tiny' }))
  }
  await addImage(dir, {
    repository,
    tag,
    layers: stored,
    created: CREATED,
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(architecture !== undefined && { architecture }),
  })
  return await readImage(dir, tag)
}
