import { describe, expect, it } from 'vitest'
import { DiskLayout } from '../../../server/contract/spec-disks.ts'
import { diskSize, requireRoomFor } from '../../../server/disk-image/disk-size.ts'
import { DiskImageError } from '../../../server/disk-image/errors.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30
const layout = DiskLayout.parse({})
/** ESP, /boot, the BIOS boot partition and both ends of the disk. */
const BESIDE_ROOT = (512 + 1024 + 1 + 1 + 1) * MIB

describe('diskSize', () => {
  it.each([
    ['10 GiB by default', {}, 10 * GIB],
    ['what was asked for', { size: '20GiB' }, 20 * GIB],
    ['whole MiB', { size: `${4 * GIB + 1}` }, 4 * GIB + MIB],
    ['more than the default where root wants it', { minRootSize: 12 * GIB }, 12 * GIB + BESIDE_ROOT],
    ['or the disk', { minDiskSize: 30 * GIB }, 30 * GIB],
    ['the default where they want less', { minRootSize: GIB, minDiskSize: GIB }, 10 * GIB],
    ['the smallest there is', { size: `${2 * GIB + BESIDE_ROOT}` }, 2 * GIB + BESIDE_ROOT],
  ])('is %s', (_, wish, bytes) => {
    expect(diskSize({ size: undefined, layout, ...wish })).toBe(bytes)
  })

  it.each([
    ['SIZE_INVALID', { size: 'large' }],
    ['SIZE_INVALID', { size: '-1' }],
    ['SIZE_TOO_SMALL', { size: '0' }],
    ['SIZE_TOO_SMALL', { size: `${2 * GIB + BESIDE_ROOT - 1}` }],
    ['SIZE_TOO_SMALL', { size: '10GiB', minRootSize: 10 * GIB }],
    ['SIZE_TOO_SMALL', { size: '10GiB', minDiskSize: 10 * GIB + 1 }],
  ])('refuses with %s: %j', (code, wish) => {
    expect(() => diskSize({ layout, ...wish })).toThrowWithCode(DiskImageError, code)
  })

  it('names the size that would do, and that one does', () => {
    try {
      diskSize({ size: '1MiB', layout })
    } catch (error) {
      const [size] = /\d+MiB/.exec((error as DiskImageError).hint ?? '') ?? []
      expect(diskSize({ size, layout })).toBe(2 * GIB + BESIDE_ROOT)
    }
    expect.assertions(1)
  })
})

describe('requireRoomFor', () => {
  it('refuses an image whose packed layers already fill the root', () => {
    expect(() => requireRoomFor(3 * GIB, 4 * GIB, layout)).toThrowWithCode(DiskImageError, 'SIZE_TOO_SMALL')
    expect(() => requireRoomFor(2 * GIB, 4 * GIB, layout)).not.toThrow()
  })
})
