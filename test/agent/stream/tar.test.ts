import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StreamError } from '../../../boot-assets/agent/stream/errors.ts'
import { TarReader } from '../../../boot-assets/agent/stream/tar.ts'
import type { TarEntry } from '../../../boot-assets/agent/stream/tar.ts'
import { header, meta, paxRecord, sign, writeEntry, writeTar } from './tar-writer.ts'
import type { Entry } from './tar-writer.ts'

type Read = TarEntry & { content: string }

/** Reads an archive in chunks of a size. */
function read(archive: Buffer, chunkSize = archive.length): Read[] {
  const entries: Read[] = []
  let content: Buffer[] = []
  const reader = new TarReader({
    entry(entry) {
      entries.push({ ...entry, content: '' })
      content = []
    },
    data: (chunk) => void content.push(Buffer.from(chunk)),
    entryEnd: () => void (entries.at(-1)!.content = Buffer.concat(content).toString('latin1')),
  })
  for (let at = 0; at < archive.length; at += Math.max(1, chunkSize)) reader.push(archive.subarray(at, at + chunkSize))
  reader.end()
  return entries
}

describe('reading tar', () => {
  it('reads every kind of entry', () => {
    const [file, directory, symlink, hardlink, device] = read(
      writeTar([
        { path: 'a/file', content: 'content', mode: 0o4755, uid: 1000, gid: 2_000_000_000, mtime: 1234 },
        { path: 'a/', type: 'directory', mode: 0o1777 },
        { path: 'a/link', type: 'symlink', target: '../elsewhere' },
        { path: 'a/same', type: 'hardlink', target: 'a/file' },
        { path: 'dev/null', type: 'device' },
      ]),
    )
    expect(file).toEqual({
      type: 'file',
      path: 'a/file',
      target: '',
      mode: 0o4755,
      uid: 1000,
      gid: 2_000_000_000,
      size: 7,
      mtime: 1234,
      xattrs: [],
      content: 'content',
    })
    expect(directory).toMatchObject({ type: 'directory', path: 'a/', mode: 0o1777 })
    expect(symlink).toMatchObject({ type: 'symlink', target: '../elsewhere' })
    expect(hardlink).toMatchObject({ type: 'hardlink', target: 'a/file' })
    expect(device).toMatchObject({ type: 'device' })
  })

  it.each(['pax', 'gnu'] as const)('reads long and non-ASCII names (%s)', (format) => {
    const path = `${'größe/'.repeat(60)}日本`
    const [entry] = read(writeTar([{ path, type: 'symlink', target: 'é'.repeat(300) }], format))
    expect(entry).toMatchObject({ path, target: 'é'.repeat(300) })
  })

  it('joins the prefix of ustar, but not what GNU puts in its place', () => {
    const block = header({ path: 'name' }, '0', 0)
    block.write('some/prefix', 345)
    expect(read(sign(block))[0]!.path).toBe('some/prefix/name')
    block.write('ustar  \0', 257)
    expect(read(sign(block))[0]!.path).toBe('name')
  })

  it('keeps xattr values byte for byte, line feeds and broken UTF-8 included', () => {
    const value = Buffer.from([0, 10, 0x3d, 0xff, 0xfe, 32, 0xc3])
    const [entry] = read(
      writeTar([{ path: 'f', xattrs: { 'security.capability': value, 'user.none': Buffer.alloc(0) } }]),
    )
    // An empty PAX value means no record; libostree could not verify an empty xattr either.
    expect(entry!.xattrs).toEqual([{ name: 'security.capability', value }])
  })

  it('takes sizes and owners from PAX records over those of the header', () => {
    const pax = meta('x', Buffer.concat([record('size', '3'), record('uid', '3000000000'), record('mtime', '12.75')]))
    const [entry] = read(Buffer.concat([pax, header({ path: 'f' }, '0', 0), Buffer.from('abc'.padEnd(512, '\0'))]))
    expect(entry).toMatchObject({ size: 3, uid: 3_000_000_000, mtime: 12, content: 'abc' })
  })

  it('ignores global headers and the size of links', () => {
    const global = meta('g', record('comment', 'x'))
    const entries = read(
      Buffer.concat([global, header({ path: 'l', target: 'f' }, '1', 700), writeTar([{ path: 'f' }])]),
    )
    expect(entries.map(({ path, size }) => [path, size])).toEqual([
      ['l', 0],
      ['f', 0],
    ])
  })

  it('takes a file name that ends in a slash for a directory', () => {
    expect(read(sign(header({ path: 'old/' }, '\0', 0)))[0]!.type).toBe('directory')
  })

  it('accepts an empty archive and one without an end marker', () => {
    expect(read(Buffer.alloc(0))).toEqual([])
    expect(read(writeEntry({ path: 'f', content: 'x' }))).toHaveLength(1)
  })

  it('reads the same whatever the chunks', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 150 })
      .filter((text) => !/[\0/]/.test(text) && text.isWellFormed())
    const entry: fc.Arbitrary<Entry> = fc.record({
      path: name,
      content: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
      mode: fc.integer({ min: 0, max: 0o7777 }),
      uid: fc.nat(0xffffffff),
    })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), fc.integer({ min: 1, max: 1500 }), (entries, chunkSize) => {
        const archive = writeTar(entries)
        const got = read(archive, chunkSize)
        expect(got).toEqual(read(archive))
        expect(got.map(({ path, mode, uid, content }) => ({ path, mode, uid, content }))).toEqual(
          entries.map((e) => ({
            path: e.path,
            mode: e.mode,
            uid: e.uid,
            content: (e.content as Buffer).toString('latin1'),
          })),
        )
      }),
      { numRuns: 60 },
    )
  })
})

describe('refusing tar', () => {
  const good = writeTar([{ path: 'file', content: 'x'.repeat(600) }])
  const patched = (offset: number, bytes: string): Buffer => {
    const block = header({ path: 'f' }, '0', 0)
    block.write(bytes, offset, 'latin1')
    return sign(block)
  }

  it.each([
    ['content cut off', 'TAR_TRUNCATED', good.subarray(0, 700)],
    ['padding cut off', 'TAR_TRUNCATED', good.subarray(0, 512 + 600)],
    ['header cut off', 'TAR_TRUNCATED', good.subarray(0, 300)],
    ['PAX header with nothing after it', 'TAR_TRUNCATED', meta('x', record('path', 'f'))],
    ['wrong checksum', 'TAR_INVALID', Buffer.concat([Buffer.from('F'), good.subarray(1)])],
    ['not tar at all', 'TAR_INVALID', Buffer.alloc(1024, 'no')],
    ['size not a number', 'TAR_INVALID', patched(124, '12x45678901\0')],
    ['negative size', 'TAR_INVALID', patched(124, '\xff'.repeat(12))],
    ['size beyond 2^53', 'TAR_INVALID', patched(124, '\x80\x00\x00\x00\xff'.padEnd(12, '\xff'))],
    ['owner beyond 32 bits', 'TAR_INVALID', patched(108, '\x80\x00\x00\x01\x00\x00\x00\x00')],
    ['name not UTF-8', 'TAR_INVALID', patched(0, 'a\xff')],
    [
      'NUL in a PAX path',
      'TAR_INVALID',
      Buffer.concat([meta('x', record('path', 'a\0b')), header({ path: 'f' }, '0', 0)]),
    ],
    ['PAX length too large', 'TAR_INVALID', meta('x', Buffer.from('999 path=f\n'))],
    ['PAX length zero', 'TAR_INVALID', meta('x', Buffer.from('0 path=f\n'))],
    ['PAX length missing', 'TAR_INVALID', meta('x', Buffer.from('path=f\n'))],
    ['PAX without key', 'TAR_INVALID', meta('x', Buffer.from('5 =f\n'))],
    ['PAX without equals sign', 'TAR_INVALID', meta('x', Buffer.from('6 key\n'))],
    ['PAX header of 2 MiB', 'TAR_LIMIT', header({ path: 'x' }, 'x', 2 ** 21)],
    ['GNU name of 8 GiB', 'TAR_LIMIT', header({ path: 'x' }, 'L', 2 ** 33)],
    ['GNU sparse file', 'TAR_UNSUPPORTED', header({ path: 'x' }, 'S', 0)],
    ['PAX sparse file', 'TAR_UNSUPPORTED', Buffer.concat([meta('x', record('GNU.sparse.major', '1')), good])],
    ['multi-volume archive', 'TAR_UNSUPPORTED', header({ path: 'x' }, 'M', 0)],
  ])('%s', (_, code, archive) => {
    expect(() => read(archive)).toThrowWithCode(StreamError, code)
  })

  it('never fails otherwise, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
        const archive = Buffer.from(good)
        for (const [at, byte] of changes) archive[at] = byte
        try {
          read(archive)
        } catch (error) {
          expect(error).toBeInstanceOf(StreamError)
        }
      }),
    )
  })
})

function record(key: string, value: string): Buffer {
  return paxRecord(key, Buffer.from(value))
}
