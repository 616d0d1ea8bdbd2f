import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { installBootFiles } from '../../boot-assets/install.ts'

let folder: string
let boot: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'install-'))
  boot = join(folder, 'boot')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Built assets with this content in every file. */
function assets(name: string, loaders: readonly string[]) {
  const dir = join(folder, name)
  mkdirSync(join(dir, 'loaders'), { recursive: true })
  const file = (path: string): string => {
    writeFileSync(join(dir, path), name)
    return join(dir, path)
  }
  for (const loader of [...loaders, 'manifest.json']) file(`loaders/${loader}`)
  const installer = { vmlinuz: file('vmlinuz'), initrd: file('initrd.img'), version: name, bytes: 0 }
  return { installer, loaders: join(dir, 'loaders') }
}

function files(): string[] {
  return readdirSync(boot, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(boot, path)).isFile())
    .sort()
}

describe('boot files', () => {
  it('lie under the names machines ask for', async () => {
    await installBootFiles(assets('one', ['snponly.efi']), boot)
    expect(files()).toEqual(['installer/initrd.img', 'installer/vmlinuz', 'loaders/snponly.efi'])
  })

  it('for another processor lie in a folder of its name', async () => {
    const built = assets('one', [])
    await installBootFiles({ ...built, arm64: built.installer }, boot)
    expect(files()).toEqual([
      'installer/arm64/initrd.img',
      'installer/arm64/vmlinuz',
      'installer/initrd.img',
      'installer/vmlinuz',
    ])
  })

  it('stay when the cache they come from is gone', async () => {
    await installBootFiles(assets('one', []), boot)
    rmSync(join(folder, 'one'), { recursive: true })
    expect(readFileSync(join(boot, 'installer/vmlinuz'), 'utf8')).toBe('one')
  })

  it('are left alone when they are the same, and replaced as a whole when not', async () => {
    const first = assets('one', ['old.efi'])
    await installBootFiles(first, boot)
    const { ino } = statSync(boot)
    await installBootFiles(first, boot)
    expect(statSync(boot).ino).toBe(ino)

    await installBootFiles(assets('other', ['new.efi']), boot)
    expect(files()).toEqual(['installer/initrd.img', 'installer/vmlinuz', 'loaders/new.efi'])
    expect(readFileSync(join(boot, 'installer/vmlinuz'), 'utf8')).toBe('other')
    expect(readdirSync(folder).filter((name) => name.startsWith('boot'))).toEqual(['boot'])
  })

  it('survive what a crash left behind', async () => {
    mkdirSync(join(folder, 'boot.new/junk'), { recursive: true })
    mkdirSync(join(folder, 'boot.old/junk'), { recursive: true })
    await installBootFiles(assets('one', []), boot)
    expect(files()).toEqual(['installer/initrd.img', 'installer/vmlinuz'])
  })

  it('are copied for an owner who cannot reach the cache', async () => {
    const built = assets('one', ['a.efi'])
    const hidden = join(folder, 'hidden')
    await installBootFiles(built, boot, async (work) => {
      renameSync(join(folder, 'one'), hidden)
      await work()
    })
    expect(readFileSync(join(boot, 'loaders/a.efi'), 'utf8')).toBe('one')
    expect(statSync(join(boot, 'loaders/a.efi')).nlink).toBe(1)
  })
})
