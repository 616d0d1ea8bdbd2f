import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MediaProgress } from '../../../server/contract/media.ts'
import type { MediaRecords } from '../../../server/core/media.ts'
import { MediaError } from '../../../server/media/errors.ts'
import { MediaLibrary } from '../../../server/media/media-library.ts'
import type { MediaLibraryOptions } from '../../../server/media/media-library.ts'
import { parseTreeInfo } from '../../../server/media/tree-info.ts'
import { xorriso } from '../../../server/media/xorriso.ts'
import { openStore } from '../../../server/store/store.ts'
import { fakeUnpacker, FEDORA_FILES, writeFakeIso } from '../../helpers/fake-iso.ts'
import type { FakeIso } from '../../helpers/fake-iso.ts'

let folder: string
let records: MediaRecords
let library: MediaLibrary
let users: number

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-media-'))
  records = openStore(':memory:').media
  users = 0
  library = await open()
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const ignore = () => {}

function open(options: Partial<MediaLibraryOptions> = {}): Promise<MediaLibrary> {
  const now = () => new Date('2026-01-31T12:00:00.000Z')
  return MediaLibrary.open(join(folder, 'media'), records, {
    unpacker: fakeUnpacker,
    inUse: () => users,
    now,
    ...options,
  })
}

async function iso(options: FakeIso = {}): Promise<string> {
  const path = join(folder, 'upload.iso')
  await writeFakeIso(path, options)
  return path
}

async function bring(options: FakeIso = {}, into = library) {
  return into.import({ source: createReadStream(await iso(options)) }, ignore)
}

function files(change: Record<string, string | { link: string } | undefined>): NonNullable<FakeIso['files']> {
  const all = Object.entries({ ...FEDORA_FILES, ...change })
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** Neither listed, nor served, nor on disk. */
async function expectNothing(): Promise<void> {
  expect(library.list()).toEqual([])
  expect(await readdir(join(folder, 'media'))).toEqual(['incoming'])
  expect(await readdir(join(folder, 'media/incoming'))).toEqual([])
}

describe('import', () => {
  it('tells what it is', async () => {
    const media = await bring()
    expect(media).toMatchObject({
      name: 'Fedora 43 (x86_64)',
      product: 'Fedora',
      version: '43',
      release: 'F43',
      architecture: 'amd64',
      volumeId: 'Fedora-E-dvd-x86_64-43',
      checksum: 'verified',
      boot: {
        kernel: 'images/pxeboot/vmlinuz',
        initrd: 'images/pxeboot/initrd.img',
        stage2: 'images/install.img',
        shim: 'EFI/BOOT/BOOTX64.EFI',
        grub: 'EFI/BOOT/grubx64.efi',
      },
      importedAt: '2026-01-31T12:00:00.000Z',
      warnings: [],
      users: 0,
    })
    expect(media.id).toBe(`fedora-43-x86_64-${media.digest.slice(7, 15)}`)
    expect(library.list()).toEqual([media])
    expect(library.get(media.id)).toEqual(media)
  })

  it('serves the files as they were, and nothing else', async () => {
    const { id } = await bring()
    for (const [path, content] of Object.entries(FEDORA_FILES)) {
      const file = library.file(`${id}/${path}`)!
      expect(await readFile(file, 'utf8')).toBe(content)
      expect((await stat(file)).mode & 0o7777).toBe(0o644)
    }
    for (const path of [
      '',
      '/',
      id,
      `${id}/`,
      `${id}/images`,
      `${id}/../../landfall.db`,
      `${id}/source.iso`,
      'x/.treeinfo',
    ]) {
      expect(library.file(path), path).toBeUndefined()
    }
    expect(await readFile(library.iso(id))).toEqual(await readFile(join(folder, 'upload.iso')))
  })

  it('writes .treeinfo where there is none', async () => {
    const { id, boot } = await bring()
    const info = parseTreeInfo(await readFile(library.file(`${id}/.treeinfo`)!, 'utf8'))
    const { kernel, initrd, stage2 } = boot
    expect(info).toMatchObject({ family: 'Fedora', version: '43', arch: 'x86_64', kernel, initrd, stage2 })
  })

  it('leaves .treeinfo alone where there is one, and follows it', async () => {
    const own =
      '[general]\nfamily = Red Hat Enterprise Linux\nversion = 9.6\narch = x86_64\n[stage2]\nmainimage = images/s2\n'
    const { id, boot, release, name } = await bring({ files: files({ '.treeinfo': own, 'images/s2': 'x' }) })
    expect({ release, name }).toEqual({ release: 'RHEL9', name: 'Red Hat Enterprise Linux 9.6 (x86_64)' })
    expect(id).toMatch(/^rhel-9\.6-x86_64-[0-9a-f]{8}$/)
    expect(boot).toMatchObject({ stage2: 'images/s2', kernel: 'images/pxeboot/vmlinuz' })
    expect(await readFile(library.file(`${id}/.treeinfo`)!, 'utf8')).toBe(own)
  })

  it('takes a name, tells progress, and of a second import keeps one copy', async () => {
    const seen: MediaProgress[] = []
    const path = await iso()
    const first = await library.import({ source: createReadStream(path) }, ignore)
    const second = await library.import({ source: createReadStream(path), name: 'Ours' }, (line) => seen.push(line))
    expect(second).toEqual({ ...first, name: 'Ours' })
    expect(library.list()).toEqual([second])
    expect(await readdir(join(folder, 'media'))).toHaveLength(2)
    const phases = seen.flatMap((line) => (line.type === 'progress' ? [line.phase] : []))
    expect([...new Set(phases)]).toEqual(['receive', 'unpack', 'check'])
    expect(seen.at(-1)).toMatchObject({ phase: 'check', bytes: expect.any(Number) })
  })

  it('warns of what is newer, and of missing loaders', async () => {
    const newer = { '.discinfo': '1700000000.0\nFedora 47\nx86_64\n', 'EFI/BOOT/grubx64.efi': undefined }
    const { release, warnings, boot } = await bring({ files: files(newer) })
    expect({ release, grub: boot.grub }).toEqual({ release: 'F45', grub: null })
    expect(warnings).toEqual([expect.stringContaining('Fedora 47 is newer'), expect.stringContaining('grubx64.efi')])
  })

  it('says so when nothing was implanted', async () => {
    expect(await bring({ implanted: false })).toMatchObject({ checksum: 'absent' })
  })

  it('accepts a checksum of .treeinfo, also of files that are not on the ISO', async () => {
    const sum = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881' // of "x"
    const own = `[general]\nfamily = Fedora\nversion = 43\narch = x86_64\n[checksums]\nimages/x = sha256:${sum}\nrepodata/y = sha256:${'0'.repeat(64)}\n`
    expect(await bring({ files: files({ '.treeinfo': own, 'images/x': 'x' }) })).toMatchObject({ warnings: [] })
    // Makers of ISOs patch boot images after .treeinfo was written.
    const patched = await bring({ files: files({ '.treeinfo': own, 'images/x': 'y' }) })
    expect(patched.warnings).toEqual([expect.stringMatching(/^images\/x is not the one/)])
  })
})

describe('import refuses, and leaves nothing of', () => {
  it.each([
    [
      'a live system',
      { 'images/install.img': undefined, '.treeinfo': '[stage2]\nmainimage = LiveOS/squashfs.img\n' },
      'MEDIA_UNSUPPORTED',
    ],
    ['RHEL 8', { '.discinfo': '1700000000.0\nRed Hat Enterprise Linux 8.10\nx86_64\n' }, 'MEDIA_UNSUPPORTED'],
    ['another product', { '.discinfo': '1700000000.0\nDebian 13\nx86_64\n' }, 'MEDIA_UNSUPPORTED'],
    ['a tree without kernel', { 'images/pxeboot/vmlinuz': undefined }, 'MEDIA_INVALID'],
    ['a tree without stage2', { 'images/install.img': undefined }, 'MEDIA_INVALID'],
    ['a link', { 'images/evil': { link: '/etc/passwd' } }, 'MEDIA_INVALID'],
    ['a way out', { 'images/../../../x': 'x' }, 'MEDIA_INVALID'],
    [
      'a file that .treeinfo knows otherwise',
      { '.treeinfo': `[checksums]\nimages/install.img = sha256:${'0'.repeat(64)}\n` },
      'CHECKSUM_WRONG',
    ],
    [
      'a .treeinfo that names what is not there',
      { '.treeinfo': '[stage2]\nmainimage = images/none.img\n' },
      'MEDIA_INVALID',
    ],
  ] as const)('%s', async (_, change, code) => {
    await expect(bring({ files: files(change), volumeId: 'X' })).rejects.toThrowWithCode(MediaError, code)
    await expectNothing()
  })

  it('an ISO with a flipped byte', async () => {
    const path = await iso()
    const bytes = await readFile(path)
    bytes[66_000]! ^= 1
    await writeFile(path, bytes)
    const result = library.import({ source: createReadStream(path) }, ignore)
    await expect(result).rejects.toThrowWithCode(MediaError, 'CHECKSUM_WRONG')
    await expectNothing()
  })

  it('an ISO that was cut short', async () => {
    const bytes = await readFile(await iso())
    const result = library.import({ source: sourceOf(bytes.subarray(0, 80_000)) }, ignore)
    await expect(result).rejects.toThrowWithCode(MediaError, 'ISO_CUT_SHORT')
    await expectNothing()
  })

  it('an upload that broke off', async () => {
    async function* broken() {
      yield (await readFile(await iso())).subarray(0, 70_000)
      throw new Error('aborted')
    }
    const result = library.import({ source: broken() }, ignore)
    await expect(result).rejects.toThrowWithCode(MediaError, 'ISO_CUT_SHORT')
    await expectNothing()
  })

  it('what is no ISO, after the first bytes of it', async () => {
    let sent = 0
    async function* endless() {
      for (;;) {
        await Promise.resolve()
        sent += 65_536
        yield Buffer.alloc(65_536, 'x')
      }
    }
    await expect(library.import({ source: endless() }, ignore)).rejects.toThrowWithCode(MediaError, 'NOT_AN_ISO')
    expect(sent).toBeLessThanOrEqual(2 * 65_536)
    await expectNothing()
  })

  it('an ISO that is too large, by its own word or by its bytes', async () => {
    const small = await open({ maxBytes: 100_000 })
    for (const input of [{ source: createReadStream(await iso()) }, { source: sourceOf(), expectedBytes: 100_001 }]) {
      await expect(small.import(input, ignore)).rejects.toThrowWithCode(MediaError, 'ISO_TOO_LARGE')
    }
    await expectNothing()
  })

  it('what the disk has no room for, before it is sent', async () => {
    const roomy = await open({ maxBytes: Number.MAX_SAFE_INTEGER })
    const input = { source: sourceOf(), expectedBytes: 2 ** 52 }
    await expect(roomy.import(input, ignore)).rejects.toThrowWithCode(MediaError, 'NO_SPACE')
    await expectNothing()
  })

  it('anything where xorriso is missing', async () => {
    const without = await open({ unpacker: xorriso('/nowhere/xorriso') })
    await expect(bring({}, without)).rejects.toThrowWithCode(MediaError, 'XORRISO_MISSING')
    await expectNothing()
  })

  it('an import that was stopped', async () => {
    const stop = AbortSignal.abort()
    const result = library.import({ source: createReadStream(await iso()) }, ignore, stop)
    await expect(result).rejects.toThrowWithCode(MediaError, 'ABORTED')
    await expectNothing()
  })
})

describe('verify', () => {
  it('passes what is as it was', async () => {
    const media = await bring()
    expect(await library.verify(media.id, ignore)).toEqual(media)
  })

  it.each([
    ['a damaged file', (id: string) => writeFile(library.file(`${id}/images/install.img`)!, 'STAGE2')],
    ['a missing file', (id: string) => rm(library.file(`${id}/EFI/BOOT/grubx64.efi`)!)],
    ['a damaged ISO', (id: string) => writeFile(library.iso(id), 'x')],
    ['a missing ISO', (id: string) => rm(library.iso(id))],
  ])('finds %s, which another import mends', async (_, damage) => {
    const { id } = await bring()
    await damage(id)
    await expect(library.verify(id, ignore)).rejects.toThrowWithCode(MediaError, 'MEDIA_DAMAGED')
    await bring()
    await expect(library.verify(id, ignore)).resolves.toMatchObject({ id })
  })

  it('knows only what there is', async () => {
    await expect(library.verify('nothing', ignore)).rejects.toThrowWithCode(MediaError, 'MEDIA_NOT_FOUND')
  })
})

describe('remove', () => {
  it('removes all of it', async () => {
    const { id } = await bring()
    expect(await library.remove(id)).toMatchObject({ id })
    await expectNothing()
    expect(library.file(`${id}/.treeinfo`)).toBeUndefined()
    expect(() => library.get(id)).toThrowWithCode(MediaError, 'MEDIA_NOT_FOUND')
    await expect(library.remove(id)).rejects.toThrowWithCode(MediaError, 'MEDIA_NOT_FOUND')
  })

  it('refuses what is in use, unless forced', async () => {
    const { id } = await bring()
    users = 2
    await expect(library.remove(id)).rejects.toThrowWithCode(MediaError, 'MEDIA_IN_USE')
    expect(library.get(id).users).toBe(2)
    await library.remove(id, { force: true })
    await expectNothing()
  })
})

describe('after a restart', () => {
  it('everything is there, and what was half-done is gone', async () => {
    const media = await bring()
    await mkdir(join(folder, 'media/incoming/half/tree'), { recursive: true })
    await mkdir(join(folder, 'media/fedora-43-x86_64-00000000.unpublished/tree'), { recursive: true })
    const again = await open()
    expect(again.list()).toEqual([media])
    expect(await readFile(again.file(`${media.id}/images/pxeboot/vmlinuz`)!, 'utf8')).toBe('kernel')
    expect((await readdir(join(folder, 'media'))).sort()).toEqual([expect.stringMatching(media.id), 'incoming'])
    expect(await readdir(join(folder, 'media/incoming'))).toEqual([])
  })
})

async function* sourceOf(...chunks: Buffer[]): AsyncGenerator<Buffer> {
  await Promise.resolve()
  yield* chunks
}
