import { describe, expect, it } from 'vitest'
import type { LayerFacts } from '../../../server/contract/layer-facts.ts'
import { findingsOf, packagesOf } from '../../../server/inspect/findings.ts'
import { imageDifference } from '../../../server/inspect/image-difference.ts'
import { FEDORA, imageOf, layerOf, RPM_PACKAGES } from './images.ts'

function compared(reference: string, layers: LayerFacts[], digests: string[], labels: Record<string, string> = {}) {
  const image = imageOf(layers)
  const inspection = {
    ...findingsOf(image),
    architecture: 'amd64',
    digest: `sha256:${'f'.repeat(64)}`,
    createdAt: null,
    reading: null,
    problem: null,
    layers: digests.map((digest) => ({
      digest,
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      size: 10,
      unpackedBytes: 1,
      files: 1,
      sharedWith: 0,
    })),
    labels,
    attached: [],
  }
  return { reference, inspection, packages: packagesOf(image) }
}

const [database] = RPM_PACKAGES
const newer = {
  ...database!,
  packages: [
    { name: 'bootc', version: '1.17.0-1.fc43', architecture: 'x86_64' },
    { name: 'ostree', version: '2026.1-1.fc43', architecture: 'x86_64' },
    { name: 'strace', version: '6.17-1.fc43', architecture: 'x86_64' },
  ],
}

describe('the difference of two images', () => {
  const one = compared('os/web:1', [layerOf(FEDORA, { databases: RPM_PACKAGES })], ['a', 'b', 'c'], {
    version: '1',
    gone: 'x',
  })
  const kargs = { 'usr/lib/bootc/kargs.d/10-console.toml': 'kargs = ["console=ttyS1", "quiet"]' }
  const two = compared(
    'os/web:2',
    [layerOf({ ...FEDORA, ...kargs }, { databases: [newer] })],
    ['a', 'b', 'd', 'e', 'd'],
    { version: '2' },
  )

  it('lists layers to transfer, packages, programs, kernel arguments and labels', () => {
    expect(imageDifference(one, two)).toMatchObject({
      architecture: 'amd64',
      from: { reference: 'os/web:1' },
      to: { reference: 'os/web:2' },
      layers: { shared: 2, sharedBytes: 20, added: 2, transferBytes: 20, removed: 1 },
      facts: [
        { name: 'bootc', from: '1.16.1-1.fc43', to: '1.17.0-1.fc43' },
        { name: 'bootupd', from: '0.2.31-1.fc43', to: null },
      ],
      packages: [
        { name: 'bootc.x86_64', from: '1.16.1-1.fc43', to: '1.17.0-1.fc43' },
        { name: 'bootupd.x86_64', from: '0.2.31-1.fc43', to: null },
        { name: 'strace.x86_64', from: null, to: '6.17-1.fc43' },
      ],
      kernelArguments: { added: ['console=ttyS1', 'quiet'], removed: ['console=ttyS0'] },
      labels: [
        { name: 'gone', from: 'x', to: null },
        { name: 'version', from: '1', to: '2' },
      ],
    })
  })

  it('is none between an image and itself', () => {
    const { layers, facts, packages, labels } = imageDifference(one, one)
    expect({ added: layers.added, transfer: layers.transferBytes, facts, packages, labels }).toEqual({
      added: 0,
      transfer: 0,
      facts: [],
      packages: [],
      labels: [],
    })
  })

  it('does not tell packages where one of the lists is missing', () => {
    expect(imageDifference(one, compared('os/deb:1', [layerOf(FEDORA)], ['a'])).packages).toBeNull()
  })
})
