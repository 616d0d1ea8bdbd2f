import { describe, expect, it } from 'vitest'
import { MediaError } from '../../../server/media/errors.ts'
import { bytesOf, requireInstaller, requireSafe, wantedOf } from '../../../server/media/iso-tree.ts'
import type { IsoEntry } from '../../../server/media/iso-tree.ts'

const file = (path: string, size = 1): IsoEntry => ({ path, type: 'file', size })
const folder = (path: string): IsoEntry => ({ path, type: 'directory', size: 0 })

describe('of the root', () => {
  it('the installer is wanted, packages are not', () => {
    const root = [...['images', 'EFI', 'boot', 'AppStream', 'BaseOS'].map(folder), file('.treeinfo'), file('EULA')]
    expect(wantedOf(root)).toEqual(['.treeinfo', 'images', 'EFI', 'boot'])
  })
})

describe('an installer', () => {
  it('has a second stage, whatever else there is', () => {
    expect(() => requireInstaller([folder('images')], [file('images/install.img')])).not.toThrow()
    expect(() => requireInstaller([folder('images'), folder('LiveOS')], [file('images/install.img')])).not.toThrow()
  })

  it.each([
    ['a live system', [folder('LiveOS'), folder('EFI'), folder('boot')], /live system/],
    ['a live system that can be netbooted', [folder('LiveOS'), folder('images')], /live system/],
    ['something else', [folder('pool'), folder('dists')], /no folder images/],
    ['nothing', [], /no folder images/],
  ])('is not %s', (_, root, reason) => {
    const work = () => requireInstaller(root, [file('images/pxeboot/vmlinuz')])
    expect(work).toThrowWithCode(MediaError, 'MEDIA_UNSUPPORTED')
    expect(work).toThrow(reason)
  })
})

describe('a tree', () => {
  it('of files and folders passes', () => {
    const names = [
      'images/install.img',
      'EFI/BOOT/fonts/unicode.pf2',
      'boot/grub2/i386-pc/gcry_sha256.mod',
      '.treeinfo',
    ]
    const entries = [folder('images'), ...names.map((name) => file(name))]
    expect(() => requireSafe(entries, 1000)).not.toThrow()
    expect(bytesOf(entries)).toBe(4)
  })

  it.each([
    ['a link', { path: 'images/evil', type: 'other', size: 0 }],
    ['a way out', file('images/../../etc/passwd')],
    ['an absolute path', file('/etc/passwd')],
    ['a dot', file('images/./x')],
    ['nothing for a name', file('images//x')],
    ['a control character', file('images/a\nb')],
    ['a blank', file('images/a b')],
    ['an option', file('images/-rf')],
    ['a null byte', file('images/a\0b')],
  ] satisfies [string, IsoEntry][])('with %s is refused', (_, entry) => {
    expect(() => requireSafe([entry], 1000)).toThrowWithCode(MediaError, 'MEDIA_INVALID')
  })

  it('of more bytes than its ISO can hold, or of endless entries, is refused', () => {
    expect(() => requireSafe([file('a', 1500), file('b', 501)], 1000)).toThrowWithCode(MediaError, 'MEDIA_INVALID')
    const many = Array.from({ length: 10_001 }, (_, at) => file(`f${at}`))
    expect(() => requireSafe(many, 1e9)).toThrowWithCode(MediaError, 'MEDIA_INVALID')
  })
})
