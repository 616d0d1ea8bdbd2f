import { describe, expect, it } from 'vitest'
import { formatTreeInfo, parseDiscInfo, parseTreeInfo } from '../../../server/media/tree-info.ts'

/** In the form that productmd 1.x writes, as on AlmaLinux's and RHEL's DVDs. */
const PRODUCTMD = `[checksums]
images/efiboot.img = sha256:${'a'.repeat(64)}
images/pxeboot/vmlinuz = sha256:${'B'.repeat(64)}
images/old.img = md5:${'c'.repeat(32)}

[general]
; WARNING.0 = This section provides compatibility with pre-productmd treeinfos.
arch = x86_64
family = AlmaLinux
name = AlmaLinux 9
variant = AppStream
version = 9.4

[header]
type = productmd.treeinfo
version = 1.2

[images-x86_64]
efiboot.img = images/efiboot.img
initrd = images/pxeboot/initrd.img
kernel = images/pxeboot/vmlinuz

[images-xen]
initrd = images/xen/initrd.img
kernel = images/xen/vmlinuz

[stage2]
mainimage = images/install.img
`

describe('.treeinfo', () => {
  it('is read as productmd writes it', () => {
    const { checksums, ...info } = parseTreeInfo(PRODUCTMD)
    expect(info).toEqual({
      family: 'AlmaLinux',
      version: '9.4',
      arch: 'x86_64',
      stage2: 'images/install.img',
      kernel: 'images/pxeboot/vmlinuz',
      initrd: 'images/pxeboot/initrd.img',
    })
    expect([...checksums]).toEqual([
      ['images/efiboot.img', 'a'.repeat(64)],
      ['images/pxeboot/vmlinuz', 'b'.repeat(64)],
    ])
  })

  it('is read without the section for old readers', () => {
    const text = '[release]\nname = Fedora\nversion = 43\n[tree]\narch = aarch64\n[images-aarch64]\nkernel = k\n'
    expect(parseTreeInfo(text)).toMatchObject({ family: 'Fedora', version: '43', arch: 'aarch64', kernel: 'k' })
  })

  it('is taken for what it is: nothing is required', () => {
    for (const text of ['', '\0\0', '[[[\n]]]', 'a = b', '[general]\nversion =\n', '= = =\n[x]\n= y']) {
      expect(parseTreeInfo(text), text).toEqual({ checksums: new Map() })
    }
  })

  it('written is what is read', () => {
    const info = {
      family: 'CentOS Stream',
      version: '10',
      arch: 'aarch64',
      stage2: 'images/install.img',
      kernel: 'images/pxeboot/vmlinuz',
      initrd: 'images/pxeboot/initrd.img',
    }
    expect(parseTreeInfo(formatTreeInfo(info))).toEqual({ ...info, checksums: new Map() })
  })
})

describe('.discinfo', () => {
  it('has timestamp, release and architecture', () => {
    expect(parseDiscInfo('1700000000.123456\nFedora 43\nx86_64\n')).toEqual({ release: 'Fedora 43', arch: 'x86_64' })
  })

  it.each(['', 'x\ny\nz', '1700000000\n\nx86_64', '1700000000\nFedora 43'])('is not %j', (text) => {
    expect(parseDiscInfo(text)).toBeUndefined()
  })
})
