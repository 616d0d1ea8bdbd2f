// Boot media from the upload to the file a machine fetches: real ISOs, xorriso, curl, and Debian's isomd5sum as the judge.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Media } from '../../server/contract/media.ts'
import { implantMd5 } from '../../server/media/implanted-md5.ts'
import { parseTreeInfo } from '../../server/media/tree-info.ts'
import { corruptFile } from '../images/tampered.ts'
import { writeBootIso } from '../media/synthetic-boot-iso.ts'
import { serve, type Served } from './serve.ts'

const run = promisify(execFile)

let folder: string
let server: Served
let iso: string
let files: Awaited<ReturnType<typeof writeBootIso>>
let medium: Media

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-media-'))
  server = await serve(join(folder, 'data'))
  iso = join(folder, 'fedora.iso')
  files = await writeBootIso(iso)
}, 60_000)

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

describe('the implanted checksum', () => {
  it('that we write, checkisomd5 accepts, and implantisomd5 writes the same', async () => {
    expect((await run('checkisomd5', [iso])).stderr).toMatch(/PASS/)
    const theirs = join(folder, 'theirs.iso')
    await copyFile(iso, theirs)
    await run('implantisomd5', ['--force', theirs])
    expect(await sameBytes(iso, theirs)).toBe(true)
  })

  it.each([1_700_001, 2_222_222, 3_141_592])(
    'is the same for images of other sizes (%i bytes of stage2)',
    async (size) => {
      const [ours, theirs] = [join(folder, 'ours.iso'), join(folder, 'theirs.iso')]
      await writeBootIso(ours, { implanted: false, files: { 'images/install.img': new Uint8Array(size).fill(size) } })
      await copyFile(ours, theirs)
      {
        await using file = await open(ours, 'r+')
        await implantMd5(file)
      }
      await run('implantisomd5', ['--force', theirs])
      expect(await sameBytes(ours, theirs)).toBe(true)
    },
  )
})

describe('the synthetic ISO', () => {
  it('boots from disc and stick, by BIOS and UEFI, as far as its structure tells', async () => {
    const { stdout } = await run('xorriso', [
      '-indev',
      iso,
      '-report_el_torito',
      'plain',
      '-report_system_area',
      'plain',
    ])
    expect(stdout).toMatch(/boot img : +1 +BIOS +y/)
    expect(stdout).toMatch(/boot img : +2 +UEFI +y/)
    expect(stdout).toMatch(/img opts : +1 +boot-info-table grub2-boot-info/)
    expect(stdout).toMatch(/MBR partition +: +1 +0x00 +0xee/)
    expect(stdout).toMatch(/GPT start and size : +1 +64 /)
    expect(stdout).toMatch(/GPT type GUID +: +2 +28732ac11ff8d211ba4b00a0c93ec93b/)
  })
})

describe('landfall media import', () => {
  it('takes a boot ISO, with progress on standard error and the result on standard output', async () => {
    const end = await server.cli('media', 'import', iso, '--output', 'json')
    expect(end.code, end.stderr).toBe(0)
    expect(end.stderr).toMatch(/ % .* sending/)
    ;[medium] = JSON.parse(end.stdout) as [Media]
    expect(medium).toMatchObject({
      product: 'Fedora',
      version: '43',
      release: 'F43',
      architecture: 'amd64',
      checksum: 'verified',
      warnings: [],
    })
    expect(medium.id).toMatch(/^fedora-43-x86_64-[0-9a-f]{8}$/)
  })

  it.each([
    ['RHEL 10 for arm64', { product: 'Red Hat Enterprise Linux', version: '10.1', arch: 'aarch64' }, 'RHEL10', 'arm64'],
    ['CentOS Stream 9', { product: 'CentOS Stream', version: '9', treeInfo: 'present' }, 'RHEL9', 'amd64'],
    ['AlmaLinux 9.6, nothing implanted', { product: 'AlmaLinux', version: '9.6', implanted: false }, 'RHEL9', 'amd64'],
  ] as const)('knows %s', async (_, options, release, architecture) => {
    const path = join(folder, 'other.iso')
    await writeBootIso(path, options)
    const end = await server.cli('media', 'import', path, '--name', 'Other', '--output', 'json')
    expect(end.code, end.stderr).toBe(0)
    const [found] = JSON.parse(end.stdout) as [Media]
    expect(found).toMatchObject({
      name: 'Other',
      product: options.product,
      version: options.version,
      release,
      architecture,
    })
    expect((await server.cli('media', 'remove', found.id)).code).toBe(0)
  })

  it.each([
    ['a flipped byte', async (path: string) => corruptFile(path), 'CHECKSUM_WRONG'],
    ['an end that is missing', async (path: string) => truncate(path, 5_000_000), 'ISO_CUT_SHORT'],
    ['something else inside', async (path: string) => writeFile(path, 'no ISO'.repeat(100_000)), 'NOT_AN_ISO'],
    ['nothing inside', async (path: string) => truncate(path, 0), 'NOT_AN_ISO'],
    [
      'RHEL 8',
      async (path: string) => writeBootIso(path, { product: 'Red Hat Enterprise Linux', version: '8.10' }),
      'MEDIA_UNSUPPORTED',
    ],
    ['a live system', async (path: string) => writeBootIso(path, liveSystem), 'MEDIA_UNSUPPORTED'],
    [
      'a wrong checksum in .treeinfo',
      async (path: string) => writeBootIso(path, { treeInfo: 'damaged' }),
      'CHECKSUM_WRONG',
    ],
    [
      'no kernel',
      async (path: string) => writeBootIso(path, { files: { 'images/pxeboot/vmlinuz': undefined } }),
      'MEDIA_INVALID',
    ],
  ] as const)('refuses an ISO with %s, tells what to do, and keeps nothing of it', async (_, spoil, code) => {
    const path = join(folder, 'bad.iso')
    await copyFile(iso, path)
    await spoil(path)
    const end = await server.cli('media', 'import', path)
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(new RegExp(`^landfall: .*\\(${code}\\)\n {2}\\S`, 'm'))
    await expectOnly(medium)
  })

  it('refuses links that lead out of the tree', async () => {
    const path = join(folder, 'links.iso')
    const tree = join(folder, 'links')
    await run('mkdir', ['-p', join(tree, 'images')])
    await run('ln', ['-s', '/etc', join(tree, 'images/pxeboot')])
    await run('xorriso', ['-no_rc', '-as', 'mkisofs', '-quiet', '-R', '-V', 'Fedora-E-dvd-x86_64-43', '-o', path, tree])
    const end = await server.cli('media', 'import', path)
    expect(end.stderr).toMatch(/images\/pxeboot, which is neither a file nor a folder \(MEDIA_INVALID\)/)
    await expectOnly(medium)
  })

  it('says what is wrong with a file that is not there', async () => {
    const end = await server.cli('media', 'import', join(folder, 'nothing-there.iso'))
    expect([end.code, end.stderr]).toEqual([2, expect.stringMatching(/nothing-there\.iso: ENOENT/)])
  })

  it('by curl says at once that it is no ISO, although gigabytes would follow', async () => {
    const zeros = spawn('curl', [
      ...curlAccess(),
      '-sN',
      '-X',
      'POST',
      '-T',
      '/dev/zero',
      `${server.https}/api/v1/media/import`,
    ])
    const [line] = (await once(zeros.stdout, 'data')) as [Buffer]
    expect(JSON.parse(line.toString())).toMatchObject({ type: 'failed', code: 'NOT_AN_ISO' })
    zeros.kill()
    await expectOnly(medium)
  })

  it('that breaks off leaves nothing', async () => {
    const upload = spawn('curl', uploading(server, '4M'))
    await once(upload.stdout, 'data')
    upload.kill('SIGKILL')
    for (let tries = 0; tries < 50 && (await readdir(join(server.dataDir, 'media/incoming'))).length > 0; tries++) {
      await sleep(100)
    }
    await expectOnly(medium)
    expect(server.output).toMatch(/ISO_CUT_SHORT/)
  })
})

describe('/media/', () => {
  it('has every file as it is on the ISO', async () => {
    for (const [path, content] of Object.entries(files)) {
      // The one file that xorriso patches: the place of the boot image in the ISO is written into it.
      if (path === 'images/eltorito.img') continue
      const got = await curl(path)
      expect(got.equals(Buffer.from(content)), path).toBe(true)
    }
  })

  it('has a .treeinfo although the ISO had none, and the stage2 it names', async () => {
    const info = parseTreeInfo((await curl('.treeinfo')).toString())
    expect(info).toMatchObject({ family: 'Fedora', version: '43', arch: 'x86_64' })
    expect((await curl(info.stage2!)).equals(Buffer.from(files['images/install.img']!))).toBe(true)
  })

  it.each(['images/pxeboot/vmlinuz', 'images/pxeboot/initrd.img', 'EFI/BOOT/BOOTX64.EFI', 'EFI/BOOT/grubx64.efi'])(
    'answers HEAD for %s with its length, in the spelling GRUB looks for, and nothing in its way',
    async (path) => {
      const { stdout } = await run('curl', ['-s', '--head', '--compressed', urlOf(path)])
      expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
      expect(stdout).toContain(`\r\nContent-Length: ${Buffer.from(files[path]!).length}\r\n`)
      expect(stdout).not.toMatch(/Transfer-Encoding|Content-Encoding|Location/i)
      const [, type] = /\r\nContent-Type: (.*)\r\n/.exec(stdout)!
      expect(type).toBe(/\.efi$/i.test(path) ? 'application/efi' : 'application/octet-stream')
    },
  )

  it('sends ranges, also to continue', async () => {
    const whole = Buffer.from(files['images/install.img']!)
    const part = await curl('images/install.img', '--range', '1000-1999')
    expect(part.equals(whole.subarray(1000, 2000))).toBe(true)
    const half = join(folder, 'half')
    await writeFile(half, whole.subarray(0, 1_000_000))
    await run('curl', ['-s', '--continue-at', '-', '-o', half, urlOf('images/install.img')])
    expect((await readFile(half)).equals(whole)).toBe(true)
  })

  it.each(['images/updates.img', 'images/product.img', 'source.iso', '', 'images', '..%2f..%2flandfall.db'])(
    'has no %j',
    async (path) => {
      const { stdout } = await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--path-as-is', urlOf(path)])
      expect(stdout).toBe('404')
    },
  )
})

describe('landfall media', () => {
  it('lists and shows', async () => {
    expect((await server.cli('media', 'list')).stdout).toMatch(
      new RegExp(`^${medium.id} +Fedora 43 +F43 +amd64 +[\\d.]+ MB +verified +0 +\\d+ s$`, 'm'),
    )
    const { stdout } = await server.cli('media', 'show', medium.id)
    expect(stdout).toMatch(/^ISO: .*implanted checksum verified$/m)
    expect(stdout).toMatch(/^ {2}stage2: +images\/install\.img$/m)
  })

  it('verifies, finds damage, and mends it by another import', async () => {
    expect((await server.cli('media', 'verify', medium.id)).code).toBe(0)
    const [stored] = (await readdir(join(server.dataDir, 'media'))).filter((name) => name.startsWith(medium.id))
    await corruptFile(join(server.dataDir, 'media', stored!, 'tree/images/install.img'))
    const end = await server.cli('media', 'verify', medium.id)
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(/images\/install\.img: got sha256:.*\(MEDIA_DAMAGED\)/)
    expect((await server.cli('media', 'import', iso)).code).toBe(0)
    expect((await server.cli('media', 'verify', medium.id)).code).toBe(0)
    await expectOnly(medium)
  })

  it('removes, and says when there is nothing to remove', async () => {
    expect((await server.cli('media', 'remove', medium.id)).code).toBe(0)
    expect(await readdir(join(server.dataDir, 'media'))).toEqual(['incoming'])
    const again = await server.cli('media', 'remove', medium.id)
    expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(/\(MEDIA_NOT_FOUND\)/)])
    expect((await server.cli('media', 'show', 'UPPER CASE')).code).toBe(2)
  })
})

describe('a server that is killed', () => {
  it.each([
    ['while it receives', /"phase":"receive"/, '4M'],
    ['while it unpacks or checks', /"phase":"(unpack|check)"/, '1G'],
  ])('%s has nothing half-done afterwards, and what it had before', async (_, moment, rate) => {
    const dataDir = join(folder, `killed-${rate}`)
    const first = await serve(dataDir)
    const kept = join(folder, 'kept.iso')
    await writeBootIso(kept, { version: '42' })
    expect((await first.cli('media', 'import', kept)).code).toBe(0)
    const upload = spawn('curl', uploading(first, rate))
    for await (const chunk of upload.stdout as AsyncIterable<Buffer>) if (moment.test(chunk.toString())) break
    await first.end('SIGKILL')
    upload.kill()

    await using second = await serve(dataDir, { ports: first.ports })
    const { items } = (await (await second.api('GET', '/api/v1/media')).json()) as { items: Media[] }
    // The last moment may have come before the signal: then all of it is there.
    expect([['42'], ['42', '43']]).toContainEqual(items.map(({ version }) => version))
    for (const { id } of items) expect((await second.cli('media', 'verify', id)).code).toBe(0)
    expect(await readdir(join(dataDir, 'media/incoming'))).toEqual([])
    expect(await readdir(join(dataDir, 'media'))).toHaveLength(items.length + 1)
    expect((await second.cli('media', 'import', iso)).code).toBe(0)
  })
})

describe('a server without xorriso', () => {
  it('says which package is missing, before anything is sent', async () => {
    await using poor = await serve(join(folder, 'poor'), { env: { PATH: '/nowhere' } })
    const end = await poor.cli('media', 'import', iso)
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(/\(XORRISO_MISSING\)\n.*apt-get install xorriso/)
  })
})

const liveSystem = { files: { 'images/install.img': undefined, 'LiveOS/squashfs.img': 'x' } }

/** Exactly this medium is listed, and nothing else is on disk. */
async function expectOnly({ id }: Media): Promise<void> {
  const { items } = (await (await server.api('GET', '/api/v1/media')).json()) as { items: Media[] }
  expect(items.map((one) => one.id)).toEqual([id])
  expect(await readdir(join(server.dataDir, 'media/incoming'))).toEqual([])
  expect(await readdir(join(server.dataDir, 'media'))).toHaveLength(2)
}

function urlOf(path: string): string {
  return `${server.http}/media/${medium.id}/${path}`
}

async function curl(path: string, ...options: string[]): Promise<Buffer> {
  const args = ['-sS', '--fail', ...options, urlOf(path)]
  return (await run('curl', args, { encoding: 'buffer', maxBuffer: 2 ** 26 })).stdout
}

function curlAccess({ access }: Served = server): string[] {
  return ['--insecure', '-H', `Authorization: Bearer ${access.token}`]
}

/** Arguments for curl: the good ISO, at most so fast, with the answer as it comes. */
function uploading(to: Served, rate: string): string[] {
  return [...curlAccess(to), '-sN', '--limit-rate', rate, '-X', 'POST', '-T', iso, `${to.https}/api/v1/media/import`]
}

async function sameBytes(a: string, b: string): Promise<boolean> {
  return (await readFile(a)).equals(await readFile(b))
}
