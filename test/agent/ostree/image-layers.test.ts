import { describe, expect, it } from 'vitest'
import { OstreeError } from '../../../boot-assets/agent/ostree/errors.ts'
import { imageLayers } from '../../../boot-assets/agent/ostree/image-layers.ts'
import type { ImageConfig, Manifest } from '../../../server/oci/manifest.ts'

const sum = (digit: number): string => `sha256:${String(digit).repeat(64)}`

/** An image whose layers have these digests; diff-ids are their positions. */
function image(digests: readonly number[], final?: string): [Manifest, ImageConfig] {
  const descriptor = { mediaType: 'application/vnd.oci.image.layer.v1.tar', size: 1 }
  const labels: Record<string, string> = final === undefined ? {} : { 'ostree.final-diffid': final }
  return [
    {
      schemaVersion: 2,
      config: { ...descriptor, digest: sum(9) },
      layers: digests.map((digit) => ({ ...descriptor, digest: sum(digit) })),
    },
    {
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: labels },
      rootfs: { type: 'layers', diff_ids: digests.map((_, index) => sum(index)) },
    },
  ]
}

describe('the layers of an image', () => {
  it.each<[string, number[], string | undefined, string[]]>([
    ['plain', [1, 2], undefined, ['derived', 'derived']],
    ['chunked', [1, 2, 3], sum(2), ['commit', 'chunk', 'chunk']],
    ['chunked, with layers on top', [1, 2, 3], sum(1), ['commit', 'chunk', 'derived']],
    ['an embedded commit in one layer', [1, 2], sum(0), ['commit', 'derived']],
    // NB: a layer on top may come twice; empty ones do.
    ['a layer twice on top', [1, 2, 2], sum(0), ['commit', 'derived', 'derived']],
  ])('%s', (_, digests, final, roles) => {
    expect(imageLayers(...image(digests, final)).map(({ role }) => role)).toEqual(roles)
  })

  it.each<[string, [Manifest, ImageConfig], RegExp]>([
    ['no layers', image([]), /no layers/],
    ['a label that names none of them', image([1], sum(7)), /none of its layers/],
    ['the last layer of the commit twice', image([1, 2, 2], sum(1)), /more than once/],
    ['fewer diff-ids than layers', [image([1, 2])[0], image([1])[1]], /2 layers but 1 diff-ids/],
  ])('refuses %s', (_, [manifest, config], message) => {
    const read = () => imageLayers(manifest, config)
    expect(read).toThrowWithCode(OstreeError, 'IMAGE_INVALID')
    expect(read).toThrow(message)
  })
})
