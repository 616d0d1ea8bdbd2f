// A distribution's ISO with a kickstart inside, seen by tools that did not make it.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkKickstart } from '../../server/kickstart/check.ts'
import { parseKickstart } from '../../server/kickstart/parse.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { writeBootIso } from '../media/synthetic-boot-iso.ts'
import { landfall } from './serve.ts'

const run = promisify(execFile)
const LABEL = 'Fedora-E-dvd-x86_64-44'
const IMAGE = 'registry.example/landfall/tiny:1'
const blocked = process.getuid?.() === 0 ? undefined : 'boot loaders are built from Debian packages, as root'

let folder: string
let layout: string
let source: string
let sourceDigest: string
let spec: string
let out: string
let digest: string

const build = (file: string, ...more: string[]) =>
  landfall([
    'iso',
    'build',
    'anaconda',
    '--iso',
    source,
    '--layout',
    layout,
    '--image',
    IMAGE,
    '--spec',
    spec,
    '--out',
    file,
    ...more,
  ])

async function extract(iso: string, path: string): Promise<Buffer> {
  const target = join(folder, 'extracted')
  await rm(target, { recursive: true, force: true })
  await run('xorriso', ['-osirrox', 'on', '-indev', iso, '-extract', `/${path}`, target])
  return readFile(target)
}

const sha256 = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

describe.skipIf(blocked !== undefined)(
  `a distribution's ISO with a kickstart${blocked ? ` (skipped: ${blocked})` : ''}`,
  () => {
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'landfall-anaconda-iso-'))
      layout = join(folder, 'layout')
      digest = (
        await writeTinyImage(layout, {
          repository: 'registry.example/landfall/tiny',
          labels: { 'containers.bootc': '1' },
        })
      ).descriptor.digest
      source = join(folder, 'fedora.iso')
      await writeBootIso(source, { product: 'Fedora', version: '44' })
      sourceDigest = await sha256(source)
      spec = join(folder, 'spec.json')
      await writeFile(
        spec,
        JSON.stringify({ hostname: 'web-01', rootPassword: '$6$salt$hash', disks: { disk: { serial: 'SYS-1' } } }),
      )
      out = join(folder, 'out.iso')
      const made = await build(out, '--output', 'json')
      expect(made.code, made.stderr).toBe(0)
      expect(JSON.parse(made.stdout)).toMatchObject({ file: out, label: LABEL, installer: 'Fedora 44', digest })
    }, 300_000)

    afterAll(() => rm(folder, { recursive: true, force: true }))

    it('leaves the original alone, and all of it that is signed as it was (statement 48)', async () => {
      expect(await sha256(source)).toBe(sourceDigest)
      for (const path of [
        'images/pxeboot/vmlinuz',
        'images/pxeboot/initrd.img',
        'images/install.img',
        'EFI/BOOT/BOOTX64.EFI',
        'EFI/BOOT/grubx64.efi',
      ]) {
        expect((await extract(out, path)).equals(await extract(source, path)), path).toBe(true)
      }
    })

    it('starts it from every menu, also the one inside the EFI partition (statements 41, 42, 47)', async () => {
      const menu = (await extract(out, 'EFI/BOOT/grub.cfg')).toString()
      expect(menu).toMatch(/^set default="0"\nset timeout=10\n/)
      expect(menu).toContain(`menuentry 'Install ${IMAGE}, wiping the disk with serial SYS-1'`)
      expect(menu).toContain(
        `inst.stage2=hd:LABEL=${LABEL} inst.ks=hd:LABEL=${LABEL}:/landfall.ks inst.cmdline inst.nosave=all_ks`,
      )
      expect((await extract(out, 'boot/grub2/grub.cfg')).toString()).toBe(menu)
      const esp = join(folder, 'esp.img')
      await writeFile(esp, await extract(out, 'images/efiboot.img'))
      expect((await run('mtype', ['-i', esp, '::/EFI/BOOT/grub.cfg'])).stdout).toBe(menu)
      // The partition that a stick is started from, not the copy in the tree.
      const { stdout } = await run('xorriso', ['-indev', out, '-report_system_area', 'plain'])
      const [, start, blocks] = /^GPT start and size : +2 +(\d+) +(\d+)/m.exec(stdout)!
      const partition = (await readFile(out)).subarray(Number(start) * 512, (Number(start) + Number(blocks)) * 512)
      await writeFile(esp, partition)
      expect((await run('mtype', ['-i', esp, '::/EFI/BOOT/grub.cfg'])).stdout).toBe(menu)
    })

    it('is one that firmware starts from CD and stick, with a right checksum (statements 44 to 46)', async () => {
      const { stdout: torito } = await run('xorriso', ['-indev', out, '-report_el_torito', 'plain'])
      expect(torito).toMatch(/^El Torito boot img : +1 +BIOS/m)
      expect(torito).toMatch(/^El Torito boot img : +2 +UEFI/m)
      const { stdout: area } = await run('xorriso', ['-indev', out, '-report_system_area', 'plain'])
      expect(area).toMatch(/^System area summary: .*GPT/m)
      expect((await run('checkisomd5', [out])).stderr).toMatch(/PASS/)
      const theirs = join(folder, 'theirs.iso')
      await copyFile(out, theirs)
      await run('implantisomd5', ['--force', theirs])
      expect(await sha256(theirs)).toBe(await sha256(out))
    })

    it('holds the kickstart, sound and with everything in it (statement 43)', async () => {
      const text = (await extract(out, 'landfall.ks')).toString()
      const parsed = parseKickstart(text)
      const names = parsed.includes.map(({ path }) => path)
      expect(names).toEqual(['/tmp/landfall-storage.ks', '/tmp/landfall-accounts.ks'])
      expect(text).toContain('ostreecontainer --url=/run/install/repo/container --transport=oci ')
      expect(text).toContain(`bootc switch --mutate-in-place --transport registry '${IMAGE}'`)
      expect(text).toContain('reboot --eject')
      const storage = /landfall_write '\/tmp\/landfall-storage.ks' 600 (\S+)/.exec(text)![1]!
      const accounts = /landfall_write '\/tmp\/landfall-accounts.ks' 600 (\S+)/.exec(text)![1]!
      const includes = Object.fromEntries([
        [names[0]!, decode(storage)],
        [names[1]!, decode(accounts)],
      ])
      expect(checkKickstart(text, { release: 'F44', includes })).toEqual([])
      expect(decode(accounts)).toContain('$6$salt$hash')
    })

    it('holds the image as an OCI layout that skopeo accepts (statement 49)', async () => {
      const container = join(folder, 'container')
      await run('xorriso', ['-osirrox', 'on', '-indev', out, '-extract', '/container', container])
      const { stdout } = await run('skopeo', ['inspect', '--raw', `oci:${container}`])
      expect(`sha256:${createHash('sha256').update(stdout).digest('hex')}`).toBe(digest)
      await run('skopeo', ['copy', '--quiet', `oci:${container}`, `oci:${join(folder, 'copied')}:x`])
    })

    it('has the same bytes when made again, and is smaller when machines pull the image', async () => {
      const again = join(folder, 'again.iso')
      expect((await build(again)).code).toBe(0)
      expect(await sha256(again)).toBe(await sha256(out))
      const pulling = join(folder, 'pulling.iso')
      expect((await build(pulling, '--pull', '--confirm')).code).toBe(0)
      expect((await stat(pulling)).size).toBeLessThanOrEqual((await stat(out)).size)
      expect((await extract(pulling, 'landfall.ks')).toString()).toContain(
        `ostreecontainer --url=${IMAGE} --transport=registry`,
      )
      expect((await extract(pulling, 'EFI/BOOT/grub.cfg')).toString()).toContain('set timeout=-1\n')
    })

    it('is not made of what cannot become one, and nothing is left', async () => {
      const bad = join(folder, 'bad.iso')
      await writeFile(bad, Buffer.alloc(100_000))
      const refused = await landfall([
        'iso',
        'build',
        'anaconda',
        '--iso',
        bad,
        '--layout',
        layout,
        '--image',
        IMAGE,
        '--out',
        join(folder, 'x.iso'),
      ])
      expect(refused.code).not.toBe(0)
      expect(refused.stderr).toMatch(/bad\.iso: .*no ISO 9660 volume/)
      await writeFile(spec, JSON.stringify({ disks: { scheme: 'raid1' } }))
      const wrong = await build(join(folder, 'x.iso'))
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/raid1 and disks\.mirror belong together/)])
      await expect(stat(join(folder, 'x.iso'))).rejects.toMatchObject({ code: 'ENOENT' })
      await expect(stat(join(folder, 'x.iso.tmp'))).rejects.toMatchObject({ code: 'ENOENT' })
    })
  },
)

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString()
}
