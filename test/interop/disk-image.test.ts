// What `landfall disk-image build` refuses before it starts anything, said by the real command; and that nothing stays of it.

import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTinyImage } from '../images/tiny-image.ts'
import { landfall } from './serve.ts'

const IMAGE = 'registry.example:5000/os/tiny:1'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'disk-image-'))
  await mkdir(join(folder, 'out'))
  await writeTinyImage(join(folder, 'layout'), { tag: '1' })
  await writeFile(join(folder, 'there.qcow2'), 'precious')
  await writeFile(
    join(folder, 'beyond.toml'),
    '[customizations]\niso = { volume_id = "A" }\n[[customizations.filesystem]]\nmountpoint = "/var"\nminsize = "1 GiB"\n',
  )
  await writeFile(join(folder, 'wrong.toml'), '[[customizations.user]]\nname = "ada"\nshel = "x"\n')
  await writeFile(join(folder, 'large.toml'), '[[customizations.filesystem]]\nmountpoint = "/"\nminsize = "50 GiB"\n')
})
afterAll(() => rm(folder, { recursive: true }))

const build = (...args: string[]) => {
  const placed = args.map((arg) => arg.replace('@', `${folder}/`))
  return landfall(['disk-image', 'build', IMAGE, '--layout', join(folder, 'layout'), ...placed])
}

const root = process.getuid?.() === 0

describe('landfall disk-image build', () => {
  it.skipIf(!root)('refuses to begin on a file system that is too small, with the figures (needs root)', async () => {
    const small = join(folder, 'small')
    execFileSync('mkdir', [small])
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', small])
    try {
      const end = await build('--format', 'qcow2', '-f', '@small/a.qcow2')
      expect(end).toMatchObject({ code: 1, stdout: '' })
      expect(end.stderr).toMatch(
        /it needs \d+ MB, .* MB are free there: .* as much for the qcow2 file \(NO_SPACE\)\n.*--file/,
      )
      expect(await readdir(small)).toEqual([])
    } finally {
      execFileSync('umount', [small])
    }
  })

  it.each([
    ['no format', ['-f', '@out/a'], 2, /required option '--format/],
    ['a format that is none', ['--format', 'iso', '-f', '@out/a'], 2, /Allowed choices are raw, qcow2, vmdk, vhd/],
    ['a firmware that is none', ['--format', 'raw', '-f', '@out/a', '--firmware', 'arc'], 2, /both, uefi, bios/],
    [
      'a size that is none',
      ['--format', 'raw', '-f', '@out/a', '--size', 'big'],
      1,
      /"big" is not a size \(SIZE_INVALID\)/,
    ],
    [
      'a small disk',
      ['--format', 'raw', '-f', '@out/a', '--size', '1GiB'],
      1,
      /too small.*SIZE_TOO_SMALL.*\n.*at least 3587MiB/,
    ],
    [
      'a disk smaller than its configuration',
      ['--format', 'raw', '-f', '@out/a', '--size', '20GiB', '-c', '@large.toml'],
      1,
      /SIZE_TOO_SMALL.*\n.*at least 52739MiB/,
    ],
    [
      'to replace a file',
      ['--format', 'qcow2', '-f', '@there.qcow2'],
      1,
      /exists already \(OUTPUT_EXISTS\)\n {2}--force/,
    ],
    ['a folder that is not there', ['--format', 'raw', '-f', '@no/a'], 1, /ENOENT.*OUTPUT_UNWRITABLE/],
    [
      'a misspelled configuration',
      ['--format', 'raw', '-f', '@out/a', '-c', '@wrong.toml'],
      1,
      /customizations\.user\[0\]\.shel: no such key \(UNKNOWN_KEY\)/,
    ],
    ['a configuration that is not there', ['--format', 'raw', '-f', '@out/a', '-c', '@no.toml'], 1, /no\.toml: ENOENT/],
    [
      'what cannot be applied, by name',
      ['--format', 'raw', '-f', '@out/a', '-c', '@beyond.toml'],
      1,
      /customizations\.iso: .*\n {2}customizations\.filesystem\[0\]: .*UNSUPPORTED/,
    ],
    [
      'a name without a registry',
      ['--format', 'raw', '-f', '@out/a', '--follow', 'os/tiny:1'],
      1,
      /the registry is missing.*REFERENCE_INVALID/,
    ],
  ])('refuses %s', async (_, args, code, message) => {
    const before = await readdir(folder, { recursive: true })
    const end = await build(...args)
    expect(end).toMatchObject({ code, stdout: '' })
    expect(end.stderr).toMatch(message)
    expect(await readdir(folder, { recursive: true })).toEqual(before)
  })

  it('refuses a layout without that image, and says which it has', async () => {
    const layout = join(folder, 'layout')
    const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'))
    const name = 'org.opencontainers.image.ref.name'
    index.manifests = ['1', '2'].map((tag) => ({ ...index.manifests[0], annotations: { [name]: tag } }))
    await writeFile(join(layout, 'index.json'), JSON.stringify(index))
    const end = await landfall(['disk-image', 'build', 'r.example/os:9', '--layout', layout, '--format', 'raw'])
    expect(end).toMatchObject({ code: 2, stdout: '' })
    expect(end.stderr).toMatch(/has no image r\.example\/os:9\n {2}it has: 1, 2/)
  })

  it('refuses a folder that is no layout, and to work without any server', async () => {
    const args = ['--format', 'raw', '-f', join(folder, 'out/a')]
    const noLayout = await landfall(['disk-image', 'build', IMAGE, '--layout', folder, ...args])
    expect(noLayout.stderr).toMatch(/index\.json is not the index of an OCI image layout: ENOENT/)
    const home = { HOME: folder }
    const noServer = await landfall(['--data-dir', join(folder, 'none'), 'disk-image', 'build', 'os:1', ...args], home)
    expect(noServer.code).toBe(4)
    expect(noServer.stderr).toMatch(/no Landfall server found/)
  })
})
