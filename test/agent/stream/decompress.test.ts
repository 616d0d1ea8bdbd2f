import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decompress, layerCompression } from '../../../boot-assets/agent/stream/decompress.ts'
import { StreamError } from '../../../boot-assets/agent/stream/errors.ts'
import { writeTar } from './tar-writer.ts'

const noise = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 0xff))
const tar = writeTar([
  { path: 'noise', content: noise },
  { path: 'text', content: 'text '.repeat(50_000) },
])

async function* chunked(bytes: Buffer, size = 10_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function unpack(bytes: Buffer, declared: 'gzip' | 'zstd' | 'none' = 'none', size?: number): Promise<Buffer> {
  const out: Buffer[] = []
  for await (const chunk of decompress(chunked(bytes, size), declared)) out.push(Buffer.from(chunk))
  return Buffer.concat(out)
}

function skippable(content: Buffer, kind = 0): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(0x184d2a50 + kind)
  head.writeUInt32LE(content.length, 4)
  return Buffer.concat([head, content])
}

describe('decompressing layers', () => {
  it.each([
    ['gzip', gzipSync(tar)],
    ['gzip in several members', Buffer.concat([gzipSync(tar.subarray(0, 999)), gzipSync(tar.subarray(999))])],
    ['gzip with zeros behind', Buffer.concat([gzipSync(tar), Buffer.alloc(100_000)])],
    ['zstd', zstdCompressSync(tar)],
    ['plain', tar],
  ])('knows %s by its bytes, whatever the media type', async (_, bytes) => {
    for (const declared of ['gzip', 'zstd', 'none'] as const)
      expect((await unpack(bytes, declared)).equals(tar)).toBe(true)
  })

  it('reads zstd:chunked: a frame for each file, skippable frames between and behind', async () => {
    const parts = [0, 512, 600, 300_000, 300_001, tar.length].map((start, index, all) =>
      tar.subarray(start, all[index + 1]),
    )
    const frames = parts.flatMap((part, index) => [
      zstdCompressSync(part),
      skippable(Buffer.alloc(index * 7, 0x28), index),
    ])
    const bytes = Buffer.concat([...frames, skippable(Buffer.alloc(300_000))])
    for (const size of [3, 1000, bytes.length]) expect((await unpack(bytes, 'zstd', size)).equals(tar)).toBe(true)
  })

  it('streams a small frame with large content', async () => {
    const zeros = Buffer.alloc(30_000_000)
    expect((await unpack(zstdCompressSync(zeros), 'zstd')).equals(zeros)).toBe(true)
  })

  it('reads any cut of any frames', async () => {
    const frame = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes))
    await fc.assert(
      fc.asyncProperty(
        fc.array(frame, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 700 }),
        async (frames, size) => {
          const bytes = Buffer.concat(frames.map((content) => zstdCompressSync(content)))
          expect((await unpack(bytes, 'zstd', size)).equals(Buffer.concat(frames))).toBe(true)
        },
      ),
      { numRuns: 40 },
    )
  })

  it.each([
    ['gzip cut off', gzipSync(tar).subarray(0, 5000)],
    ['gzip damaged', damaged(gzipSync(tar))],
    ['zstd cut off', zstdCompressSync(tar).subarray(0, 5000)],
    ['zstd cut off in a small frame', zstdCompressSync(Buffer.from('small')).subarray(0, 8)],
    ['zstd with something else behind', Buffer.concat([zstdCompressSync(tar), Buffer.from('garbage')])],
  ])('refuses %s', async (_, bytes) => {
    await expect(unpack(bytes)).rejects.toThrowWithCode(StreamError, 'COMPRESSION_INVALID')
  })

  it('passes on what its source throws', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield gzipSync(tar).subarray(0, 5000)
      throw new StreamError('FETCH_FAILED', 'gone')
    }
    const all = async (): Promise<void> => {
      for await (const _ of decompress(broken(), 'gzip'));
    }
    await expect(all()).rejects.toThrowWithCode(StreamError, 'FETCH_FAILED')
  })

  it('refuses media types that are no layers', () => {
    expect(layerCompression('application/vnd.oci.image.layer.v1.tar+zstd')).toBe('zstd')
    expect(() => layerCompression('application/json')).toThrowWithCode(StreamError, 'COMPRESSION_UNSUPPORTED')
  })
})

function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy.fill(0xff, 3000, 3100)
  return copy
}
