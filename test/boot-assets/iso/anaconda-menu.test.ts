import { describe, expect, it } from 'vitest'
import { unattendedGrubMenu, unattendedIsolinuxMenu } from '../../../boot-assets/iso/anaconda-menu.ts'

const ENTRY = {
  title: "Install Ada's web server, wiping the disk with serial S1",
  arguments: ['inst.ks=hd:LABEL=Fedora-44:/landfall.ks', 'inst.cmdline'],
  seconds: 10,
}

const GRUB = `set default="1"

function load_video {
  true
}
set timeout=60
search --no-floppy --set=root -l 'Fedora-44'

menuentry 'Install Fedora 44' --class fedora {
\tlinux /images/pxeboot/vmlinuz inst.stage2=hd:LABEL=Fedora-44 quiet inst.ks.sendmac
\tinitrd /images/pxeboot/initrd.img
}
menuentry 'Test this media & install Fedora 44' --class fedora {
\tlinux /images/pxeboot/vmlinuz inst.stage2=hd:LABEL=Fedora-44 rd.live.check quiet
\tinitrd /images/pxeboot/initrd.img
}
`

const ISOLINUX = `default vesamenu.c32
timeout 600
menu title Red Hat Enterprise Linux 9

label linux
  menu label ^Install Red Hat Enterprise Linux 9
  kernel vmlinuz
  append initrd=initrd.img inst.stage2=hd:LABEL=RHEL-9 quiet

label check
  menu label Test this ^media & install
  menu default
  kernel vmlinuz
  append initrd=initrd.img inst.stage2=hd:LABEL=RHEL-9 rd.live.check quiet
`

describe('a GRUB menu', () => {
  it('starts with the entry, after ten seconds (statement 47)', () => {
    const menu = unattendedGrubMenu(GRUB, ENTRY)!
    expect(menu.startsWith('set default="0"\nset timeout=10\n')).toBe(true)
    expect(menu.match(/set (default|timeout)=/g)).toHaveLength(2)
    const entries = [...menu.matchAll(/^menuentry (.*) --class \S+ \{\n\t(.*)\n\t(.*)\n\}$/gm)].map((match) =>
      match.slice(1),
    )
    expect(entries[0]).toEqual([
      "'Install Ada'\\''s web server, wiping the disk with serial S1'",
      'linux /images/pxeboot/vmlinuz inst.stage2=hd:LABEL=Fedora-44 inst.ks=hd:LABEL=Fedora-44:/landfall.ks inst.cmdline',
      'initrd /images/pxeboot/initrd.img',
    ])
    expect(entries).toHaveLength(3)
    expect(menu).toContain('rd.live.check quiet')
  })

  it('waits for a person when told to', () => {
    expect(unattendedGrubMenu(GRUB, { ...ENTRY, seconds: undefined })).toContain('set timeout=-1\n')
  })

  it('keeps the command words of older releases', () => {
    const older = GRUB.replaceAll('\tlinux ', '\tlinuxefi ').replaceAll('\tinitrd ', '\tinitrdefi ')
    expect(unattendedGrubMenu(older, ENTRY)).toMatch(/\tlinuxefi \/images\S+ inst\.stage2=\S+ inst\.ks=/)
  })

  it.each(['', 'set timeout=5\n', "menuentry 'x' {\n exit\n}\n"])('that starts no kernel is none: %j', (menu) => {
    expect(unattendedGrubMenu(menu, ENTRY)).toBeUndefined()
  })
})

describe('an ISOLINUX menu', () => {
  it('starts with the entry, after ten seconds', () => {
    const menu = unattendedIsolinuxMenu(ISOLINUX, ENTRY)!
    expect(menu.startsWith('timeout 100\ndefault vesamenu.c32\n')).toBe(true)
    expect(menu.match(/menu default/g)).toHaveLength(1)
    expect(menu).toMatch(
      /label landfall\n {2}menu label Install Ada's [^\n]*\n {2}menu default\n {2}kernel vmlinuz\n {2}append initrd=initrd\.img inst\.stage2=hd:LABEL=RHEL-9 inst\.ks=\S+ inst\.cmdline\n/,
    )
    expect(menu.indexOf('label landfall')).toBeLessThan(menu.indexOf('label linux'))
  })

  it('waits for a person when told to', () => {
    expect(unattendedIsolinuxMenu(ISOLINUX, { ...ENTRY, seconds: undefined })).toMatch(/^timeout 0\n/)
  })

  it('without an entry is none', () => {
    expect(unattendedIsolinuxMenu('default x\n', ENTRY)).toBeUndefined()
  })
})
