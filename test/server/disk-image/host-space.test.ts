import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DiskImageError } from '../../../server/disk-image/errors.ts'
import { hostSpace, requireHostSpace } from '../../../server/disk-image/host-space.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30
const gzip = (size: number) => ({ size, mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' })
const plain = (size: number) => ({ size, mediaType: 'application/vnd.oci.image.layer.v1.tar' })

describe('the space a build takes of its host', () => {
  it.each([
    ['layers unpacked', [gzip(GIB)], 'raw', { image: GIB, disk: 2.5 * GIB + 256 * MIB, converted: 0 }],
    ['plain layers as they are', [plain(GIB)], 'raw', { image: GIB, disk: GIB + 256 * MIB, converted: 0 }],
    ['the converted file as well', [plain(GIB)], 'qcow2', { image: GIB, disk: 1.25 * GIB, converted: 1.25 * GIB }],
    ['never more than the disk has', [gzip(8 * GIB)], 'vhd', { image: 8 * GIB, disk: 10 * GIB, converted: 10 * GIB }],
  ] as const)('counts %s', (_, layers, format, bytes) => {
    expect(hostSpace({ layers, size: 10 * GIB, format })).toEqual(bytes)
  })
})

describe('requireHostSpace', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'host-space-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('refuses with the figures and a next step, and writes nothing', async () => {
    const wish = { layers: [gzip(2 ** 50)], size: 2 ** 51, format: 'qcow2' } as const
    const refused = requireHostSpace(join(folder, 'a.qcow2'), wish)
    await expect(refused).rejects.toThrowWithCode(DiskImageError, 'NO_SPACE')
    await expect(refused).rejects.toMatchObject({
      message: expect.stringMatching(
        /a\.qcow2: it needs .+ are free there: .+ for the image, about .+ as much for the qcow2/,
      ),
      hint: expect.stringContaining('--file'),
    })
    expect(await readdir(folder)).toEqual([])
  })

  it('is content with what fits', async () => {
    await expect(
      requireHostSpace(join(folder, 'a.raw'), { layers: [], size: MIB, format: 'raw' }),
    ).resolves.toBeUndefined()
  })
})
