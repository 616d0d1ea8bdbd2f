import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readLayer } from '../../../server/inspect/layer-reader.ts'
import { digestOf } from '../../../server/oci/verify.ts'
import { writeEntry, writeTar } from '../../agent/stream/tar-writer.ts'
import type { Entry } from '../../agent/stream/tar-writer.ts'
import { dpkgStatus, rpmDatabase } from './package-lists.ts'

const GIB = 2 ** 30
const OBJECT = `sysroot/ostree/repo/objects/ab/${'c'.repeat(62)}.file`

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'landfall-layer-'))))
afterEach(() => rmSync(folder, { recursive: true }))

async function read(blob: Buffer, change: { digest?: string; size?: number; maxBytes?: number } = {}, chunk = 1000) {
  async function* chunks() {
    for (let at = 0; at < blob.length; at += chunk) yield blob.subarray(at, at + chunk)
  }
  const spoolFile = join(folder, 'database')
  const job = { digest: digestOf(blob), size: blob.length, maxBytes: 64 * GIB, spoolFile, ...change }
  const facts = await readLayer(chunks(), job, () => {})
  expect(existsSync(spoolFile)).toBe(false)
  return facts
}

function layer(...entries: Entry[]): Buffer {
  return gzipSync(writeTar(entries))
}

describe('reading a layer', () => {
  it('tells its diff-id, its size and what it holds', async () => {
    const tar = writeTar([
      { path: './usr/', type: 'directory' },
      { path: './usr/bin/bootc', content: 'program' },
      { path: './usr/lib64', type: 'symlink', target: 'lib' },
      { path: './usr/bin/bootc2', type: 'hardlink', target: './usr/bin/bootc' },
      { path: './etc/.wh.motd' },
    ])
    expect(await read(gzipSync(tar))).toMatchObject({
      diffId: digestOf(tar),
      unpackedBytes: tar.length,
      entries: { files: 2, directories: 1, links: 2, removals: 1 },
      kept: [{ path: 'usr/bin/bootc', size: 7 }],
      problem: null,
    })
  })

  it.each([
    ['plain', (tar: Buffer) => tar],
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('finds out by itself how it is compressed: %s', async (_, compress) => {
    const tar = writeTar([{ path: 'etc/os-release', content: 'ID=x\n' }])
    expect(await read(compress(tar))).toMatchObject({ diffId: digestOf(tar), problem: null })
  })

  it('keeps texts, also those below /usr/etc', async () => {
    const { kept } = await read(
      layer(
        { path: 'usr/lib/os-release', content: 'ID=fedora\n' },
        { path: 'usr/etc/selinux/config', content: 'SELINUX=enforcing\n' },
        { path: 'usr/share/doc/readme', content: 'no' },
      ),
    )
    expect(kept).toEqual([
      { path: 'usr/lib/os-release', size: 10, text: 'ID=fedora\n' },
      { path: 'etc/selinux/config', size: 18, text: 'SELINUX=enforcing\n' },
    ])
  })

  it('keeps the names of programs and kernels, however large they are', async () => {
    const large = 'x'.repeat(300_000)
    const { kept } = await read(
      layer(
        { path: 'usr/bin/ostree', content: large },
        { path: OBJECT, content: large },
        { path: 'usr/lib/modules/6.12/vmlinuz', type: 'hardlink', target: OBJECT },
      ),
    )
    expect(kept.map(({ path }) => path)).toEqual(['usr/bin/ostree', 'usr/lib/modules/6.12/vmlinuz'])
  })

  it('keeps no text that is longer than such a file ever is', async () => {
    const { kept } = await read(layer({ path: 'usr/lib/os-release', content: 'x'.repeat(70_000) }))
    expect(kept).toEqual([])
  })

  it('keeps so many names and so much text and no more, however many links a file has', async () => {
    const first = 'usr/lib/bootc/kargs.d/0.toml'
    const links = Array.from({ length: 6000 }, (_, at): Entry => {
      return { path: `usr/lib/bootc/kargs.d/x${at}.toml`, type: 'hardlink', target: first }
    })
    const { kept, problem } = await read(layer({ path: first, content: 'x'.repeat(60_000) }, ...links), {}, 100_000)
    expect(problem).toBeNull()
    expect(kept).toHaveLength(5000)
    const length = kept.reduce((sum, { text = '' }) => sum + text.length, 0)
    expect(length).toBeGreaterThan(60_000)
    expect(length).toBeLessThanOrEqual(4 * 2 ** 20)
  })

  it('finds the text of a file by its hardlinks to an object of the embedded commit', async () => {
    const { kept } = await read(
      layer(
        { path: OBJECT, content: 'ID=centos\n' },
        { path: 'usr/lib/os-release', type: 'hardlink', target: OBJECT },
        { path: 'usr/bin/bootc', type: 'hardlink', target: OBJECT },
      ),
    )
    expect(kept).toEqual([
      { path: 'usr/lib/os-release', size: 10, text: 'ID=centos\n' },
      { path: 'usr/bin/bootc', size: 10 },
    ])
  })

  it.each([
    ['under its own name', 'usr/lib/sysimage/rpm/rpmdb.sqlite', undefined],
    ['as an object', OBJECT, 'usr/share/rpm/rpmdb.sqlite'],
  ])("lists the packages of rpm's database %s", async (_, path, link) => {
    const file = { path, content: rpmDatabase({ bash: '5.2.26-3.el10' }) }
    const links: Entry[] = link === undefined ? [] : [{ path: link, type: 'hardlink', target: path }]
    const { databases } = await read(layer({ path: 'a', content: 'SQLite format 3\0no' }, file, ...links))
    expect(databases).toEqual([
      {
        path: link ?? path,
        format: 'rpm',
        packages: [{ name: 'bash', version: '5.2.26-3.el10', architecture: 'x86_64' }],
        problem: null,
      },
    ])
  })

  it('says why a database of packages cannot be read', async () => {
    const content = Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(5000, 1)])
    const { databases, problem } = await read(layer({ path: 'usr/share/rpm/rpmdb.sqlite', content }))
    expect(problem).toBeNull()
    expect(databases).toMatchObject([{ packages: [], problem: expect.stringContaining('reading it') }])
  })

  it("lists the packages of dpkg's status", async () => {
    const { databases } = await read(layer({ path: 'var/lib/dpkg/status', content: dpkgStatus({ bash: '5.2' }) }))
    expect(databases).toMatchObject([{ format: 'dpkg', packages: [{ name: 'bash', version: '5.2' }] }])
  })

  it('notes what a layer takes away of the telling files below', async () => {
    const { removed } = await read(
      layer(
        { path: 'usr/lib/modules/.wh.6.12.0' },
        { path: 'usr/lib/.wh.modules' },
        { path: 'usr/lib/bootc/kargs.d/.wh..wh..opq' },
        { path: 'usr/share/doc/.wh.readme' },
      ),
    )
    expect(removed).toEqual(['usr/lib/modules/6.12.0', 'usr/lib/modules', 'usr/lib/bootc/kargs.d/'])
  })
})

describe('a layer that must not reach a disk', () => {
  const good = layer({ path: 'usr/bin/x', content: 'x'.repeat(5000) })
  const file = (path: string, more: Partial<Entry> = {}): Buffer => layer({ path, ...more })
  /** Grows more than a hundredfold and a GiB: zeros compress to a thousandth. */
  const bomb = (): Buffer => {
    const head = writeEntry({ path: 'zeros', content: '' })
    head.write('77777777777\0', 124, 'latin1')
    head.fill(' ', 148, 156)
    const sum = head.reduce((total, byte) => total + byte, 0)
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
    return gzipSync(Buffer.concat([head, Buffer.alloc(4 * 2 ** 20)]))
  }

  it.each([
    ['other bytes than its digest says', 'DIGEST_MISMATCH', good, { digest: digestOf(Buffer.from('other')) }],
    ['fewer bytes than there should be', 'SIZE_MISMATCH', good, { size: good.length + 1 }],
    ['more bytes than there should be', 'SIZE_MISMATCH', good, { size: good.length - 1 }],
    ['more than the bound when it is unpacked', 'LAYER_BOMB', bomb(), { maxBytes: 2 ** 20 }],
    ['a name that leads out', 'PATH_INVALID', file('usr/../../etc/passwd'), {}],
    ['a hardlink that leads out', 'PATH_INVALID', file('a', { type: 'hardlink', target: '../../etc/shadow' }), {}],
    ['a name longer than file systems take', 'PATH_INVALID', file('x'.repeat(256)), {}],
    ['no tar', 'LAYER_INVALID', gzipSync(Buffer.alloc(2000, 'no tar')), {}],
    ['text', 'LAYER_INVALID', Buffer.from('{"not":"a layer"}'), {}],
    [
      'a tar that ends early',
      'LAYER_INVALID',
      gzipSync(writeTar([{ path: 'a', content: 'abc' }]).subarray(0, 514)),
      {},
    ],
    ['damaged gzip', 'LAYER_INVALID', Buffer.concat([good.subarray(0, 30), Buffer.alloc(40, 0xff)]), {}],
    [
      'a file below a symlink',
      'LAYER_INVALID',
      layer({ path: 'a', type: 'symlink', target: '/etc' }, { path: 'a/b' }),
      {},
    ],
    ['a file where a folder is', 'LAYER_INVALID', layer({ path: 'a/b' }, { path: 'a' }), {}],
    ['a hardlink to nothing', 'LAYER_INVALID', file('a', { type: 'hardlink', target: 'b' }), {}],
    ['a device', 'IMAGE_UNSUPPORTED', file('usr/sda', { type: 'device' }), {}],
  ] as const)('has %s: %s', async (_, code, blob, change) => {
    expect(await read(blob, change)).toMatchObject({ diffId: null, problem: { code } })
  })

  it('is told to be damaged when wrong bytes look like a hostile layer', async () => {
    const hostile = file('../escape')
    expect((await read(hostile, { digest: digestOf(good) })).problem).toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  it('stops a bomb at its bound, whatever it would grow to', async () => {
    const { unpackedBytes, problem } = await read(bomb(), { maxBytes: 2 ** 20 })
    expect(problem?.code).toBe('LAYER_BOMB')
    // One piece is looked at when it has been made.
    expect(unpackedBytes).toBeLessThanOrEqual(2 ** 20 + 256 * 1024)
  })

  it('may be absolute in its names and leave folders out: that leads nowhere', async () => {
    expect(await read(file('/usr//./bin/x'))).toMatchObject({ problem: null })
  })
})

it('throws what is no fault of the bytes', async () => {
  const broken: AsyncIterable<Buffer> = {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('the disk failed')) }),
  }
  const job = { digest: digestOf(Buffer.from('')), size: 10, maxBytes: GIB, spoolFile: join(folder, 'database') }
  await expect(readLayer(broken, job, () => {})).rejects.toThrow('the disk failed')
})
