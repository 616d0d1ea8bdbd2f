import { createHash } from 'node:crypto'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MediaError } from '../../../server/media/errors.ts'
import { checksumVerdict, implantMd5, IsoReader, readIso } from '../../../server/media/implanted-md5.ts'
import type { IsoReading } from '../../../server/media/implanted-md5.ts'
import { descriptor } from '../../helpers/fake-iso.ts'

const SECTOR = 2048
const FIELD = 32768 + 883

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-md5-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Of 2 MiB and one sector, each byte by its place. */
function image(sectors = 1025): Buffer {
  const bytes = Buffer.from(Uint8Array.from({ length: sectors * SECTOR }, (_, at) => (at * 7 + (at >> 11)) & 0xff))
  descriptor('TEST', sectors).copy(bytes, 32768)
  return bytes
}

function read(bytes: Uint8Array, pieces: (at: number) => number = () => 65_536): IsoReading {
  const reader = new IsoReader()
  for (let at = 0; at < bytes.length;) {
    const size = pieces(at)
    reader.update(bytes.subarray(at, at + size))
    at += size
  }
  return reader.finish()
}

async function implanted(bytes: Buffer): Promise<Buffer> {
  const path = join(folder, 'image.iso')
  await writeFile(path, bytes)
  await using file = await open(path, 'r+')
  await implantMd5(file)
  return readFile(path)
}

describe('the implanted checksum', () => {
  it('covers the volume without its last 15 sectors, with the field as blanks', () => {
    const bytes = image()
    const covered = Buffer.from(bytes.subarray(0, (1025 - 15) * SECTOR)).fill(' ', FIELD, FIELD + 512)
    expect(read(bytes).computed.md5).toBe(createHash('md5').update(covered).digest('hex'))
  })

  it('is written as implantisomd5 writes it', async () => {
    const field = (await implanted(image())).toString('latin1', FIELD, FIELD + 512)
    expect(field).toMatch(
      /^ISO MD5SUM = [0-9a-f]{32};SKIPSECTORS = 15;RHLISOSTATUS=0;FRAGMENT SUMS = [0-9a-f]{60};FRAGMENT COUNT = 20;THIS IS NOT THE SAME AS RUNNING MD5SUM ON THIS ISO!! +$/,
    )
  })

  it('verifies, again after implanting twice, and no longer after any change', async () => {
    const bytes = await implanted(await implanted(image()))
    expect(checksumVerdict(read(bytes))).toBe('verified')
    for (const at of [0, 32768 + 40, 40_000, 1_000_000, (1025 - 15) * SECTOR - 1]) {
      const flipped = Buffer.from(bytes)
      flipped[at]! ^= 1
      expect(checksumVerdict(read(flipped)), String(at)).toBe('wrong')
    }
  })

  it('does not cover the last sectors, nor bytes behind the volume', async () => {
    const bytes = await implanted(image())
    bytes[1025 * SECTOR - 1]! ^= 1
    expect(checksumVerdict(read(Buffer.concat([bytes, Buffer.alloc(70_000, 1)])))).toBe('verified')
  })

  it('is absent where nothing was implanted', () => {
    expect(checksumVerdict(read(image()))).toBe('absent')
  })

  it('is the same however the bytes are cut', async () => {
    const bytes = await implanted(image(100))
    const whole = read(bytes)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70_000 }), fc.integer({ min: 1, max: 999 }), (size, salt) => {
        expect(read(bytes, (at) => 500 + ((at * salt) % size))).toEqual(whole)
      }),
      { numRuns: 10 },
    )
  })
})

describe('reading an image', () => {
  it('tells the volume as soon as it came by', () => {
    const reader = new IsoReader()
    const bytes = image()
    reader.update(bytes.subarray(0, 65_535))
    expect(reader.volume).toBeUndefined()
    reader.update(bytes.subarray(65_535, 65_536))
    expect(reader.volume).toEqual({ id: 'TEST', sizeBytes: 1025 * SECTOR })
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a few bytes', Buffer.from('hello')],
    ['the system area alone', Buffer.alloc(32768)],
    ['something else', Buffer.alloc(100_000, 'x')],
    ['half a descriptor', image().subarray(0, 33_000)],
  ])('refuses %s', (_, bytes) => {
    expect(() => read(bytes)).toThrowWithCode(MediaError, 'NOT_AN_ISO')
  })

  it('refuses a descriptor that contradicts itself', () => {
    const bytes = image()
    bytes.writeUInt32LE(5, 32768 + 80)
    expect(() => read(bytes)).toThrowWithCode(MediaError, 'NOT_AN_ISO')
  })

  it('refuses an image that was cut short, and says where', async () => {
    const cut = image().subarray(0, 1_000_000)
    expect(() => read(cut)).toThrowWithCode(MediaError, 'ISO_CUT_SHORT')
    expect(() => read(cut)).toThrow('ends after 1000000 of 2099200 bytes')
  })

  it('takes any stream', async () => {
    async function* stream() {
      await Promise.resolve()
      yield image()
    }
    expect((await readIso(stream())).volume.id).toBe('TEST')
  })

  it('takes no unprintable volume ids into logs', () => {
    const bytes = image()
    bytes.write('A\x1b[31m\nB', 32768 + 40, 'latin1')
    expect(read(bytes).volume.id).toMatch(/^A_\[31m_B/)
  })
})
