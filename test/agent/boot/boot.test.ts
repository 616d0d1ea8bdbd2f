import { describe, expect, it } from 'vitest'
import { isNetworkEntry, parseBootMenu, withNewEntries } from '../../../boot-assets/agent/boot/efi-boot-order.ts'
import { menuConfig, readsEntries, stubConfig } from '../../../boot-assets/agent/boot/grub-config.ts'

// `efibootmgr -v` of version 18 on OVMF, shortened.
const MENU = `BootCurrent: 0003
Timeout: 0 seconds
BootOrder: 0000,0002,0003,0001
Boot0000* BootManagerMenuApp\tFvVol(7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1)/FvFile(eec25bdc-67f2-4d95-b1d5-f81b2039d11d)
      dp: 04 07 14 00
Boot0001* EFI Internal Shell\tFvVol(7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1)/FvFile(7c04a583-9e3e-4f1c-ad65-e05268d0b4d1)
Boot0002* UEFI Misc Device\tPciRoot(0x0)/Pci(0x4,0x0){auto_created_boot_option}
Boot0003* UEFI PXEv4 (MAC:525400123456)\tPciRoot(0x0)/Pci(0x3,0x0)/MAC(525400123456,1)/IPv4(0.0.0.0,0,DHCP,0.0.0.0,0.0.0.0,0.0.0.0){auto_created_boot_option}
`

describe('parseBootMenu', () => {
  const menu = parseBootMenu(MENU)

  it('reads order, current entry, labels and paths', () => {
    expect(menu.current).toBe('0003')
    expect(menu.order).toEqual(['0000', '0002', '0003', '0001'])
    expect(menu.entries.map(({ id, label }) => [id, label])).toEqual([
      ['0000', 'BootManagerMenuApp'],
      ['0001', 'EFI Internal Shell'],
      ['0002', 'UEFI Misc Device'],
      ['0003', 'UEFI PXEv4 (MAC:525400123456)'],
    ])
  })

  it('tells network entries', () => {
    expect(menu.entries.filter(isNetworkEntry).map(({ id }) => id)).toEqual(['0003'])
  })

  it('puts new entries right behind the network entry that booted', () => {
    expect(withNewEntries(menu, ['0004', '0005'])).toEqual(['0000', '0002', '0003', '0004', '0005', '0001'])
  })

  it('puts it first after a boot from a medium, or one the firmware does not name', () => {
    expect(withNewEntries({ ...menu, current: '0002' }, ['0004'])[0]).toBe('0004')
    expect(withNewEntries({ ...menu, current: undefined }, ['0004'])[0]).toBe('0004')
    expect(withNewEntries({ ...menu, order: ['0001'] }, ['0004'])).toEqual(['0004', '0001'])
  })

  it('moves an entry that is in the order already', () => {
    expect(withNewEntries({ ...menu, order: ['0004', '0003', '0001'] }, ['0004'])).toEqual(['0003', '0004', '0001'])
  })

  it('survives machines without entries', () => {
    expect(parseBootMenu('EFI variables are not supported on this system.\n')).toEqual({
      current: undefined,
      order: [],
      entries: [],
    })
  })
})

describe('GRUB configuration', () => {
  it('finds /boot by UUID', () => {
    expect(stubConfig('B', 'grub')).toBe(
      'search --no-floppy --fs-uuid --set=root B\nset prefix=($root)/grub\nconfigfile $prefix/grub.cfg\n',
    )
  })

  it('reads the entries by blscfg, and without it under Secure Boot', () => {
    const menu = menuConfig('B', [])
    expect(menu).toMatch(/^ {2}blscfg$/m)
    expect(menu).toContain('"ostree=/ostree/boot\\.[01]/([^/ ]+)/([0-9a-f]+)/"')
    expect(readsEntries(Buffer.from('...\0regexp\0...'))).toBe(true)
    expect(readsEntries(Buffer.from('...\0blscfg\0...'))).toBe(true)
    expect(readsEntries(Buffer.from('...\0linux\0...'))).toBe(false)
  })

  it('sets up the serial line the spec names', () => {
    expect(menuConfig('B', ['tty0', 'ttyS1,9600n8'])).toContain('serial --unit=1 --speed=9600;')
    expect(menuConfig('B', ['tty0'])).not.toContain('serial')
  })
})
