// ISOs, seen by tools that did not make them: what firmware would find, what is inside, and that nobody need be root.

import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cacheDir } from '../../boot-assets/cache.ts'
import { buildInstaller } from '../../boot-assets/installer/build.ts'
import { assembleIso } from '../../boot-assets/iso/assemble.ts'
import { buildIsoKit } from '../../boot-assets/iso/kit.ts'
import type { IsoKit } from '../../boot-assets/iso/kit.ts'
import { ELTORITO, pathListText, xorrisoArguments } from '../../boot-assets/iso/layout.ts'
import { Medium, MEDIUM_FILE, MEDIUM_IMAGES } from '../../server/contract/medium.ts'
import { addLargeLayers } from '../images/large-layer.ts'
import { blobPath } from '../images/layout.ts'
import { corruptFile } from '../images/tampered.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { landfall, serve } from './serve.ts'

const run = promisify(execFile)
const MINUTE = 60_000
const LABELS = { 'containers.bootc': '1' }
const IMAGE = 'registry.example/landfall/tiny:1'
const PROJECT = resolve(import.meta.dirname, '../..')
const COMMAND = join(PROJECT, 'server/cli/landfall.js')
const blocked = process.getuid?.() === 0 ? undefined : 'kernel and loaders are built from Debian packages, as root'

let folder: string
let layout: string
let kit: IsoKit
let vmlinuz: string
let initrd: string

const offline = (out: string, ...more: string[]) =>
  landfall(['iso', 'build', 'offline', '--layout', layout, '--image', IMAGE, '--out', out, ...more])

/** Takes a file out of an ISO. */
async function extract(iso: string, path: string): Promise<Buffer> {
  const target = join(folder, 'extracted')
  await rm(target, { recursive: true, force: true })
  await run('xorriso', ['-osirrox', 'on', '-indev', iso, '-extract', `/${path}`, target])
  return readFile(target)
}

/** The primary volume descriptor (ECMA-119, 8.4). */
async function descriptorOf(iso: string): Promise<Buffer> {
  const file = await open(iso)
  try {
    return (await file.read(Buffer.alloc(2048), 0, 2048, 32_768)).buffer
  } finally {
    await file.close()
  }
}

const labelIn = (descriptor: Buffer) => descriptor.toString('latin1', 40, 72).trim()

async function mediumOf(iso: string): Promise<Medium> {
  return Medium.parse(JSON.parse((await extract(iso, MEDIUM_FILE)).toString()))
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const fileHash = async (file: string) => sha256(await readFile(file))

describe.skipIf(blocked !== undefined)(`ISO${blocked === undefined ? '' : ` (skipped: ${blocked})`}`, () => {
  let iso: string

  beforeAll(async () => {
    ;({ vmlinuz, initrd } = await buildInstaller({ arch: 'amd64', log: () => {} }))
    kit = await buildIsoKit({ log: () => {} })
    folder = await mkdtemp(join(tmpdir(), 'landfall-iso-'))
    layout = join(folder, 'layout')
    await writeTinyImage(layout, { labels: LABELS })
    iso = join(folder, 'one.iso')
    const end = await offline(iso)
    expect(end.code, end.stderr).toBe(0)
  }, 20 * MINUTE)

  afterAll(() => folder && rm(folder, { recursive: true, force: true }))

  describe('for firmware', () => {
    it('is a CD that starts under BIOS and UEFI', async () => {
      const { stdout } = await run('xorriso', ['-indev', iso, '-report_el_torito', 'plain'])
      expect(stdout).toMatch(/^El Torito boot img : +1 +BIOS +y +none +0x0000 +0x00 +4 /m)
      expect(stdout).toMatch(/^El Torito boot img : +2 +UEFI +y +none /m)
      expect(stdout).toMatch(/^El Torito img path : +1 +\/boot\/grub\/eltorito\.img$/m)
      expect(stdout).toMatch(/^El Torito img opts : +1 +boot-info-table grub2-boot-info$/m)
    })

    it('is a disk with a protective MBR, a GPT, and an EFI system partition where the CD has its image', async () => {
      const reports = ['-report_system_area', 'plain', '-report_el_torito', 'plain']
      const { stdout } = await run('xorriso', ['-indev', iso, ...reports])
      expect(stdout).toMatch(/^MBR partition +: +1 +0x00 +0xee +1 /m)
      const table = JSON.parse((await run('sfdisk', ['--json', iso])).stdout).partitiontable
      expect(table.label).toBe('gpt')
      expect(table.partitions[0]).toMatchObject({ start: 64, type: 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7' })
      expect(table.partitions[1]).toMatchObject({ type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' })
      const [, blocks, lba] = /^El Torito boot img : +2 +UEFI .* (\d+) +(\d+)$/m.exec(stdout)!
      // The catalogue counts blocks of 2048 bytes, and its sizes in units of 512.
      expect(table.partitions[1].start).toBe(Number(lba) * 4)
      expect(table.partitions[1].size).toBe(Number(blocks))
    })

    it('is as long as its volume descriptor says', async () => {
      const descriptor = await descriptorOf(iso)
      expect(descriptor.toString('latin1', 1, 6)).toBe('CD001')
      expect(descriptor.readUInt32LE(80) * 2048).toBe((await stat(iso)).size)
      expect(labelIn(descriptor)).toMatch(/^LANDFALL_[0-9A-F]{12}$/)
    })

    it('has the signed loaders and the same menu in both places', async () => {
      const { partitions } = JSON.parse((await run('sfdisk', ['--json', iso])).stdout).partitiontable
      const esp = `${iso}@@${partitions[1].start * 512}`
      const read = async (path: string) => {
        const options = { encoding: 'buffer' as const, maxBuffer: 2 ** 26 }
        return (await run('mtype', ['-i', esp, `::${path}`], options)).stdout
      }
      for (const { path, source } of kit.efi) {
        expect(sha256(await read(path)), path).toBe(await fileHash(source))
        expect(sha256(await extract(iso, path.slice(1))), path).toBe(await fileHash(source))
      }
      const menu = await extract(iso, 'EFI/BOOT/grub.cfg')
      for (const path of ['/EFI/BOOT/grub.cfg', '/boot/grub/grub.cfg']) expect(await read(path)).toEqual(menu)
      expect(await extract(iso, 'boot/grub/grub.cfg')).toEqual(menu)
      const named = [...menu.toString().matchAll(/(?:--label '|landfall\.medium=)(\w+)/g)].map(([, label]) => label)
      expect(new Set(named)).toEqual(new Set([labelIn(await descriptorOf(iso))]))
      expect(menu.toString()).toMatch(/^set timeout=10$/m)
    })

    it('carries the checksum that implantisomd5 gives it, which a damaged medium fails', async () => {
      await run('checkisomd5', [iso], { maxBuffer: 2 ** 26 })
      const theirs = join(folder, 'theirs.iso')
      await run('cp', [iso, theirs])
      await run('implantisomd5', ['--force', theirs])
      expect(await fileHash(theirs)).toBe(await fileHash(iso))
      await rm(theirs)
      const damaged = join(folder, 'damaged.iso')
      await run('cp', [iso, damaged])
      await corruptFile(damaged)
      await expect(run('checkisomd5', [damaged], { maxBuffer: 2 ** 26 })).rejects.toMatchObject({ code: 1 })
      await rm(damaged)
    })
  })

  describe('holds', () => {
    it('kernel and initramfs, byte for byte', async () => {
      expect(sha256(await extract(iso, 'boot/vmlinuz'))).toBe(await fileHash(vmlinuz))
      expect(sha256(await extract(iso, 'boot/initrd.img'))).toBe(await fileHash(initrd))
    })

    it('a valid OCI layout, which skopeo reads, and the order to install it', async () => {
      const copy = join(folder, 'layout-of-iso')
      await run('xorriso', ['-osirrox', 'on', '-indev', iso, '-extract', `/${MEDIUM_IMAGES}`, copy])
      await run('chmod', ['-R', 'u+w', copy])
      const { stdout } = await run('skopeo', ['inspect', `oci:${copy}:${IMAGE}`])
      const { entries } = await mediumOf(iso)
      expect(entries).toMatchObject([
        { name: IMAGE, image: { targetReference: IMAGE, digest: JSON.parse(stdout).Digest } },
      ])
      expect(entries[0]).not.toHaveProperty('report')
      for (const name of await readdir(join(copy, 'blobs/sha256'))) {
        expect(await fileHash(join(copy, 'blobs/sha256', name))).toBe(name)
      }
      await rm(copy, { recursive: true })
    })

    it('a file of 4 GiB and more', { timeout: 5 * MINUTE }, async () => {
      const target = join(folder, 'large.iso')
      const large = join(folder, 'large')
      await writeFile(large, '')
      await truncate(large, 4 * 2 ** 30 + 4096)
      const list = join(folder, 'large.list')
      const files = [
        { path: ELTORITO, source: kit.eltorito },
        { path: '/large', source: large },
      ]
      await writeFile(list, pathListText(files))
      const guid = '00000000-0000-4000-8000-000000000000'
      const shape = { label: 'LARGE', guid, date: 0, files, esp: kit.esp, hybridMbr: kit.hybridMbr }
      const xorriso = () => Promise.resolve(xorrisoArguments(shape, list, target))
      await assembleIso({ path: target, xorriso, blobs: [], totalBytes: 2 ** 32 }, { kit })
      await rm(large)
      await run('checkisomd5', [target], { maxBuffer: 2 ** 26 })
      const { stdout } = await run('xorriso', ['-indev', target, '-lsl', '/large'])
      expect(stdout).toContain(String(4 * 2 ** 30 + 4096))
      await rm(target)
    })
  })

  it('is the same again from the same inputs, by a user who is nobody', { timeout: 3 * MINUTE }, async () => {
    const theirs = await mkdtemp(join(tmpdir(), 'landfall-nobody-'))
    const nobody = 65_534
    await run('chown', [`${nobody}:${nobody}`, theirs])
    // What is read is there for everybody; what is written goes where nobody may write.
    await chmod(folder, 0o755)
    const again = join(theirs, 'again.iso')
    // Project and cache may lie in a home that nobody else may enter: here they are seen elsewhere.
    const places = { [PROJECT]: join(theirs, 'project'), [dirname(cacheDir('x'))]: join(theirs, 'cache') }
    const seen = (path: string) =>
      Object.entries(places).reduce(
        (text, [from, to]) => (text.startsWith(`${from}/`) ? to + text.slice(from.length) : text),
        path,
      )
    const mounts = Object.entries(places).map(([from, to]) => `mkdir '${to}' && mount --bind '${from}' '${to}'`)
    const become = `setpriv --reuid ${nobody} --regid ${nobody} --clear-groups env HOME='${theirs}' LANDFALL_CACHE='${theirs}/cache'`
    const args = ['iso', 'build', 'offline', '--layout', layout, '--image', IMAGE, '--out', again]
    const script = [...mounts, `exec ${become} "$@"`].join(' && ')
    await run('unshare', ['--mount', 'sh', '-c', script, 'sh', seen(process.execPath), seen(COMMAND), ...args])
    expect(await fileHash(again)).toBe(await fileHash(iso))
    expect((await stat(again)).uid).toBe(nobody)
    await rm(theirs, { recursive: true })
  })

  it('differs in its label when it does something else', async () => {
    const spec = join(folder, 'spec.toml')
    await writeFile(spec, 'hostname = "other"\n[disks.disk]\nserial = "S1"\n')
    const out = join(folder, 'other.iso')
    const end = await offline(out, '--spec', spec, '--confirm', '--output', 'json')
    expect(end.code, end.stderr).toBe(0)
    const { label, entries } = JSON.parse(end.stdout) as { label: string; entries: unknown[] }
    expect(entries).toMatchObject([{ name: IMAGE }])
    expect(label).toBe(labelIn(await descriptorOf(out)))
    expect(label).not.toBe(labelIn(await descriptorOf(iso)))
    expect((await mediumOf(out)).entries[0]?.spec).toMatchObject({ hostname: 'other' })
    expect((await extract(out, 'boot/grub/grub.cfg')).toString()).toMatch(/the disk with serial S1 will be lost once/)
    await rm(out)
  })

  it('of a fleet holds layers that images share once', async () => {
    const shared = join(folder, 'shared')
    await writeTinyImage(shared, { labels: LABELS })
    await addLargeLayers(shared, '1', '2', [{ bytes: 4096 }])
    const fleet = join(folder, 'fleet.toml')
    await writeFile(
      fleet,
      ['1', '2']
        .map(
          (n) =>
            `[[machines]]\nname = "m${n}"\nserials = ["SERIAL-${n}"]\nimage = "registry.example/landfall/tiny:${n}"\n`,
        )
        .join(''),
    )
    const out = join(folder, 'fleet.iso')
    const end = await landfall(['iso', 'build', 'fleet', '--machines', fleet, '--layout', shared, '--out', out])
    expect(end.code, end.stderr).toBe(0)
    expect((await mediumOf(out)).entries.map(({ machines }) => machines?.serials)).toEqual([['SERIAL-1'], ['SERIAL-2']])
    const { stdout } = await run('xorriso', ['-indev', out, '-find', `/${MEDIUM_IMAGES}/blobs`, '-type', 'f'])
    // Two manifests, two configurations, three layers for both, one more.
    expect(stdout.trim().split('\n')).toHaveLength(8)
    await rm(out)
  })

  describe('with a server', () => {
    it('takes the image from it, and what a machine is to become', { timeout: 3 * MINUTE }, async () => {
      await using server = await serve(join(folder, 'data'))
      await server.cli('image', 'import', layout, '--as', 'os/tiny')
      const made = await server.cli('machine', 'create', '--mac', '52:54:00:00:00:01', '--name', 'web-01')
      expect(made.code, made.stderr).toBe(0)
      const out = join(folder, 'machine.iso')
      const early = await server.cli('iso', 'build', 'offline', '--machine', 'web-01', '--out', out)
      expect(early).toMatchObject({ code: 1, stderr: expect.stringMatching(/no install that waits.*\n.*assign/) })
      await server.cli('machine', 'assign', 'os/tiny:1', 'web-01', '--hostname', 'web-01')
      const end = await server.cli('iso', 'build', 'offline', '--machine', 'web-01', '--out', out)
      expect(end.code, end.stderr).toBe(0)
      const { entries } = await mediumOf(out)
      expect(entries).toMatchObject([
        { machines: { macs: ['52:54:00:00:00:01'] }, spec: { hostname: 'web-01' }, report: { ca: server.access.ca } },
      ])
      const { report, image } = entries[0]!
      const confirmed = await server.api('POST', '/agent/v1/confirm', {
        headers: { authorization: `Bearer ${report!.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ installId: report!.installId, digest: image.digest }),
      })
      expect(confirmed.status).toBe(204)
      expect((await server.cli('machine', 'show', 'web-01')).stdout).toContain('deployed')

      const token = await server.cli('token', 'create', 'sticks', '--role', 'join', '--output', 'json')
      const secret = join(folder, 'join')
      await writeFile(secret, `${(JSON.parse(token.stdout) as { secret: string }).secret}\n`)
      const fleet = await server.cli('iso', 'build', 'fleet', '--server', '--join-token-file', secret, '--out', out)
      expect(fleet.code, fleet.stderr).toBe(0)
      expect(await mediumOf(out)).toMatchObject({
        entries: [],
        server: { ca: expect.stringMatching(/^[0-9a-f]{64}$/) },
      })
      await rm(out)
    })
  })

  describe('when something is wrong', () => {
    const out = () => join(folder, 'wrong.iso')

    it.each<[string, string[], number, RegExp]>([
      ['neither image nor machine', ['offline'], 2, /--image REFERENCE or --machine/],
      ['no machines and no server', ['fleet'], 2, /--machines FILE, --server/],
      ['a server without token', ['fleet', '--server'], 2, /go together/],
      [
        'a machine with a spec of one’s own',
        ['offline', '--machine', 'm', '--spec', 'x'],
        2,
        /does not go with --spec/,
      ],
      ['no server, where one is needed', ['offline', '--image', 'os/web:1'], 4, /no Landfall server found/],
    ])('says so: %s', async (_, args, code, message) => {
      const env = { HOME: folder, XDG_CACHE_HOME: join(folder, 'cache') }
      const end = await landfall(['iso', 'build', ...args, '--out', out(), '--data-dir', folder], env)
      expect(end.stderr).toMatch(message)
      expect(end.code).toBe(code)
      expect(existsSync(out())).toBe(false)
    })

    it('names images that are not there, and folders that cannot be written', async () => {
      const unknown = await offline(out(), '--image', 'registry.example/os/web:9')
      expect(unknown.stderr).toMatch(/IMAGE_UNKNOWN/)
      const nowhere = await offline(join(folder, 'no/such/folder.iso'))
      expect(nowhere.stderr).toMatch(/OUTPUT_UNWRITABLE/)
    })

    it('leaves nothing behind: a damaged layer', async () => {
      const bad = join(folder, 'bad')
      const { manifest } = await writeTinyImage(bad, { labels: LABELS })
      await corruptFile(blobPath(bad, manifest.layers[0]!.digest))
      const end = await landfall(['iso', 'build', 'offline', '--layout', bad, '--image', IMAGE, '--out', out()])
      expect(end.stderr).toMatch(/IMAGE_UNUSABLE/)
      expect(await leftovers()).toEqual([])
    })

    it('leaves nothing behind: an interrupt; and keeps the file of before', { timeout: 3 * MINUTE }, async () => {
      await writeFile(out(), 'before')
      const args = [COMMAND, 'iso', 'build', 'offline', '--layout', layout, '--image', IMAGE, '--out', out()]
      const child = spawn(process.execPath, args, { stdio: 'ignore' })
      const ended = once(child, 'exit')
      while (!existsSync(`${out()}.tmp`)) await sleep(5)
      child.kill('SIGINT')
      expect((await ended)[0]).not.toBe(0)
      expect(await leftovers()).toEqual(['wrong.iso'])
      expect(await readFile(out(), 'utf8')).toBe('before')
      await rm(out())
    })

    it('refuses to begin on a file system that is too small', async () => {
      const small = join(folder, 'small')
      await run('mkdir', [small])
      await run('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', small])
      try {
        const end = await offline(join(small, 'a.iso'))
        expect(end.stderr).toMatch(/it needs \d+.* MB, .* are free there \(NO_SPACE\)/)
        expect(await readdir(small)).toEqual([])
      } finally {
        await run('umount', [small])
      }
    })

    const leftovers = async () => (await readdir(folder)).filter((name) => name.startsWith('wrong'))
  })
})
