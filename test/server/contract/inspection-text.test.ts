import { describe, expect, it } from 'vitest'
import type { PlatformInspection } from '../../../server/contract/image-inspection.ts'
import { changeText, findingRows, readingText } from '../../../server/contract/inspection-text.ts'

const image: PlatformInspection = {
  kind: 'derived',
  bootable: true,
  engine: 'ostree',
  os: { id: 'fedora', name: 'Fedora Linux 43', version: null },
  kernels: [{ version: '6.17', initramfs: false }],
  bootc: { present: true, version: '1.16' },
  ostree: { present: true, version: null },
  bootupd: { present: false, version: null },
  bootloader: { kind: 'bootupd', uefi: true, bios: false, secureBoot: true },
  selinux: null,
  rootFilesystem: null,
  kernelArguments: [],
  packages: null,
  size: 2000,
  unpackedBytes: 5000,
  entries: { files: 7, directories: 1, links: 0, removals: 0 },
  architecture: 'amd64',
  digest: `sha256:${'a'.repeat(64)}`,
  createdAt: null,
  reading: null,
  problem: null,
  layers: [
    { digest: `sha256:${'b'.repeat(64)}`, mediaType: 'x', size: 1500, unpackedBytes: 1, files: 1, sharedWith: 2 },
    { digest: `sha256:${'c'.repeat(64)}`, mediaType: 'x', size: 500, unpackedBytes: 1, files: 1, sharedWith: 0 },
  ],
  labels: {},
  attached: [],
}

describe('findings in words', () => {
  it('leaves out what is not known, and says what is not there', () => {
    expect(findingRows(image)).toEqual([
      ['System', 'Fedora Linux 43'],
      ['Kernel', '6.17 (no initramfs)'],
      ['bootc', '1.16'],
      ['ostree', 'yes'],
      ['bootupd', 'no'],
      ['Boot loader', 'bootupd, for UEFI, Secure Boot'],
      ['Engine', 'ostree'],
      ['SELinux', 'no policy'],
      ['Packages', 'no list of them found'],
      ['Layers', '2, chunked, with layers of its own on top'],
      ['Size', '2 kB, unpacked 5 kB in 7 files'],
      ['Shared', '1 layers (1.5 kB) with other images'],
    ])
  })

  it('tells how reading goes, and a problem before anything else', () => {
    const reading = { layers: 3, totalLayers: 67, bytes: 1, totalBytes: 2 }
    expect(readingText({ reading: null, problem: null })).toBe('fit for a disk')
    expect(readingText({ reading, problem: null })).toBe('reading: 3 of 67 layers')
    const problem = { code: 'LAYER_BOMB', message: 'it grows', hint: '' }
    expect(readingText({ reading, problem })).toBe('must not be installed: it grows (LAYER_BOMB)')
  })

  it.each([
    [null, '5.2', 'bash 5.2 added'],
    ['5.1', null, 'bash 5.1 removed'],
    ['5.1', '5.2', 'bash 5.1 -> 5.2'],
  ])('tells a change from %s to %s', (from, to, text) => {
    expect(changeText({ name: 'bash', from, to })).toBe(text)
  })
})
