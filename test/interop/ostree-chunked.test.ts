// Images that embed an OSTree commit, imported, and held against what the ostree command line makes of the same layers.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { OstreeError } from '../../boot-assets/agent/ostree/errors.ts'
import { importImage } from '../../boot-assets/agent/ostree/import-image.ts'
import type { ImportResult } from '../../boot-assets/agent/ostree/import-image.ts'
import { Repo } from '../../boot-assets/agent/ostree/repo.ts'
import { serveBlobs } from '../agent/ostree/blob-server.ts'
import { chunkedImage, embeddedCommit } from '../agent/ostree/chunked.ts'
import { OstreeCli } from '../agent/ostree/cli.ts'
import type { EmbeddedCommit } from '../agent/ostree/cli.ts'
import type { EncapsulateOptions } from '../agent/ostree/encapsulate.ts'
import type { TestImage } from '../agent/ostree/image.ts'
import { memoryFolder } from '../helpers/memory-folder.ts'
import { header, writeTar } from '../agent/stream/tar-writer.ts'
import type { Entry } from '../agent/stream/tar-writer.ts'

const isRoot = process.geteuid?.() === 0
const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex')

/** As in a repository: /etc is usr/etc, and everything labelled. */
const label = (type: string) => ({ 'security.selinux': Buffer.from(`system_u:object_r:${type}:s0\0`) })
const BASE: Entry[] = [
  { path: './', type: 'directory', xattrs: label('root_t') },
  { path: 'usr/', type: 'directory', xattrs: label('usr_t') },
  { path: 'usr/bin/', type: 'directory', xattrs: label('bin_t') },
  { path: 'usr/bin/su', content: 'setuid', mode: 0o4755, xattrs: label('su_exec_t') },
  { path: 'usr/bin/ping', content: 'p', mode: 0o755, xattrs: { ...label('bin_t'), 'security.capability': CAPABILITY } },
  { path: 'usr/bin/sh', type: 'symlink', target: '..//bin/su', mode: 0o777, xattrs: label('bin_t') },
  { path: 'usr/bin/plain', content: 'no attributes', uid: 7, gid: 8 },
  { path: 'usr/bin/large', content: Buffer.alloc(2_500_000, 'large'), xattrs: label('bin_t') },
  { path: 'usr/bin/empty', content: '', xattrs: label('bin_t') },
  { path: 'usr/lib/gone', content: 'deleted by a layer', xattrs: label('lib_t') },
  { path: 'usr/lib/.wh.kept', content: 'no whiteout: the base is not a layer', xattrs: label('lib_t') },
  { path: 'usr/etc/', type: 'directory', xattrs: label('etc_t') },
  { path: 'usr/etc/passwd', content: 'root', xattrs: label('passwd_file_t') },
  { path: 'usr/etc/hostname', content: '', xattrs: label('hostname_etc_t') },
  { path: 'opt/', type: 'directory' },
  { path: 'sysroot/', type: 'directory' },
]
const DERIVED: Entry[][] = [
  [
    { path: 'usr/', type: 'directory', mode: 0o700 },
    { path: 'usr/lib/.wh.gone', content: '' },
    { path: 'etc/added', content: 'new' },
    { path: 'usr/bin/plain/', type: 'directory' },
    { path: 'opt/added', content: 'only with composefs' },
    { path: 'var/lib/seed', content: 'seed' },
  ],
  [{ path: 'usr/second', content: '2' }],
]
const prepareRoot = (text: string): Entry => ({ path: 'usr/lib/ostree/prepare-root.conf', content: text })

describe.skipIf(!isRoot)('importing images with an embedded commit (needs root)', () => {
  let cli: OstreeCli
  let folder: string

  beforeAll(async () => {
    cli = await OstreeCli.recent()
  }, 600_000)
  beforeEach(() => {
    folder = memoryFolder('ostree-chunked-')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const embed = (entries: readonly Entry[], options: EncapsulateOptions) =>
    embeddedCommit(cli, folder, entries, options)

  async function importInto(repo: Repo, image: TestImage): Promise<ImportResult & { fetched: string[] }> {
    await using server = await serveBlobs(image.blobs)
    const result = await importImage({
      repo,
      manifest: image.manifest,
      config: image.config,
      manifestDigest: image.manifestDigest,
      targetImage: 'docker://registry.example/os/chunked:1',
      locate: ({ digest }) => server.source(digest),
      concurrency: 2,
    })
    await result.flushed
    return { ...result, fetched: server.requests.map(({ digest }) => digest) }
  }

  const newRepo = (): Repo => Repo.init(join(folder, 'repo'))

  it.each<[string, EncapsulateOptions]>([
    ['format 1', { chunks: 3 }],
    ['format 1, attributes as hardlinks', { chunks: 2, linkedXattrs: true }],
    ['all in the commit layer', { chunks: 0 }],
  ])('makes the commits the command line makes (%s)', async (_, options) => {
    const base = embed(BASE, options)
    for (const derived of [[], DERIVED]) {
      const image = chunkedImage(base, derived)
      const repo = Repo.init(join(folder, `repo-${derived.length}`))
      const result = await importInto(repo, image)
      const peer = cli.importEntries(folder, derived, image, { base, allowNonUsr: false })
      expect(result.layerCommits).toEqual(peer.layers)
      expect(result.mergeCommit).toBe(peer.merge)
      cli.run(repo.path, 'fsck')
    }
  })

  it('reads format 0 to the same commits as format 1', async () => {
    const [old, current] = [embed(BASE, { chunks: 3, format: 0 }), embed(BASE, { chunks: 3 })]
    expect(old.commit).toBe(current.commit)
    const repo = newRepo()
    const first = await importInto(repo, chunkedImage(old))
    expect(first.layerCommits[0]).toBe(old.commit)
    cli.run(repo.path, 'fsck')
    const second = await importInto(Repo.init(join(folder, 'other')), chunkedImage(current))
    expect(first.layerCommits).toEqual(second.layerCommits)
  })

  it.each([
    ['nothing', undefined, false],
    ['composefs off', '[composefs]\nenabled = no\n', false],
    ['composefs on', '[composefs]\nenabled = maybe\n', true],
    ['a transient root', '[root]\ntransient=true\n', true],
  ])('keeps /opt of layers by what prepare-root.conf of the base says: %s', async (_, text, kept) => {
    const base = embed(text === undefined ? BASE : [...BASE, prepareRoot(text)], { chunks: 1 })
    const image = chunkedImage(base, DERIVED)
    const repo = newRepo()
    const result = await importInto(repo, image)
    expect(result.mergeCommit).toBe(cli.importEntries(folder, DERIVED, image, { base, allowNonUsr: kept }).merge)
    expect(result.dropped).toEqual(kept ? {} : { opt: 1 })
  })

  it('takes objects that a build tool touched as the files that are linked to them', async () => {
    const base = embed(BASE, { chunks: 1 })
    const object = 'sysroot/ostree/repo/objects/00/' + '1'.repeat(62) + '.file'
    const unknown = 'sysroot/ostree/repo/objects/22/' + '2'.repeat(62) + '.file'
    const touched: Entry[] = [
      { path: 'sysroot/ostree/repo/objects/00/', type: 'directory', mtime: 9 },
      { path: object, content: 'changed', mode: 0o755, uid: 3, mtime: 9 },
      { path: 'usr/bin/one', type: 'hardlink', target: object, mtime: 9 },
      { path: 'usr/bin/two', type: 'hardlink', target: `./${object}`, mtime: 9 },
      { path: 'usr/bin/three', type: 'hardlink', target: unknown, mtime: 9 },
    ]
    const plain: Entry[] = [
      { path: 'usr/bin/one', content: 'changed', mode: 0o755, uid: 3 },
      { path: 'usr/bin/two', type: 'hardlink', target: 'usr/bin/one' },
    ]
    const repo = newRepo()
    const image = chunkedImage(base, [touched])
    const result = await importInto(repo, image)
    expect(result.layerCommits.at(-1)).toBe(cli.importEntries(folder, [plain], image, { base }).layers.at(-1))
    cli.run(repo.path, 'fsck')
  })

  it('fetches only what is new of a child image and of a rebuilt one', async () => {
    const repo = newRepo()
    const base = embed(BASE, { chunks: 3 })
    const first = await importInto(repo, chunkedImage(base))
    expect(first.fetched).toHaveLength(4)
    const child = chunkedImage(base, DERIVED)
    expect((await importInto(repo, child)).fetched.toSorted()).toEqual(
      child.manifest.layers
        .slice(4)
        .map(({ digest }) => digest)
        .toSorted(),
    )
    expect((await importInto(repo, child)).fetched).toEqual([])
  })

  describe('refuses', () => {
    let base: EmbeddedCommit

    beforeAll(() => {
      const scratch = memoryFolder('ostree-chunked-')
      base = embeddedCommit(cli, scratch, BASE, { chunks: 1 })
      rmSync(scratch, { recursive: true })
    })

    /** The image with other bytes for one of its layers. */
    const withLayer = (index: number, change: (layer: Buffer) => Buffer): TestImage =>
      chunkedImage({ ...base, layers: base.layers.map((layer, i) => (i === index ? change(layer) : layer)) })
    const withEntries = (index: number, ...entries: Entry[]): TestImage =>
      withLayer(index, (layer) => Buffer.concat([layer.subarray(0, -1024), writeTar(entries)]))
    const objectPath = (kind: string, digit = '1') => `sysroot/ostree/repo/objects/00/${digit.repeat(62)}.${kind}`

    it.each<[string, () => TestImage, string]>([
      [
        'a chunk with a directory',
        () => withEntries(1, { path: objectPath('dirtree'), content: 'x' }),
        'CHUNK_INVALID',
      ],
      ['a file without attributes', () => withEntries(1, { path: objectPath('file'), content: 'x' }), 'CHUNK_INVALID'],
      [
        'a file that does not hash to its name',
        () =>
          withEntries(
            1,
            { path: objectPath('file-xattrs-link'), content: '' },
            { path: objectPath('file'), content: 'x' },
          ),
        'CHUNK_INVALID',
      ],
      [
        'attributes without their file',
        () => withEntries(1, { path: objectPath('file-xattrs-link'), content: '' }),
        'CHUNK_INVALID',
      ],
      [
        'attributes of a wrong name',
        () => withEntries(1, { path: objectPath('file-xattrs'), content: 'x' }),
        'CHUNK_INVALID',
      ],
      [
        'a directory of a wrong name',
        () => withEntries(0, { path: objectPath('dirtree'), content: 'x' }),
        'CHUNK_INVALID',
      ],
      ['a second commit', () => withEntries(0, { path: objectPath('commit'), content: 'x' }), 'CHUNK_INVALID'],
      ['an unknown kind of object', () => withEntries(1, { path: objectPath('delta'), content: 'x' }), 'CHUNK_INVALID'],
      ['a first layer without commit', () => withLayer(0, () => writeTar([])), 'CHUNK_INVALID'],
      ['chunks that do not add up to the commit', () => withLayer(1, () => writeTar([])), 'OBJECT_MISSING'],
      [
        'metadata larger than any',
        () =>
          withLayer(0, (layer) => {
            const big = header({ path: objectPath('dirtree') }, '0', 11 * 2 ** 20)
            return Buffer.concat([layer.subarray(0, -1024), big, Buffer.alloc(11 * 2 ** 20 + 1024)])
          }),
        'CHUNK_INVALID',
      ],
    ])('%s', async (_, image, code) => {
      const repo = newRepo()
      await expect(importInto(repo, image())).rejects.toThrowWithCode(OstreeError, code)
      expect(cli.run(repo.path, 'refs')).toBe('')
    })

    it('a label that names none of the layers, or one that is there twice', async () => {
      const image = chunkedImage(base)
      const labels = image.config.config!.Labels as Record<string, string>
      const twice = chunkedImage({ ...base, layers: [...base.layers, base.layers[1]!] })
      ;(twice.config.config!.Labels as Record<string, string>)['ostree.final-diffid'] = twice.config.rootfs.diff_ids[1]!
      twice.manifest.layers[2] = twice.manifest.layers[1]!
      await expect(importInto(newRepo(), twice)).rejects.toThrowWithCode(OstreeError, 'IMAGE_INVALID')
      labels['ostree.final-diffid'] = `sha256:${'0'.repeat(64)}`
      await expect(importInto(newRepo(), image)).rejects.toThrowWithCode(OstreeError, 'IMAGE_INVALID')
    })
  })
})
