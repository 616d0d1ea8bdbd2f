// Images on their way to a medium, from layouts and archives; a registry comes in test/interop/iso.test.ts.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkBlobs } from '../../../boot-assets/iso/check-blobs.ts'
import { IsoError } from '../../../boot-assets/iso/error.ts'
import { ImageDesk } from '../../../boot-assets/iso/image-desk.ts'
import { blobPath } from '../../images/layout.ts'
import { corruptFile } from '../../images/tampered.ts'
import { writeTinyImage } from '../../images/tiny-image.ts'
import type { TinyImageOptions } from '../../images/tiny-image.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'desk-'))
})
afterEach(() => rm(folder, { recursive: true }))

const BOOTABLE = { 'containers.bootc': '1' }

async function desk(options: TinyImageOptions = { labels: BOOTABLE }) {
  const layout = join(folder, 'layout')
  const image = await writeTinyImage(layout, options)
  return { desk: new ImageDesk({ work: folder, layout }), layout, image }
}

describe('an image of a layout', () => {
  it('is taken whole, once, whatever it is called in there', async () => {
    const { desk: one, image } = await desk()
    const taken = await one.image('registry.example/landfall/tiny:1')
    expect(taken.order).toEqual({
      repository: 'landfall/tiny',
      digest: image.descriptor.digest,
      targetReference: 'registry.example/landfall/tiny:1',
    })
    // Manifest, configuration, three layers.
    expect(taken.blobs).toHaveLength(5)
    expect(await one.image('registry.example/landfall/tiny:1')).toBe(taken)
    await checkBlobs(taken.blobs)
  })

  it('follows what it is told to', async () => {
    const { desk: one } = await desk()
    const { order } = await one.image('landfall/tiny:1', 'registry.example/os/other:2')
    expect(order.targetReference).toBe('registry.example/os/other:2')
    await expect(one.image('landfall/tiny:1')).rejects.toThrowWithCode(IsoError, 'INPUT_INVALID')
  })

  it.each<[string, TinyImageOptions, string, IsoError['code']]>([
    ['another name', { labels: BOOTABLE }, 'r.example/landfall/tiny:2', 'IMAGE_UNKNOWN'],
    ['no label of a bootable image', {}, 'r.example/landfall/tiny:1', 'IMAGE_UNUSABLE'],
    [
      'another architecture',
      { labels: BOOTABLE, architecture: 'arm64' },
      'r.example/landfall/tiny:1',
      'IMAGE_UNUSABLE',
    ],
  ])('is refused with %s', async (_, options, reference, code) => {
    const { desk: one } = await desk(options)
    await expect(one.image(reference)).rejects.toThrowWithCode(IsoError, code)
  })

  it('is refused when a layer is not what its name says', async () => {
    const { desk: one, layout } = await desk()
    const { blobs } = await one.image('r.example/landfall/tiny:1')
    await corruptFile(blobPath(layout, blobs.at(-1)!.digest))
    await expect(checkBlobs(blobs)).rejects.toThrowWithCode(IsoError, 'IMAGE_UNUSABLE')
  })

  it('is refused when a layer is missing', async () => {
    const { desk: one, layout, image } = await desk()
    await rm(blobPath(layout, image.manifest.layers[0]!.digest))
    await expect(one.image('r.example/landfall/tiny:1')).rejects.toThrowWithCode(IsoError, 'IMAGE_UNUSABLE')
  })
})

it('says so when a layout is none', async () => {
  const none = new ImageDesk({ work: folder, layout: folder })
  await expect(none.image('r.example/os/web:1')).rejects.toThrowWithCode(IsoError, 'INPUT_INVALID')
})
