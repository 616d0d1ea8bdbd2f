import { describe, expect, it } from 'vitest'
import type { FitCheck, PlatformInspection } from '../../../server/contract/image-inspection.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { findingsOf } from '../../../server/inspect/findings.ts'
import { imageFit, worstOf } from '../../../server/inspect/image-fit.ts'
import type { FitQuestion } from '../../../server/inspect/image-fit.ts'
import { disk, facts } from '../../agent/examples.ts'
import { FEDORA, imageOf, layerOf } from './images.ts'

const GIB = 2 ** 30

function inspection(
  files: Record<string, string> = FEDORA,
  change: Partial<PlatformInspection> = {},
): PlatformInspection {
  const image = imageOf([layerOf(files, { unpackedBytes: 2 * GIB })])
  return {
    ...findingsOf(image),
    architecture: 'amd64',
    digest: image.manifest.layers[0]!.digest,
    createdAt: null,
    reading: null,
    problem: null,
    layers: image.manifest.layers.map((layer) => ({ ...layer, unpackedBytes: 2 * GIB, files: 1, sharedWith: 0 })),
    labels: {},
    attached: [],
    ...change,
  }
}

const spec = (value: object = {}) => MachineSpec.parse(value)
const without = (pattern: RegExp) => Object.fromEntries(Object.entries(FEDORA).filter(([path]) => !pattern.test(path)))

function ask(change: Partial<FitQuestion> = {}): FitCheck[] {
  return imageFit({ image: inspection(), trust: null, architecture: 'amd64', facts, spec: spec(), ...change })
}

const resultOf = (checks: FitCheck[], name: FitCheck['name']) => checks.find((check) => check.name === name)

describe('whether an image can start a machine', () => {
  it('is yes, check by check', () => {
    const checks = ask()
    expect(checks.filter(({ result }) => result !== 'ok')).toEqual([])
    expect(checks.map(({ name }) => name)).toEqual([
      'contents',
      'architecture',
      'kernel',
      'engine',
      'firmware',
      'secure-boot',
      'disk',
    ])
    expect(worstOf(checks)).toBe('ok')
  })

  const uefi = { ...facts, firmware: 'uefi' as const, secureBoot: true }
  const bios = { ...facts, firmware: 'bios' as const, secureBoot: false }
  const small = { ...facts, disks: [{ ...disk, size: 6 * GIB }] }
  it.each<[string, FitCheck['name'], FitCheck['result'], Partial<FitQuestion>]>([
    ['an image for another architecture', 'architecture', 'refused', { image: undefined, architecture: 'arm64' }],
    [
      'a layer that must not reach a disk',
      'contents',
      'refused',
      { image: inspection(FEDORA, { problem: { code: 'LAYER_BOMB', message: 'it grows', hint: '' } }) },
    ],
    [
      'layers that are not read yet',
      'contents',
      'unknown',
      {
        image: inspection(FEDORA, {
          reading: { layers: 1, totalLayers: 2, bytes: 1, totalBytes: 2 },
          unpackedBytes: 1,
        }),
      },
    ],
    ['an image without a label', 'kernel', 'refused', { image: inspection(FEDORA, { bootable: false }) }],
    ['an image without a kernel', 'kernel', 'refused', { image: inspection(without(/vmlinuz/)) }],
    ['a kernel without initramfs', 'kernel', 'refused', { image: inspection(without(/initramfs/)) }],
    [
      'two kernels',
      'kernel',
      'refused',
      {
        image: inspection({ ...FEDORA, 'usr/lib/modules/6.18/vmlinuz': '', 'usr/lib/modules/6.18/initramfs.img': '' }),
      },
    ],
    ['an image without ostree', 'engine', 'refused', { image: inspection(without(/ostree$/)) }],
    [
      'engine bootc without bootc',
      'engine',
      'refused',
      { image: inspection(without(/bin\/bootc$/)), spec: spec({ engine: 'bootc' }) },
    ],
    [
      'engine bootc and a mirror',
      'engine',
      'refused',
      { spec: spec({ engine: 'bootc', disks: { encryption: { passphrase: 'long enough' } } }) },
    ],
    [
      'malformed kernel arguments',
      'engine',
      'refused',
      { image: inspection({ ...FEDORA, 'usr/lib/bootc/kargs.d/9.toml': 'kargs = 1' }) },
    ],
    ['an image without a boot loader', 'firmware', 'refused', { image: inspection(without(/boot(upd|upctl)/)) }],
    [
      'an image for UEFI only, on a BIOS',
      'firmware',
      'refused',
      { image: inspection(without(/BIOS\.json/)), facts: bios },
    ],
    [
      'an unsigned image under Secure Boot',
      'secure-boot',
      'refused',
      { image: inspection(without(/shim/)), facts: uefi },
    ],
    [
      'a disk that is too small',
      'disk',
      'refused',
      { image: inspection(FEDORA, { unpackedBytes: 8 * GIB }), facts: small },
    ],
    [
      'a disk without room for an upgrade',
      'disk',
      'warning',
      {
        image: inspection(FEDORA, { unpackedBytes: 4 * GIB }),
        facts: { ...facts, disks: [{ ...disk, size: 8 * GIB }] },
      },
    ],
    ['no disk at all', 'disk', 'refused', { facts: { ...facts, disks: [] } }],
    ['a machine that has not told yet', 'disk', 'unknown', { facts: null }],
    ['a machine that has not told its firmware', 'firmware', 'unknown', { facts: null }],
    [
      'engine bootc, and neither memory nor disk that holds the image',
      'memory',
      'refused',
      {
        image: inspection(FEDORA, { unpackedBytes: 4 * GIB }),
        spec: spec({ engine: 'bootc' }),
        facts: { ...facts, memoryBytes: GIB, disks: [{ ...disk, size: 8 * GIB }] },
      },
    ],
  ])('is told of %s', (_, name, result, change) => {
    const checks = ask(change)
    expect(resultOf(checks, name)).toMatchObject({ result, message: expect.stringMatching(/\S/) })
    expect(worstOf(checks)).toBe(result)
  })

  it('has the disk hold what memory cannot', () => {
    const checks = ask({ spec: spec({ engine: 'bootc' }), facts: { ...facts, memoryBytes: GIB } })
    const message = expect.stringContaining('unpacks the image at the end of the disk')
    expect(resultOf(checks, 'memory')).toMatchObject({ result: 'ok', message })
    const withoutDisk = ask({ spec: spec({ engine: 'bootc' }), facts: { ...facts, memoryBytes: GIB, disks: [] } })
    expect(resultOf(withoutDisk, 'memory')).toMatchObject({ result: 'unknown' })
  })

  it('says nothing of engine and memory where Anaconda installs', () => {
    const checks = ask({ spec: spec({ installer: 'anaconda' }) })
    expect(resultOf(checks, 'engine')).toBeUndefined()
  })
})
